"""What Portero decides about each case of the corpus at a real dockerd that carries none of them out.

A second authorization plugin, asked after Portero, refuses what Portero allows: dockerd, its envelopes and the
connection are real, and nothing has to be removed afterwards.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from .corpus import fill_in, load, written
from .dockerd import Dockerd
from .guarded import GuardedDocker, stub
from .host import ThrowAwayHost
from .rawhttp import exchange
from .refusals import REFUSED, refusing
from .replay import FOLDER, PREPARE

HALT = "halt"
_HALTED = f"authorization denied by plugin {HALT}: stub"
Decisions = Mapping[str, tuple[str, ...] | None]


@contextmanager
def halting(host: ThrowAwayHost, socket: str, *become: str) -> Iterator[None]:
    """The second plugin listens at a path of the host; `become`: what starts it as another user."""
    try:
        with host.running("halt", [*become, *stub("halt", socket)], host.path(socket).exists):
            yield
    finally:
        host.run(["rm", socket])


def decide_guarded(docker: GuardedDocker) -> Decisions:
    """What the plugin of a guarded dockerd decides of the corpus."""
    docker.shell(PREPARE)
    with halting(docker.host, f"/run/docker/plugins/{HALT}.sock"):
        docker.guard(HALT)
        try:
            return decide_corpus(docker)
        finally:
            docker.guard()


def decide_corpus(docker: Dockerd) -> Decisions:
    """By the case: the rules in Portero's refusal, none when it allows, None when dockerd never asked it."""
    known = {
        **{"N": "replay", "SHARED": "replay-shared", "SOCK": "/run/docker.sock", "SOCKDIR": "/run", "TMP": FOLDER},
        **{"PLUGIN": "portero", "HOSTNET": docker.client.ask("GET", "/networks/host").json()["Id"], "VERSION": "1"},
    }
    return {
        case.id: _read_decision(
            exchange(
                docker.socket,
                written(case, lambda text: fill_in(text, known)),
                20,
                pipelined=case.line.get("pipelined", False),
            ).message
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


def _read_decision(message: str) -> tuple[str, ...] | None:
    if REFUSED in message:
        return tuple(sorted(refusing(message)))
    return () if _HALTED in message else None
