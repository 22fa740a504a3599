"""portero's own commands as processes, and requests for the one that serves."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.serve.server.running import ROOT, Server


def command(*arguments: str) -> list[str]:
    return ["-m", "portero", *arguments]


def serve(folder: Path, *options: str) -> list[str]:
    log = ("--log", str(folder / "decisions.jsonl"), "--state", str(folder / "state" / "signed-versions.json"))
    return command("serve", "--socket", str(folder / "portero.sock"), "--host-root", "none", *log, *options)


def serve_patched(patch: str, folder: Path, *options: str) -> list[str]:
    """The same with a piece of code that is run first."""
    code = f"import sys\n{patch}\nfrom portero.tools.cli import main\nmain(sys.argv[3:])\n"
    return ["-c", code, *serve(folder, *options)]


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return run_python(*command(*arguments), **environ)


def run_python(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "plugin"), **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def create(**host_config: object) -> bytes:
    body = json.dumps({"Image": "busybox", "HostConfig": host_config}).encode()
    envelope = {
        "RequestMethod": "POST",
        "RequestUri": "/v1.45/containers/create",
        "RequestHeaders": {"Content-Type": "application/json", "Content-Length": str(len(body))},
        "RequestBody": base64.b64encode(body).decode(),
    }
    return json.dumps(envelope).encode()


def ask(server: Server, data: bytes) -> Any:
    status, answer = server.ask("POST", "/AuthZPlugin.AuthZReq", data)
    assert status == 200
    return answer
