"""A server that allows everything, on the very HTTP stack of portero: what a question costs before anybody judges.

usage: python bench/allow.py SOCKET
"""

import sys
from collections.abc import Mapping

from portero.server.listener import listen
from portero.server.master import Master
from portero.settings import Settings
from portero.types import JSON


class AlwaysAllow:
    """Answers without reading."""

    def answer(self, data: bytes) -> Mapping[str, JSON]:
        """Allow."""
        return {"Allow": True, "Msg": ""}

    def failure(self) -> Mapping[str, JSON]:
        """Never asked for."""
        return {"Allow": False, "Msg": "failure"}

    def health(self) -> Mapping[str, JSON]:
        """Nothing to tell."""
        return {}

    def status(self) -> Mapping[str, JSON]:
        """Nothing to tell."""
        return {}


def main() -> None:
    """Serve until a signal ends it."""
    settings = Settings.read({}, {"socket": sys.argv[1]})
    Master(AlwaysAllow, listen(settings.socket), settings).run()


if __name__ == "__main__":
    main()
