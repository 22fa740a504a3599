"""The day of docs/roll-out.md pasted as it stands, from audit to a signed policy, at a real dockerd.

Left out is what installs (tests/packaging has make install); a stand-in does what systemctl does of it.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import started
from .guarded import GuardedDocker
from .host import REPOSITORY
from .walk import Step, read_blocks

pytestmark = pytest.mark.e2e

PAGE = REPOSITORY / "docs" / "roll-out.md"
SECTION = "A day with Portero"
INSTALLING = ("make install", "pip install")
INSTALL = PAGE.with_name("install.md")
# Of portero 0 and 1, of a docker run that is refused 125.
EXIT_STATUSES = (0, 1, 125)
FOLDER = "/root/portero"
SYSTEMCTL = Path(__file__).with_name("systemctl.sh").read_text()
INSTALLED = f"""
mkdir -p {FOLDER} /etc/portero/policy /var/log/portero /srv/uploads
cp {REPOSITORY}/packaging/files/environment /etc/portero/environment
cp {REPOSITORY}/packaging/files/site.json /etc/portero/policy/site.json
chmod +x /usr/local/bin/portero /usr/local/bin/systemctl
"""


@pytest.fixture
def host() -> Iterator[GuardedDocker]:
    with started(GuardedDocker()) as docker:
        docker.unguard()
        docker.stop_plugin()
        docker.host.path("/usr/local/bin/portero").write_text(f'#!/bin/sh\nexec {sys.executable} -m portero "$@"\n')
        docker.host.path("/usr/local/bin/systemctl").write_text(SYSTEMCTL)
        assert docker.shell(f"rm -f /run/plugin.pid; {INSTALLED}").returncode == 0
        yield docker
        docker.shell("kill $(cat /run/plugin.pid)")


def test_every_command_of_the_walk_prints_what_the_page_shows(host: GuardedDocker) -> None:
    section = PAGE.read_text().partition(f"\n## {SECTION}\n")[2].partition("\n## ")[0]
    steps = [step for step in read_blocks(section) if not any(words in step.command for words in INSTALLING)]

    wrong = [text for step in steps if (text := _type(host, step))]

    assert len(steps) > 12
    assert wrong == []


def _type(host: GuardedDocker, step: Step) -> str:
    """What differs from the page, empty where nothing does."""
    done = host.shell(f"set -e; {{ {step.command}\n}} 2>&1", timeout=300, cwd=FOLDER)
    right = step.prints(done.stdout) and done.returncode in EXIT_STATUSES
    return "" if right else f"{step.command}\n{done.stdout}exit status {done.returncode}"


def test_without_systemd_the_lines_of_the_page_start_it(host: GuardedDocker) -> None:
    section = INSTALL.read_text().partition("### Without systemd")[2].partition("\n## ")[0]
    start, prove = read_blocks(section)

    wrong = [_type(host, start)]
    host.write_daemon_config({"authorization-plugins": ["portero"]})
    wrong.append(_type(host, prove))

    assert [text for text in wrong if text] == []
    assert "portero: version " in host.host.path("/var/log/portero.log").read_text()
    assert host.docker("run", "--rm", "--privileged", "busybox", "true").returncode == 125
    assert "no-privileged" in host.host.path("/var/log/portero/decisions.jsonl").read_text()


@pytest.mark.parametrize(
    ("shown", "output", "same"),
    [
        ("a … c", "a b c\n", True),
        ("a … c", "a b d\n", False),
        ("…\nb", "a\na\nb\n", True),
        ("a\n…", "a\n", True),
        ("a", "a\nb\n", False),
        ("", "anything\n", True),
    ],
)
def test_what_a_page_shows_is_compared_line_by_line(shown: str, output: str, same: bool) -> None:
    assert Step("true", shown).prints(output) is same
