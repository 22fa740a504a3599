"""A plugin that gives every request the same answer: it proves the harness.

usage: python -m tests.e2e.stub SOCKET allow|deny|halt

halt refuses as deny does, but for lookups of networks: a plugin before it in the list may need one to decide.
"""

import json
import sys
from pathlib import Path

from tests import unix_server


class Handler(unix_server.Handler):
    """Answers the three calls of the authorization protocol."""

    answer = "deny"

    def respond(self) -> None:
        """Activate, or give the one answer."""
        asked = self.posted()
        activates = self.path == "/Plugin.Activate"
        answer = {"Implements": ["authz"]} if activates else {"Allow": self._allows(asked), "Msg": "stub"}
        self.reply(answer)

    def _allows(self, asked: bytes) -> bool:
        if self.answer != "halt":
            return self.answer == "allow"
        envelope = json.loads(asked or b"{}")
        return envelope.get("RequestMethod") == "GET" and "/networks/" in str(envelope.get("RequestUri"))


if __name__ == "__main__":
    path, Handler.answer = sys.argv[1:]
    Path(path).unlink(missing_ok=True)
    with unix_server.Server(path, Handler) as server:
        server.serve_forever()
