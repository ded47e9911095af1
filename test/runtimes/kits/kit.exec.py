#!/usr/bin/env python3
# One action for most cases: what it does is told by its argument. Started anew for every run.
import json
import os
import sys

sys.stdout.reconfigure(encoding="utf-8")
sys.stderr.reconfigure(encoding="utf-8")
args = json.loads(sys.argv[1] if len(sys.argv) > 1 else sys.stdin.readline())
result = {}
if isinstance(args, list):
    result = args[::-1]
else:
    op = args.get("op")
    if op == "echo":
        result = {"value": args.get("value")}
    elif op == "log":
        if "out" in args:
            print(args["out"])
        if "err" in args:
            print(args["err"], file=sys.stderr)
    elif op == "lines":
        for i in range(args["count"]):
            print("line %d" % i)
    elif op == "env":
        result = {"env": {name: os.environ.get(name) for name in args["names"]}, "atLoad": os.environ.get("LOAD_VAR")}
    elif op == "own":
        result = {"names": [name for name in os.environ if name.startswith("MINIWHISK")]}
    elif op == "fail":
        raise Exception(args["text"])
    elif op == "apperror":
        result = {"error": args["text"]}
    elif op == "number":
        result = 5
    elif op == "null":
        result = None
    elif op == "list":
        result = [1, "two", {"three": 3}]
    elif op == "big":
        result = {"text": "x" * args["size"]}
    elif op == "exit":
        sys.exit(3)
    elif op == "loop":
        while True:
            pass
print(json.dumps(result, ensure_ascii=False))
