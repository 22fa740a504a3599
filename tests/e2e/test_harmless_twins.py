"""What gives no more than docker exec does is carried out by a real dockerd; its twin that leads to the host is not."""

from pathlib import Path

import pytest

from .conftest import BOTH_ENGINES
from .guarded import GuardedDocker
from .refusals import refusing

pytestmark = [pytest.mark.e2e, BOTH_ENGINES]

LINES = Path(__file__).with_name("harmless-twins.tsv").read_text(encoding="utf-8").splitlines()
CASES = [line.split("\t") for line in LINES if not line.startswith("#")]
MADE = """
cd /home/alicia && mkdir -p shop/data .config bin dotfiles /root/shop
ln -sf dotfiles/bashrc .bashrc; ln -sfn ../bin shop/in; echo site > /root/shop/site; echo secret > /root/secret
docker run -d --name plain -v /srv/data:/d busybox sleep 3600
docker run -d --name share --ipc shareable busybox sleep 3600
docker create --name etc -v /etc:/x busybox true; docker run -d --name nethost --network host busybox sleep 3600
docker run -d --name pidhost --pid host busybox sleep 3600
"""


@pytest.fixture(scope="module")
def docker(own_docker: GuardedDocker) -> GuardedDocker:
    own_docker.unguard()
    own_docker.do(MADE)
    # A new Portero reads the programs of root that were started above.
    own_docker.stop_plugin()
    own_docker.start_plugin()
    own_docker.guard()
    return own_docker


@pytest.mark.parametrize(("command", "rules"), CASES, ids=[command for command, _ in CASES])
def test_a_command_is_carried_out_or_refused_by_these_rules(docker: GuardedDocker, command: str, rules: str) -> None:
    done = docker.shell(command)

    assert sorted(refusing(done.stderr)) == [rule for rule in rules.split() if rule != "-"]
    assert rules != "-" or done.returncode == 0, done.stderr
