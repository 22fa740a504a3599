"""The first commands that people type, from the pages of popular images, and variants, under the default profile.

Each refusal is short, and each proposal works at a real dockerd: the `try:` line applied by its grammar alone, and the
whole command of `portero try` pasted. All images are one busybox that ends at once.
"""

import json
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e import try_lines

from .guarded import GuardedDocker, serve
from .host import REPOSITORY
from .refusals import REFUSED

pytestmark = pytest.mark.e2e

COMMANDS = (Path(__file__).parent / "popular-commands.txt").read_text().splitlines()
# Under hardened: builds of the classic builder are refused outright.
WITHOUT_A_PROPOSAL = {"docker build ."}
# Docker in Docker does not work without what is denied, so `portero try` shows no command.
NEEDS_PRIVILEGES = "docker:dind"
MOST_ENTRIES, MOST_CHARACTERS = 3, 700
_ENTRY = re.compile(r"^  [a-z0-9-]+ +\S", re.MULTILINE)
_MORE = re.compile(r"^  and (\d+) more: ", re.MULTILINE)
_IMAGE = "popular"
# What fails for a reason of its own: no terminal, no container x, no Dockerfile, a host that may not raise a limit.
_ITS_OWN_FAULT = re.compile(
    "interactive login|No such container: x|unable to evaluate symlinks in Dockerfile|error setting rlimit"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one command. `denial` is empty when it was allowed; the others are what docker then said."""

    denial: str
    applied: str = ""
    pasted: str = ""

    @property
    def entries(self) -> int:
        """Those that are told, and those that are only named."""
        more = _MORE.search(self.denial)
        return len(_ENTRY.findall(self.denial)) - bool(more) + (int(more[1]) if more else 0)


@pytest.fixture(scope="module")
def docker(own_docker: GuardedDocker) -> Iterator[GuardedDocker]:
    """All images are there, and the container some-web runs."""
    own_docker.import_busybox(f"{_IMAGE}:1", 'ENTRYPOINT ["sh", "-c", "true"]')
    for name in {image for command in COMMANDS if (image := image_of(command))} - {"busybox"}:
        repository, _, tag = name.rpartition(":") if ":" in name else (name, "", "latest")
        answer = own_docker.client.ask("POST", f"/images/{_IMAGE}:1/tag?repo={repository}&tag={tag}")
        assert answer.status == 201, (name, answer.message)
    own_docker.shell("mkdir -p /home/joe/project /some/content /srv/gitlab /srv/ha /srv/app/etc-pihole")
    own_docker.replace_plugin(serve("hardened"))
    limits = "-m 512m --memory-swap 512m --cpus 0.5 --pids-limit 100 --ulimit nofile=1024:2048"
    assert own_docker.shell(f"docker run -d --name some-web {limits} busybox sleep 3600").returncode == 0
    yield own_docker
    own_docker.client.ask("DELETE", "/containers/some-web?force=1")


@pytest.fixture(scope="module")
def outcomes(docker: GuardedDocker) -> dict[str, Outcome]:
    """Each command typed, its proposal applied, and the whole command pasted where that is another one."""
    asked = "\n".join(map(json.dumps, COMMANDS)).encode()
    script = REPOSITORY / "tests" / "e2e" / "popular_try.py"
    said = docker.shell(f"{sys.executable} {script}", cwd="/srv/app", stdin=asked, timeout=300)
    assert said.returncode == 0, said.stderr
    whole = dict(zip(COMMANDS, map(json.loads, said.stdout.splitlines()), strict=True))
    return {command: play(docker, command, whole[command]) for command in COMMANDS}


def play(docker: GuardedDocker, command: str, whole: str) -> Outcome:
    denial = typed(docker, command)
    if REFUSED not in denial:
        return Outcome("")
    denial = denial.partition(f"{REFUSED}: ")[2].partition("\nSee 'docker")[0].removesuffix("\n").removesuffix(".")
    line = try_lines.read(denial)
    if line is None:
        return Outcome(denial, "no proposal", whole and "a whole command without a proposal")
    assert not line.still, denial
    command = try_lines.apply(line, command)
    applied = typed(docker, command)
    same = sorted(shlex.split(command)) == sorted(shlex.split(whole))
    return Outcome(denial, applied, applied if same else typed(docker, whole) if whole else "no whole command")


def typed(docker: GuardedDocker, command: str) -> str:
    """What docker complains of; empty when the command was done. What it made is removed."""
    line = f"script --quiet --return --command {shlex.quote(command)} /dev/null" if " -it " in command else command
    done = docker.shell(f"{line} </dev/null", cwd="/srv/app")
    made = [
        one["Id"]
        for one in docker.client.ask("GET", "/containers/json?all=1").json()
        if "/some-web" not in one["Names"]
    ]
    for path in [*(f"/containers/{id}?force=1" for id in made), "/services/web", "/volumes/etc", "/networks/mynet"]:
        docker.client.ask("DELETE", path)
    said = done.stdout + done.stderr
    return "" if REFUSED not in said and (done.returncode == 0 or _ITS_OWN_FAULT.search(said)) else said


def image_of(command: str) -> str:
    """The image that a command runs; empty where it runs none."""
    words = shlex.split(command)
    at = next((n for n, word in enumerate(words) if word in ("run", "create")), None)
    if at is None or words[1] in ("network", "volume"):
        return ""
    return try_lines.split(words[at + 1 :])[1][0]


def test_there_are_sixty_two_commands() -> None:
    assert len(dict.fromkeys(COMMANDS)) == len(COMMANDS) == 62


@pytest.mark.parametrize("command", COMMANDS)
def test_a_proposal_is_accepted_as_it_stands(outcomes: dict[str, Outcome], command: str) -> None:
    if not outcomes[command].denial:
        return
    expected = "no proposal" if command in WITHOUT_A_PROPOSAL else ""
    assert outcomes[command].applied == expected, outcomes[command].denial


@pytest.mark.parametrize("command", COMMANDS)
def test_a_whole_command_is_accepted_as_it_is_pasted(outcomes: dict[str, Outcome], command: str) -> None:
    if outcomes[command].denial and command not in WITHOUT_A_PROPOSAL:
        expected = "no whole command" if command.endswith(NEEDS_PRIVILEGES) else ""
        assert outcomes[command].pasted == expected


def test_refusals_are_short(outcomes: dict[str, Outcome]) -> None:
    refused = [outcome for outcome in outcomes.values() if outcome.denial]
    entries = sum(outcome.entries for outcome in refused) / len(refused)
    characters = sum(len(outcome.denial) for outcome in refused) / len(refused)
    for command, outcome in outcomes.items():
        print(f"{outcome.entries:3} {len(outcome.denial):5}  {command[:90]}")
    print(f"{len(refused)} refused, {entries:.2f} entries and {characters:.0f} characters on average")

    assert len(refused) > len(COMMANDS) / 2
    assert entries <= MOST_ENTRIES
    assert characters <= MOST_CHARACTERS
    assert max(len(outcome.denial.splitlines()) for outcome in refused) <= 16
