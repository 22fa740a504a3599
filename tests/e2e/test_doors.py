"""Doors before a real dockerd: what people type works as it does without one, and each request says who asked."""

import json
import socket
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.door.greedy import take_connections
from tests.door.test_shares import UNFINISHED
from tests.paths import ROOT
from tests.waiting import wait_until

from .conftest import OWN_ALONE, started
from .dockerd import DOCKERD
from .doored import BUILD, DOORS, PUBLIC, USERS, DooredDocker, place
from .engine import FOLDERS
from .host import Process
from .rawhttp import Client, exchange, render
from .refusals import refusing

pytestmark = pytest.mark.e2e

WORK: Any = json.loads(Path(__file__).with_name("door-work.json").read_text())
TOOLS: Any = json.loads(Path(__file__).with_name("door-tools.json").read_text())
# These have no list: what their users, or an agent's profile, may do.
UNLISTED = ("testcontainers", "portainer", "agent")
SITE = {
    "doors": [
        {"name": "users", "groups": ["dev"]},
        *({"name": name, **({} if name in UNLISTED else {"operations": [name]})} for name in TOOLS),
    ],
    "profiles": [{"users": ["door:agent"], "profile": "restricted"}],
    "registries": ["registry.example.com"],
    "actions": {"unseen-device-nodes": "off", "unseen-buildkit": "off"},
}
ENGINES = {"26.1": None, **{name: folder for name, folder in FOLDERS.items() if name in ("28.5", "29.7")}}
STACK = ROOT / "tests" / "e2e" / "stack" / "compose.yaml"
PREPARE_BUILDS = f"""{BUILD}
printf 'FROM busybox AS had\\nRUN --mount=type=secret,id=s wc -c < /run/secrets/s > /size\\nFROM scratch\\n' > Secret
echo 'COPY --from=had /size /' >> Secret && printf 1234 > secret
printf 'services:\\n  made:\\n    image: made:compose\\n    build: .\\n    init: true\\n' > compose.yaml
echo '    command: sh -c "echo begun; sleep 600"' >> compose.yaml"""


@pytest.fixture(scope="module", params=["26.1"] if OWN_ALONE else ENGINES)
def docker(request: pytest.FixtureRequest) -> Iterator[DooredDocker]:
    with started(DooredDocker(SITE, engine=ENGINES[request.param])) as doored:
        yield doored


def test_what_people_type_works_at_the_users_door_and_each_request_names_them(docker: DooredDocker) -> None:
    before = docker.log_size()
    docker.do(PREPARE_BUILDS)
    # The machine's own docker has no buildx.
    has_buildkit = docker.engine is not None
    for command, expected, *needs in WORK:
        if not needs or has_buildkit:
            done = docker.shell(command, timeout=100)
            shown = f"{command}: {done.stdout[-500:]}{done.stderr}"
            assert (expected in done.stdout, done.returncode) == (True, 0), shown

    builds = {"Grpc", "Session"} if has_buildkit else {"ImageBuild"}
    assert builds <= {one["operation"] for one in docker.decisions(before)}
    assert docker.who(before) == {("unix:root", "door")}


def test_compose_works_at_the_users_door(docker: DooredDocker) -> None:
    before = docker.log_size()
    for words in ("up --detach --quiet-pull", "exec -T cache ping -c 1 app", "logs app", "down --volumes"):
        docker.do(f"docker-compose --file {STACK} {words}", timeout=90)

    assert docker.who(before) == {("unix:root", "door")}


def test_the_docker_package_and_a_websocket_work(docker: DooredDocker) -> None:
    """On the host itself: the door does not take a process whose number it does not see."""
    script = Path(__file__).with_name("door_client.py")

    assert docker.do(f"{sys.executable} {script} {USERS}") == "said 0 hello\n"
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(docker.host.path(USERS)))
        client.sendall(b"GET /info HTTP/1.1\r\nHost: d\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 403 ")


def test_a_door_lets_its_list_through_and_says_so_of_the_rest(docker: DooredDocker) -> None:
    docker.do("docker run -d --name seen busybox sleep 600")
    before = docker.log_size()

    for words in ("ps", "version", "inspect seen"):
        assert docker.at("traefik", words).returncode == 0, words
    # docker_cp reads an archive, export, logs: all are GETs.
    for words in (
        *("logs seen", "export seen", "cp seen:/etc/passwd -", "exec seen id", "stop seen", "top seen", "images"),
    ):
        done = docker.at("traefik", words)
        assert refusing(done.stdout + done.stderr) == ["door-operations"], words

    assert docker.who(before) == {("door:traefik", "door")}
    docker.do("docker rm -f seen")


