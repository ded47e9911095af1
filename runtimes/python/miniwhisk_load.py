"""Turns an /init message's code into the function to call. Imported at the first /init, or when something went wrong."""
import os
import sys

# What an archive may unpack to: bytes in all files together, and files and folders.
MAX_BYTES = 512 * 1024 * 1024
MAX_ENTRIES = 100000

FOLDER = None
SOURCE = None


class CannotLoad(Exception):
    """A sentence for the user. `before_start`: there is nothing that could be started."""

    def __init__(self, text, before_start=True):
        super().__init__(text)
        self.before_start = before_start


def load(code, entry, binary):
    """Returns the entry point. Raises CannotLoad, or whatever the user's code raised."""
    if binary:
        return load_archive(code, entry)
    module = make_module(code, "main__.py")
    return entry_point(module, entry.split("."), entry)


def make_module(code, filename):
    """Runs source text as the module main__, under which OpenWhisk's launcher imports it."""
    global SOURCE
    SOURCE = (filename, code)
    module = type(sys)("main__")
    module.__file__ = filename
    sys.modules["main__"] = module
    exec(compile(code, filename, "exec", dont_inherit=True), module.__dict__)
    return module


def entry_point(module, names, entry):
    found = module
    for name in names:
        found = getattr(found, name, None)
    if not callable(found):
        raise CannotLoad("Action entrypoint '%s' is not a function." % entry, before_start=False)
    return found


def load_archive(code, entry):
    import atexit
    import base64
    import tempfile
    global FOLDER
    try:
        data = base64.b64decode(code)
    except ValueError as error:
        raise CannotLoad("cannot decode the request: %s" % error)
    remove_folder()
    if data[:2] not in (b"PK", b"\x1f\x8b"):
        # Source text that happens to be encoded.
        return entry_point(make_module(data, "main__.py"), entry.split("."), entry)
    FOLDER = os.path.realpath(tempfile.mkdtemp(prefix="action-"))
    atexit.register(remove_folder)
    unpack(data, FOLDER)
    os.chdir(FOLDER)
    activate_virtualenv()
    sys.path.insert(0, FOLDER)
    names = entry.split(".")
    if len(names) > 1 and os.path.exists(os.path.join(FOLDER, names[0] + ".py")):
        import importlib
        return entry_point(importlib.import_module(names[0]), names[1:], entry)
    path = next((p for p in ("__main__.py", "exec") if os.path.exists(p)), None)
    if path is None:
        raise CannotLoad("Zip file does not include __main__.py.")
    path = os.path.join(FOLDER, path)
    with open(path, "rb") as file:
        return entry_point(make_module(file.read(), path), names, entry)


def activate_virtualenv():
    if not os.path.isdir("virtualenv"):
        if os.path.exists("requirements.txt"):
            install_requirements()
        return
    for scripts in ("bin", "Scripts"):
        activate = os.path.abspath(os.path.join("virtualenv", scripts, "activate_this.py"))
        if os.path.exists(activate):
            with open(activate) as file:
                exec(compile(file.read(), activate, "exec"), {"__file__": activate, "__name__": "activate_this"})
            return
    raise CannotLoad("Invalid virtualenv. Zip file does not include 'activate_this.py'.")


def install_requirements():
    """A requirements.txt without a virtualenv is installed now; its packages come first on the path."""
    import subprocess
    target = os.path.abspath("virtualenv")
    done = subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                           "--target", target, "-r", "requirements.txt"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise CannotLoad("The packages of requirements.txt could not be installed.\n"
                         + done.stdout.decode("utf-8", "replace"))
    sys.path.insert(0, target)


def remove_folder():
    global FOLDER
    if FOLDER:
        import shutil
        folder, FOLDER = FOLDER, None
        try:
            os.chdir(os.path.dirname(folder))
        except OSError:
            pass
        shutil.rmtree(folder, ignore_errors=True)


def print_error(error):
    """The traceback without the proxy's own frames, and with the lines of code that was never a file."""
    import linecache
    import traceback
    if SOURCE and not os.path.isabs(SOURCE[0]):
        text = SOURCE[1] if isinstance(SOURCE[1], str) else SOURCE[1].decode("utf-8", "replace")
        linecache.cache[SOURCE[0]] = (len(text), None, text.splitlines(True), SOURCE[0])
    trace = error.__traceback__
    own = os.path.dirname(os.path.abspath(__file__))
    while trace and os.path.dirname(os.path.abspath(trace.tb_frame.f_code.co_filename)) == own \
            and os.path.basename(trace.tb_frame.f_code.co_filename) in ("proxy.py", "miniwhisk_server.py", "miniwhisk_load.py"):
        trace = trace.tb_next
    traceback.print_exception(type(error), error, trace)


def bad(reason):
    return CannotLoad("There was an error uncompressing the action archive. " + reason)


def safe_path(folder, name):
    """The path that an entry means. Windows' separators count on every system."""
    parts = name.replace("\\", "/").split("/")
    if "\0" in name or name.startswith(("/", "\\")) or name[1:2] == ":" or ".." in parts:
        raise bad("It holds a path that leaves the action's folder: %r." % name)
    return os.path.join(folder, *[part for part in parts if part not in ("", ".")])


class Writer:
    """Counts what is written below a folder, before it is written."""

    def __init__(self, folder):
        self.folder = folder
        self.entries = 0
        self.bytes = 0

    def count(self, size):
        self.entries += 1
        self.bytes += size
        if self.entries > MAX_ENTRIES:
            raise bad("It holds more than %d files." % MAX_ENTRIES)
        if self.bytes > MAX_BYTES:
            raise bad("It unpacks to more than %d bytes." % MAX_BYTES)

    def directory(self, name):
        self.count(0)
        os.makedirs(safe_path(self.folder, name), exist_ok=True)

    def file(self, name, size, mode, source):
        path = safe_path(self.folder, name)
        self.count(size)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        left = size
        with source() as data, open(path, "wb") as out:
            while True:
                block = data.read(1 << 20)
                if not block:
                    break
                left -= len(block)
                if left < 0:
                    raise bad("%r is larger than it declares." % name)
                out.write(block)
        if mode & 0o111:
            os.chmod(path, (mode & 0o777) | 0o600)


def refuse_type(name, link):
    raise bad("%r is %s, which is not allowed." % (name, "a symbolic link" if link else "neither a file nor a folder"))


def unpack(data, folder):
    """Unpacks a zip or tar.gz archive into an empty folder, trusting nothing it says."""
    import io
    import zlib
    out = Writer(folder)
    if data[:2] == b"PK":
        import zipfile
        try:
            unpack_zip(zipfile.ZipFile(io.BytesIO(data)), out)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise bad("The zip file is damaged: %s" % error)
    else:
        import tarfile
        try:
            with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
                unpack_tar(archive, out)
        except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
            raise bad("The tar.gz file is damaged: %s" % error)


def unpack_zip(archive, out):
    import stat
    for info in archive.infolist():
        mode = info.external_attr >> 16
        kind = stat.S_IFMT(mode)
        if info.filename.endswith(("/", "\\")) or kind == stat.S_IFDIR:
            out.directory(info.filename)
        elif kind in (0, stat.S_IFREG):
            out.file(info.filename, info.file_size, mode, lambda: archive.open(info))
        else:
            refuse_type(info.filename, kind == stat.S_IFLNK)


def unpack_tar(archive, out):
    for info in archive:
        if info.isdir():
            out.directory(info.name)
        elif info.isreg():
            out.file(info.name, info.size, info.mode, lambda: archive.extractfile(info))
        else:
            refuse_type(info.name, info.issym() or info.islnk())
