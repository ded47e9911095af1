"""Whether anything was printed behind the last sentinels, by whatever way.

A platform that allows it is spared the sentinels of a run that printed nothing: on their way to it they cost more than the
run. What Python code prints passes the two streams' files (miniwhisk_server.py) or `os.write`; of everything else that could print,
the interpreter's audit events tell.
"""
import os
import sys

# Programs and libraries that print by themselves, once they run.
PAST_US = frozenset(("subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn",
                     "os.startfile", "pty.spawn", "ctypes.dlopen"))
# Modules that start programs without an event.
STARTERS = frozenset(("multiprocessing.popen_spawn_posix", "multiprocessing.popen_forkserver"))
OTHER_NAMES = ("/dev/", "/proc/")
STANDARD_LIBRARY = os.path.dirname(os.__file__)

printed = False
# Nobody can say any more that nothing was printed. Python before 3.8 has no audit events.
unknown = not hasattr(sys, "addaudithook")


def silent():
    return not printed and not unknown


def audit(event, arguments):
    global unknown
    if event in PAST_US:
        unknown = True
    elif event == "open":
        path = arguments[0]
        if path == 1 or path == 2 or isinstance(path, str) and path.startswith(OTHER_NAMES):
            unknown = True
    elif event == "import":
        name, file = arguments[0], arguments[1]
        if name in STARTERS or file is not None and not ours(file):
            unknown = True


def ours(file):
    """Whether a native module came with Python."""
    return str(file).startswith(STANDARD_LIBRARY) and "-packages" not in str(file)


def watched(function):
    def replacement(fd, *rest):
        global printed
        if fd == 1 or fd == 2:
            printed = True
        return function(fd, *rest)

    replacement.__name__, replacement.__doc__ = function.__name__, function.__doc__
    return replacement


def watch():
    """Called once, before any of the user's code."""
    for name in ("write", "writev"):
        if hasattr(os, name):
            setattr(os, name, watched(getattr(os, name)))
    if not unknown:
        sys.addaudithook(audit)
