"""What Portero decides about each case of the corpus at a real dockerd that carries none of them out.

A second authorization plugin, asked after Portero, refuses what Portero allows: dockerd, its envelopes and the
connection are real, and nothing has to be removed afterwards.
"""

import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.waiting import wait_until

from .corpus import load, written
from .host import ThrowAwayHost
from .rawhttp import exchange
from .refusals import REFUSED, refusing

HALT = "halt"
FOLDER = "/srv/replay"
# Where the links of some cases lead.
PREPARE = (
    f"mkdir -p {FOLDER}/plain; ln -sfn /etc {FOLDER}/link; ln -sfn / {FOLDER}/rootlink; "
    f"ln -sfn {FOLDER}/plain {FOLDER}/okaylink; ln -sfn /run/docker.sock {FOLDER}/socketlink; "
    f"ln -sfn loop {FOLDER}/loop; ln -sfn ../replay/link {FOLDER}/linklink"
)
_HALTED = f"authorization denied by plugin {HALT}: stub"
Decisions = Mapping[str, tuple[str, ...] | None]


@contextmanager
def halting(host: ThrowAwayHost, socket: str, *become: str) -> Iterator[None]:
    """The second plugin listens at a path of the host; `become`: what starts it as another user."""
    words = [*become, sys.executable, str(Path(__file__).with_name("stub.py")), socket, "halt"]
    started = host.start(["sh", "-c", f"echo $$ > /run/halt.pid; exec {shlex.join(words)}"], host.folder / "halt.log")
    try:
        wait_until(host.path(socket).exists, "the plugin that halts did not listen")
        yield
    finally:
        host.run(["sh", "-c", f"kill $(cat /run/halt.pid); rm {socket}"])
        started.wait(10)


def decide_corpus(socket: Path, host_network: str) -> Decisions:
    """By the case: the rules in Portero's refusal, none when it allows, None when dockerd never asked it.

    `socket`: dockerd's; `host_network`: the ID of its network host.
    """
    fill = _filler(host_network)
    return {
        case.id: _read_decision(
            exchange(socket, written(case, fill), 20, pipelined=case.line.get("pipelined", False)).message
        )
        for name in ("bypass.jsonl", "more.jsonl")
        for case in load(name)
    }


def compare(one: Decisions, other: Decisions) -> dict[str, tuple[set[str], set[str]]]:
    """The cases that one allows and the other refuses, with the rules of each."""
    assert one.keys() == other.keys()
    return {
        name: (set(rules or ()), set(other[name] or ()))
        for name, rules in one.items()
        if (rules is None, bool(rules)) != (other[name] is None, bool(other[name]))
    }


def _filler(host_network: str) -> Callable[[str], str]:
    known = {
        "{{N}}": "replay",
        "{{SHARED}}": "replay-shared",
        "{{SOCK}}": "/run/docker.sock",
        "{{SOCKDIR}}": "/run",
        "{{TMP}}": FOLDER,
        "{{PLUGIN}}": "portero",
        "{{HOSTNET}}": host_network,
        "{{VERSION}}": "1",
    }

    def fill(text: str) -> str:
        for placeholder, value in known.items():
            text = text.replace(placeholder, value)
        return text

    return fill


def _read_decision(message: str) -> tuple[str, ...] | None:
    if REFUSED in message:
        return tuple(sorted(refusing(message)))
    return () if _HALTED in message else None
