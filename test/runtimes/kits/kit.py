# One action for most cases: what it does is told by its argument.
import os
import sys

at_load = os.environ.get("LOAD_VAR")
count = 0


def log(args):
    if "out" in args:
        print(args["out"])
    if "err" in args:
        print(args["err"], file=sys.stderr)
    return {}


def raw(args):
    sys.stdout.write(args["out"])
    sys.stderr.write(args["out"])
    return {}


def lines(args):
    for i in range(args["count"]):
        print("line %d" % i)
    return {}


def fail(args):
    raise Exception(args["text"])


def counted(args):
    global count
    count += 1
    return {"count": count}


async def later(args):
    import asyncio
    await asyncio.sleep(0)
    return {"later": True}


def loop(args):
    while True:
        pass


operations = {
    "echo": lambda args: {"value": args.get("value")},
    "log": log,
    "raw": raw,
    "lines": lines,
    "env": lambda args: {"env": {name: os.environ.get(name) for name in args["names"]}, "atLoad": at_load},
    "own": lambda args: {"names": [name for name in os.environ if name.startswith("MINIWHISK")]},
    "fail": fail,
    "apperror": lambda args: {"error": args["text"]},
    "number": lambda args: 5,
    "null": lambda args: None,
    "list": lambda args: [1, "two", {"three": 3}],
    "nothing": lambda args: {},
    "big": lambda args: {"text": "x" * args["size"]},
    "count": counted,
    "later": later,
    "exit": lambda args: sys.exit(3),
    "loop": loop,
}


def main(args):
    return args[::-1] if isinstance(args, list) else operations[args["op"]](args)


def niam(args):
    return {"entry": "niam"}
