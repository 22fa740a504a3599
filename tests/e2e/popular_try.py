"""Runs on the throw-away host: `portero try` for each command, read as JSON lines; its last line, as JSON lines."""

import json
import shlex
import sys

from click.testing import CliRunner

from portero.tools.cli import main

_MARK = "this command is allowed:"

for line in sys.stdin:
    words = shlex.split(json.loads(line))
    result = CliRunner().invoke(main, ["try", "--profile", "hardened", "--host-root", "/", "--", *words])
    said = result.output.splitlines()
    print(json.dumps(said[-1] if said[-2:-1] == [_MARK] else ""), flush=True)