@pytest.mark.parametrize("tool", TOOLS)
def test_what_a_tool_asks_for_passes_its_door_and_one_thing_more_does_not(docker: DooredDocker, tool: str) -> None:
    """What the sources of tools show that they send, at doors with the lists that are shipped for them."""
    docker.do("docker tag busybox registry.example.com/agent:1.4")
    # With control groups v1, what dockerd shows of a container would be refused when it is sent back.
    seen = "--name seen --stop-timeout 1 --cgroupns private"
    docker.do(f"docker rm -fv seen before 2>&1; docker run -d {seen} busybox sleep 600")
    before = docker.log_size()
    last = [""]
    asked = [ask_as_a_tool(docker, tool, last, *request) for request in TOOLS[tool]["asks"]]
    assert not [answer for answer in asked if answer]

    rule, *request = TOOLS[tool]["refused"]
    assert rule in ask_as_a_tool(docker, tool, [""], *request)
    assert docker.who(before) == {(f"door:{tool}", "door")}


def ask_as_a_tool(
    docker: DooredDocker, tool: str, last: list[str], method: str, target: str, body: Any = None, how: str = ""
) -> str:
    """The rules that refuse a request, or what dockerd could not read; empty when it was answered.

    `last`: the ID of what was made last, in place of {}.
    """
    headers = [("Content-Type", "application/x-tar" if how == "tar" else "application/json")]
    if how == "as before":
        seen = Client(docker.host.path(place(tool))).get("/containers/before/json")
        networks = {"EndpointsConfig": seen["NetworkSettings"]["Networks"]}
        body = {**seen["Config"], "HostConfig": seen["HostConfig"], "NetworkingConfig": networks}
    elif how in ("upgrade", "lines that end in LF"):
        headers += [("Connection", "Upgrade"), ("Upgrade", "tcp")]
    data = bytes(10240) if how == "tar" else b"" if body is None else json.dumps(body).encode()
    written = render(method, target.replace("{}", last[0]), headers[0 if data else 1 :], data or None)
    if how == "lines that end in LF":
        written = written.replace(b"\r\n", b"\n")
    answer = exchange(docker.host.path(place(tool)), written, 5)
    made = answer.json()
    if isinstance(made, dict) and "Id" in made:
        last[0] = made["Id"]
    refused = refusing(answer.message)
    is_read = answer.status not in (0, 400)
    return "" if is_read and not refused else f"{method} {target}: {answer.status} {refused} {answer.message[:200]}"


def test_a_door_whose_tool_needs_no_variables_shows_their_names_alone(docker: DooredDocker) -> None:
    docker.do(
        "docker rm -fv seen 2>&1; docker run -d --name seen -e TOKEN=hush --label db.password=hush busybox sleep 600"
    )
    plain = docker.at("watchtower", "inspect seen").stdout
    assert '"TOKEN=hush"' in plain
    for words in ("inspect seen", "ps --no-trunc --format json", "events --since 1h --until 0s"):
        shown = docker.at("dozzle", words).stdout
        assert "seen" in shown, words
        assert "hush" not in shown, words
    assert '"TOKEN=***"' in docker.at("dozzle", "inspect seen").stdout
    assert "does not show variables" in docker.at("portainer-read", "top seen eww").stderr
    assert "sleep 600" in docker.at("portainer-read", "top seen aux").stdout
    docker.do("docker rm -f seen")


