"""Every block to copy on the pages of Start and Operate, pasted as it stands at a machine with systemd."""

import json
from collections.abc import Iterator

import pytest

from tests.e2e.walk import Step, list_blocks
from tests.paths import ROOT

from .checkout import bring_checkout, type_lines
from .machine import Machine, boot_one
from .pages import WALKS, Walk

pytestmark = pytest.mark.e2e
SITE = "cat > /etc/portero/policy/site.json <<'END'\n%s\nEND\nsystemctl reload portero"
DAEMON = "cat > /etc/docker/daemon.json <<'END'\n%s\nEND"

# Where these tests run in a container, it may have no controllers for limits and not all capabilities. Docker's answers
# then, and what Portero only reports, are no fault of a page.
OF_THE_KERNEL = ("NanoCPUs can not be set", "unable to apply caps", "logged only: cpu-limit")


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with boot_one() as booted:
        bring_checkout(booted, tmp_path_factory)
        yield booted


@pytest.mark.parametrize("page", WALKS)
def test_every_block_works_as_it_stands(machine: Machine, page: str) -> None:
    walk = WALKS[page]
    steps = [step for step in list_blocks((ROOT / "docs" / page).read_text()) if not step.why]
    # Of docker.service systemd allows three starts a minute.
    lines = [
        ("systemctl reset-failed docker containerd", "", 0),
        (walk.before, "", 0),
        *list_lines(walk, steps),
        (walk.after, "", 0),
    ]

    wrong = [text for typed, answer, status in lines if (text := paste(machine, typed, answer, status))]

    assert wrong == [], "\n".join(wrong)


def list_lines(walk: Walk, steps: list[Step]) -> Iterator[tuple[str, str, int]]:
    """Each block, with what is typed before it, the answer to its question, and the exit status with which it ends."""
    ends = {line: iter(statuses) for line, statuses in walk.ends.items()}
    for step in steps:
        yield from ((typed, "", 0) for begins, typed in walk.between.items() if step.command.startswith(begins))
        if step.language == "json":
            file = DAEMON if "authorization-plugins" in json.loads(step.command) else SITE
            yield file % step.command, "", 0
        else:
            answers = [answer for begins, answer in walk.answers.items() if step.command.startswith(begins)]
            yield step.command, "".join(answers), next(ends.get(step.command.splitlines()[-1], iter(())), 0)


def paste(machine: Machine, lines: str, answer: str, status: int) -> str:
    """What went wrong; empty where nothing did."""
    done = type_lines(machine, f"set -e\n{lines}", answer)
    if done.returncode == status or any(text in done.stdout + done.stderr for text in OF_THE_KERNEL):
        return ""
    return f"{lines}\n{done.stdout}{done.stderr}exit status {done.returncode} and not {status}\n"
