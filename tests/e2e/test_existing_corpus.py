"""Each way that leads through an old object: refused by the rule that names it, its harmless twin works.

The objects of tests/corpus/existing.jsonl (`made`) are made on an unguarded dockerd, which is guarded then. What uses
an old object is tried twice: the first request has dockerd asked, the second finds what it answered in the picture.
"""

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.paths import CORPUS
from tests.sequences.stub_plugin import StubPlugin
from tests.waiting import wait_until

from .conftest import BOTH_ENGINES
from .guarded import GuardedDocker
from .refusals import refusing

pytestmark = [pytest.mark.e2e, BOTH_ENGINES]

DAEMON_CONFIG = {"debug": True}
CASES = [json.loads(line) for line in (CORPUS / "existing.jsonl").read_text(encoding="utf-8").splitlines()]
COMPOSE = Path(__file__).with_name("old-project.yaml").read_text()
LIVES = "up -d", "restart -t 0", "stop -t 0", "start", "exec -T web true", "up -d --force-recreate -t 0", "down -t 0 -v"
USE = """
import docker, io, sys, tarfile
client = docker.from_env()
make = lambda name: client.containers.run(
    "busybox", "sleep 1000", detach=True, name=name, volumes={"py": {"bind": "/d"}, "/srv/data": {"bind": "/s"}}
)
if sys.argv[1:] == ["make"]:
    make("old")
for name in ("old", "new") if sys.argv[1:] == ["use"] else ():
    one = client.containers.get(name) if name == "old" else make(name)
    one.stop(timeout=0), one.start(), one.restart(timeout=0), one.pause(), one.unpause()
    assert one.exec_run("true").exit_code == 0
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("empty"))
    assert one.put_archive("/tmp", archive.getvalue())
    list(one.get_archive("/etc/hostname")[0]), list(one.export()), one.commit("copy", name)
    one.rename(name + "2"), one.update(mem_limit="64m", memswap_limit="64m"), one.attach(logs=True), one.logs()
    one.stop(timeout=0), one.wait(), one.remove()
"""


@pytest.fixture(scope="module")
def docker(own_docker: GuardedDocker) -> Iterator[GuardedDocker]:
    """A guarded daemon on which all of this was made before."""
    own_docker.unguard()
    own_docker.shell("touch /srv/file; mkdir -p /srv/app/site")
    own_docker.host.path("/srv/app/compose.yaml").write_text(COMPOSE)
    own_docker.host.path("/srv/use.py").write_text(USE)
    driver = StubPlugin(own_docker.host.path("/"), "/run/docker/plugins/acme.sock", ["NetworkDriver"])
    try:
        old = ["cd /srv/app && docker-compose up -d", _use("make")]
        for command in (*(made for case in CASES for made in case.get("made", ())), *old):
            own_docker.do(command)
        # A new Portero reads the programs of root that were started above.
        own_docker.stop_plugin()
        own_docker.start_plugin()
        own_docker.guard()
        wait_until(lambda: not asks_for_good(own_docker), "what was asked is not known")
        yield own_docker
    finally:
        driver.end()


def asks_for_good(docker: GuardedDocker) -> bool:
    """Whether an exec in this container has dockerd asked what it is."""
    before = docker.daemon_log().count("/containers/good/json")
    assert docker.client.ask("POST", "/containers/good/exec", {"Cmd": ["true"]}).status == 201
    return docker.daemon_log().count("/containers/good/json") > before


def _use(what: str) -> str:
    return shlex.join([sys.executable, "/srv/use.py", what])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_way_through_an_old_object_is_refused_and_its_twin_is_not(docker: GuardedDocker, case: Any) -> None:
    major = int(docker.client.get("/version")["Version"].split(".")[0])
    first, last = case.get("engines", (0, major))
    if not first <= major <= last:
        tried = docker.shell(case["attack"])
        assert refusing(tried.stdout + tried.stderr) == []
        return
    for _ in range(2 if case["rule"].startswith("existing-") else 1):
        attacked = docker.shell(case["attack"])
        assert case["rule"] in refusing(attacked.stdout + attacked.stderr), attacked.stdout + attacked.stderr
        assert attacked.returncode != 0

    worked = docker.shell(case["twin"])
    # Newer engines speak no API below 1.40; Portero is asked all the same.
    assert worked.returncode == 0 or "is too old. Minimum supported" in worked.stdout, worked.stdout + worked.stderr


def test_scan_reports_these_ways_as_closed(docker: GuardedDocker) -> None:
    bypasses = json.loads(docker.portero("scan", "--profile", "baseline", "--json").stdout)["bypasses"]

    through = {"bad", "stopped", "pids", "binds", "heir", "opened", "good", "socket", "inhost", "nethost", "between"}
    assert {each["name"] for each in bypasses} == through | {
        "evil",
        "foreign",
        "takes",
        "before",
        "leaky",
        *("tapped", "taps", "tapped-once", "tapping"),
        "leaked",
        *("leapt", "leap", "armed", "arming", "arms", "tagged", "grown"),
        *("buffered", "rotating", "certified", "crowded", "unkillable", "crowd", "holder"),
        *("looking", "talkative"),
        *("linked-bad", "inner-bad", "device-link", "running-bad"),
    }
    assert [bypass["command"] for bypass in bypasses if bypass["open"]] == []


def test_an_old_compose_project_lives_on_and_a_new_one_too(docker: GuardedDocker) -> None:
    with docker.nothing_refused():
        for words in (*LIVES, "up -d", "restart -t 0", "down -t 0 -v"):
            docker.do(f"docker-compose {words}", cwd="/srv/app", timeout=120)


def test_an_old_container_of_the_python_package_lives_on_and_a_new_one_too(docker: GuardedDocker) -> None:
    with docker.nothing_refused():
        docker.do(_use("use"), timeout=120)
