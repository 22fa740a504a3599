"""The walk of docs/a-day-with-portero.md typed as it stands, from audit to a signed policy, at a real dockerd.

Left out is what installs (tests/packaging has make install); a stand-in does what systemctl does of it.
"""

import sys
from collections.abc import Iterator

import pytest

from .conftest import started
from .guarded import GuardedDocker
from .host import REPOSITORY
from .walk import Step, read_steps

pytestmark = pytest.mark.e2e

PAGE = REPOSITORY / "docs" / "a-day-with-portero.md"
INSTALLING = ("make install", "pip install")
LOG = "/var/log/portero/decisions.jsonl"
# Of portero 0 and 1, of a docker run that is refused 125.
EXIT_STATUSES = (0, 1, 125)
FOLDER = "/root/portero"
SCAN = "/opt/portero-scan/bin"
# Of dockerd nothing tells that it has reloaded: it has when a request is asked about.
SYSTEMCTL = f"""#!/bin/bash
case "$*" in
"restart portero")
  if [ -e /run/plugin.pid ]; then
    kill "$(cat /run/plugin.pid)"
    while [ -e "/proc/$(cat /run/plugin.pid)" ]; do sleep 0.1; done
  fi
  set -a; PORTERO_LOG={LOG}; . /etc/portero/environment
  setsid portero serve > /run/plugin.log 2>&1 < /dev/null &
  echo $! > /run/plugin.pid
  for try in $(seq 200); do
    portero status > /dev/null 2>&1; [ $? -lt 2 ] && exit 0
    sleep 0.1
  done ;;
"reload docker")
  kill -HUP "$(cat /run/docker.pid)"
  for try in $(seq 200); do
    docker version > /dev/null; [ -s {LOG} ] && exit 0
    sleep 0.1
  done ;;
esac
exit 1
"""
INSTALLED = f"""
mkdir -p {FOLDER} {SCAN} /etc/portero/site /var/log/portero /srv/uploads
cp {REPOSITORY}/packaging/files/environment /etc/portero/environment
cp {REPOSITORY}/packaging/files/site.json /etc/portero/site/site.json
chmod +x /usr/local/bin/portero /usr/local/bin/systemctl
ln -s /usr/local/bin/portero {SCAN}/portero
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
    steps = [step for step in read_steps(PAGE) if not any(words in step.command for words in INSTALLING)]

    wrong = [text for step in steps if (text := _type(host, step))]

    assert len(steps) > 20
    assert wrong == []


def _type(host: GuardedDocker, step: Step) -> str:
    """What differs from the page, empty where nothing does."""
    done = host.shell(f"{{ {step.command}\n}} 2>&1", timeout=300, cwd=FOLDER)
    right = step.prints(done.stdout) and done.returncode in EXIT_STATUSES
    return "" if right else f"{step.command}\n{done.stdout}exit status {done.returncode}"


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
