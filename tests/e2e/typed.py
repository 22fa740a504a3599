"""The commands in the `allows` and `denies` of rule files, made ready to be typed at a guarded dockerd."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .host import REPOSITORY

RULES = REPOSITORY / "schemas" / "rules"
EXAMPLE_SITE = REPOSITORY / "schemas" / "example-site"
FOLDER = "/srv/app"
_WAITING = re.compile(r"\bdocker service (create|update|rollback)\b")
# docker 26.1.5 takes these flags and sends four empty lists, so a daemon never hears of the rates (measured).
_NEVER_SENT = re.compile(r"^docker .*--device-(read|write)-(bps|iops)\b")
# dockerd looks for such a driver for 15 s, after it was allowed to.
_LOOKING = re.compile(r"^docker secret create --driver listed\b")
_TERMINAL = re.compile(r"\s-(i?t|ti)\b")


@dataclass(frozen=True, slots=True)
class Command:
    """One example of one rule."""

    rule: str
    level: str
    kind: Literal["allows", "denies"]
    command: str
    host: Mapping[str, Any]

    @property
    def profile(self) -> str:
        """The profile under which this rule is enforced; rules that only report do so under each."""
        return "restricted" if self.level == "advisory" else self.level

    @property
    def options(self) -> tuple[str, ...]:
        """How the plugin is started for this example: what it sees of the host is the example's own choice."""
        host_root = "/" if self.host.get("visible", True) else "none"
        return ("--host-root", host_root, *(("--docker-host", "unix:///run/none.sock") if self._has_no_daemon else ()))

    @property
    def environment(self) -> tuple[str, ...]:
        """The settings that have no option: what of the host is Portero's own lies where its records do."""
        records = (f"PORTERO_RECORD={folder}/requests.jsonl" for folder in self.host.get("portero", ()))
        return (*records, *(("PORTERO_LOOKUPS=off",) if self._has_no_daemon else ()))

    @property
    def _has_no_daemon(self) -> bool:
        """Whether no daemon can be asked for the name behind a network's ID, and so for no object either."""
        return self.host.get("networks") == {} or "PORTERO_LOOKUPS=off" in self.command

    @property
    def start(self) -> tuple[str, ...]:
        """What a plugin has to be started anew for: settings, options, a new socket, and a new home or link in one."""
        host = self.host
        in_homes = (
            *host.get("homes", ()),
            *(one for one in host.get("links", ()) if one.startswith(("/home", "/root"))),
        )
        return (self.profile, *self.options, *self.environment, *host.get("userSockets", ()), *in_homes)

    @property
    def is_cut_short(self) -> bool:
        """Whether Docker's own command line leaves out what the example is about."""
        return _NEVER_SENT.search(self.command) is not None

    @property
    def line(self) -> str:
        """What is typed: a service is not waited for, a terminal is there when the command wants one."""
        line = _WAITING.sub(r"docker service \1 --detach", self.command)
        if _TERMINAL.search(line):
            return f"script --quiet --return --echo never --command {_quoted(line)} /dev/null"
        return f"timeout 2 {line}" if _LOOKING.match(line) else line

    def __str__(self) -> str:
        return f"{self.rule}:{self.kind}:{self.command}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def commands() -> list[Command]:
    """Every example of every rule, sorted so that the plugin is restarted as seldom as possible."""
    files = sorted(RULES.rglob("*.json"))
    found = [command for file in files for command in _of(json.loads(file.read_text()), file.stem)]
    return sorted(found, key=lambda command: command.start)


def _of(rule: Mapping[str, Any], name: str) -> list[Command]:
    kinds: tuple[Literal["allows", "denies"], ...] = ("allows", "denies")
    return [
        Command(name, rule["level"], kind, command, example.get("host", {}))
        for kind in kinds
        for command, example in rule[kind].items()
        # Another test covers it: it takes other users, images, keys or settings of dockerd than a command can bring.
        if "coveredBy" not in example
    ]
