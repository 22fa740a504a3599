"""The denial that README shows: what portero answers to the guide's attack under the default profile."""

import base64
import json
import textwrap
from dataclasses import replace

from portero.decide.judging.denial import write_denial
from portero.observe.host.fixed_host import FixedHost
from portero.serve.application.loading import judge_of
from portero.serve.settings.settings import Settings

COMMAND = (
    'docker run -v /home/alicia:/host busybox sh -c "chown root.root /host/sh && chmod a+s /host/sh"'  # the guide's own
)
_BODY = {
    "Image": "busybox",
    "Cmd": ["sh", "-c", "chown root.root /host/sh && chmod a+s /host/sh"],
    "HostConfig": {"Binds": ["/home/alicia:/host"]},
}
# Every decision has an ID of its own; the page must not change from run to run.
_ID = "d-95bf4f8a1cb2"
_WIDTH = 124


def denial() -> str:
    """The block of the command, and the block of the answer with long lines folded."""
    judge = judge_of(Settings.read({}, {}))
    text = write_denial(replace(judge, host=FixedHost()).decide(_envelope(), _ID, 0.0))
    lines = f"docker: Error response from daemon: authorization denied by plugin portero: {text}".splitlines()
    folded = [textwrap.fill(line, _WIDTH, subsequent_indent=_indent(line), break_on_hyphens=False) for line in lines]
    return "\n".join(["```sh", COMMAND, "```", "", "```text", *folded, "```", ""])


def _envelope() -> bytes:
    body = json.dumps(_BODY).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Docker-Client/26.1.5",
        "Content-Length": f"{len(body)}",
    }
    return json.dumps(
        {
            "RequestMethod": "POST",
            "RequestUri": "/v1.45/containers/create",
            "RequestHeaders": headers,
            "RequestBody": base64.b64encode(body).decode(),
        }
    ).encode()


def _indent(line: str) -> str:
    """Below the text of the violation, behind the rule's name."""
    return " " * (4 + len(line.split()[0])) if line.startswith("  ") else "  "