@pytest.mark.parametrize("greedy", [2, 10])
def test_greedy_tools_leave_people_their_ping(docker: DooredDocker, greedy: int) -> None:
    """With connections that say nothing, heads without an end, and events and logs that nobody reads."""
    docker.do("docker rm -fv loud 2>&1; docker run --name loud busybox seq 300000 > /dev/null")
    logs = b"GET /containers/loud/logs?follow=1&stdout=1 HTTP/1.1\r\nHost: d\r\n\r\n"
    kinds = ((b"", 300), (UNFINISHED, 100), (logs, 20))
    paths = [docker.host.path(place(name)) for name in [*TOOLS][:greedy]]
    held = [one for path in paths for first, each in kinds for one in take_connections(path, first, each)]
    ping = "curl -s -w %{time_total} -o /dev/null http://d/_ping --unix-socket"
    pings = [(float(docker.do(f"{ping} {USERS}")), float(docker.do(f"{ping} {docker.SOCKET}"))) for _ in range(8)]
    for one in held:
        one.close()
    docker.do("docker rm -f loud")

    assert len(held) > 300 * greedy
    # dockerd has its own work with them, and the door with the first moments of thousands.
    assert sorted(by_door - direct for by_door, direct in pings)[len(pings) // 2] <= 0.5, pings


def test_http_2_is_judged_at_a_door(docker: DooredDocker) -> None:
    methods = ["/moby.buildkit.v1.Control/Info", "/moby.buildkit.v1.Control/ListWorkers"]
    before = docker.log_size()
    for name, status in (("users", "0"), ("traefik", "7")):
        words = [sys.executable, "-m", "tests.e2e.grpc_call", place(name), *methods]
        answers = json.loads(docker.host.run(["env", f"PYTHONPATH={ROOT}", *words]).stdout)
        assert answers == dict.fromkeys(methods, status)

    asked = [(one["operation"], one["user"]) for one in docker.decisions(before)]
    assert asked == [("Grpc", "unix:root")] * 2 + [("Grpc", "door:traefik")] * 2


def test_a_stamp_that_is_sent_by_a_client_counts_nowhere(docker: DooredDocker) -> None:
    send = "curl -s -H 'x-portero-door: e30.e30.e30' --unix-socket"

    assert refusing(docker.do(f"{send} {docker.SOCKET} http://d/info")) == ["door-invalid"]
    assert '"Containers"' in docker.do(f"{send} {USERS} http://d/info")


def test_no_container_gets_a_door_that_does_not_list_it(docker: DooredDocker) -> None:
    for source in (f"{DOORS}/traefik", DOORS, "/run/portero-door", f"{DOORS}/traefik/docker.sock", USERS, "/run"):
        done = docker.shell(f"docker run --rm -v {source}:/x:ro busybox true")
        assert done.returncode != 0, source
        assert {*refusing(done.stderr)} & {"doors-listed", "protected-paths", "no-daemon-sockets"}, done.stderr


def test_what_was_restarted_is_there_for_the_next_request(docker: DooredDocker) -> None:
    before = docker.log_size()
    docker.replace_plugin(docker._running)
    docker.do("docker ps")
    docker.door.stop("KILL")
    docker.start_door()
    docker.do("docker ps")
    docker.restart_dockerd()
    docker.do("docker ps")

    assert docker.who(before) <= {("unix:root", "door"), ("", "")}
    asked = [one for one in docker.decisions(before) if one["operation"] == "ContainerList"]
    assert {one["user"] for one in asked} == {"unix:root"}


PEOPLE = {
    "doors": [{"name": "users", "groups": ["dev", "ops"], "same-names": True}],
    "ownership": "owner",
    "operator-groups": ["ops"],
    "identity-methods": ["door"],
    "actions": {"known-identity-reads": "deny", "known-identity": "deny"},
    "profiles": [
        {"groups": ["ops"], "profile": "baseline"},
        {"users": ["bob"], "profile": "hardened"},
        {"users": ["dora"], "profile": "restricted"},
    ],
}
NAMES = ("alicia", "bob", "carla", "dora")
LISTEN = (
    "import socket, time; s = socket.socket(socket.AF_UNIX); s.bind('/srv/bob/s.sock'); s.listen(); time.sleep(600)"
)


def test_two_people_of_one_host_have_their_containers_each_without_a_token() -> None:
    with started(DooredDocker(PEOPLE)) as docker:
        docker.do(f"for name in {' '.join(NAMES)}; do useradd -m $name; done; groupadd ops; usermod -aG ops carla")
        who = {name: f"setpriv --reuid={name} --regid={name} --init-groups" for name in NAMES}
        docker.do(f"{who['alicia']} docker run -d --name hers --label owner=alicia busybox sleep 600")
        for words in ("exec hers id", "stop hers", "logs hers"):
            refused = docker.shell(f"{who['bob']} docker {words}")
            assert {*refusing(refused.stderr)} & {"own-objects-only", "own-objects-read"}, words
        assert docker.do(f"{who['alicia']} docker exec hers id -u") == "0\n"
        bob = docker.shell(f"{who['bob']} docker run -d --label owner=bob busybox sleep 600")
        assert "memory-limit" in refusing(bob.stderr)
        docker.do(f"{who['carla']} docker rm -f hers")
        check_accounts(docker, who)
        # Past the door nobody is known.
        past = docker.shell(f"docker -H unix://{docker.SOCKET} ps")
        assert refusing(past.stderr) == ["known-identity-reads"]
        unknown = docker.shell("setpriv --reuid=54321 --regid=54321 --clear-groups docker ps")
        assert "no account of uid 54321" in unknown.stderr


def check_accounts(docker: DooredDocker, who: Mapping[str, str]) -> None:
    """Users of containers, and sockets in what is mounted: the caller's own (no-account-users, no-user-sockets).

    Where no account is known, account-users-seen reports the user.
    """
    docker.do("install -d -o bob /srv/bob")
    docker.host.path("/srv/listen.py").write_text(LISTEN)
    docker.do(f"{who['bob']} {sys.executable} /srv/listen.py >/dev/null 2>&1 &")

    def refuses(name: str, command: str, rule: str) -> bool:
        return rule in refusing(docker.shell(f"{who[name]} docker {command}").stderr)

    mounting = "run --rm -v /srv/bob:/b:ro busybox true"
    wait_until(lambda: refuses("dora", mounting, "no-user-sockets"), "the socket is seen")
    wait_until(lambda: not refuses("bob", mounting, "no-user-sockets"), "the account of the caller is known", 30)
    wait_until(
        lambda: refuses("dora", "run --rm --user $(id -u bob):100 busybox true", "no-account-users"),
        "the accounts are seen",
    )
    docker.do(f"{who['carla']} docker run -d --name dorasown --label owner=dora busybox sleep 600")
    for user, refused in (("bob", True), ("+0$(id -u bob)", True), ("$(id -u dora)", False), ("10001", False)):
        assert refuses("dora", f"run --rm --user {user} busybox true", "no-account-users") is refused, user
        assert refuses("dora", f"exec --user {user} dorasown true", "no-account-users") is refused, user
    docker.do(f"{who['carla']} docker rm -f dorasown")


class UnitlessDocker(DooredDocker):
    """Put in place by the commands of docs/doors.md, without systemd."""

    def set_up(self) -> None:
        self.host.path("/usr/local/bin/portero").write_text(f'#!/bin/sh\nexec {sys.executable} -m portero "$@"\n')
        # The python that runs the tests may lie in root's home; only this host's layer changes.
        self.do("chmod 755 /usr/local/bin/portero; chmod o+x /root; groupadd -f docker; rm -f /run/docker.sock")
        super().set_up()

    def _start_dockerd(self) -> None:
        page = (ROOT / "docs" / "doors.md").read_text(encoding="utf-8").partition("\n## Without systemd")[2]
        typed = page.partition("```sh\n")[2].partition("```")[0].rstrip("\n")
        # This plugin's state is elsewhere, and dockerd on a throw-away host needs more options.
        typed = typed.replace("door key", f"door key --public {PUBLIC}")
        typed = typed.replace("dockerd -H", f"{' '.join(DOCKERD)} -H")
        typed = typed.replace("setpriv", f"until [ -S {self.SOCKET} ]; do sleep 0.1; done; setpriv", 1)
        self.host.path("/srv/recipe").write_text(f"{typed}\nwait -n\n")
        self.dockerd = self.door = Process(self.host, "recipe", ["bash", "-ex", "/srv/recipe"])
        self.callback(self.dockerd.stop)
        self.dockerd.wait_for(lambda: self.client.ask("GET", "/_ping").status == 200)
        # What is reloaded is dockerd, not the shell.
        self.do("pgrep -x dockerd > /run/recipe.pid")

    def start_door(self) -> None:
        self.door.wait_for(lambda: self.shell(f"curl -s --unix-socket {USERS} http://d/_ping").stdout)


def test_a_door_without_systemd_is_what_the_page_says() -> None:
    with started(UnitlessDocker({**SITE, "doors": [{"name": "users"}]})) as docker:
        docker.do("useradd -m -G docker alicia; useradd -m bob")
        before = docker.log_size()
        alicia, bob = (f"setpriv --reuid={name} --regid={name} --init-groups" for name in ("alicia", "bob"))
        docker.do(f"{alicia} docker run --rm busybox true")
        assert "permission denied" in docker.shell(f"{bob} docker ps").stderr
        assert "permission denied" in docker.shell(f"{alicia} docker -H unix://{docker.SOCKET} ps").stderr

        assert docker.who(before) == {("unix:alicia", "door")}
