"""Rootless dockerd: the recipes of docs/rootless.md, and the door of docs/doors.md, typed word for word."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import rootless
from tests.waiting import wait_until

from .conftest import give_up, need_dockerd
from .decisions import HALT, compare, decide_corpus, decide_guarded, halting
from .guarded import GuardedDocker
from .host import REPOSITORY
from .refusals import refusing
from .replay import PREPARE
from .rootless import HOME, RUNTIME, UID, USER, RootlessDocker

pytestmark = pytest.mark.e2e

PORTERO_SOCKET = f"{RUNTIME}/portero/portero.sock"


def recipe(title: str, page: str = "rootless.md") -> list[str]:
    """The blocks of commands of one section of a page."""
    written = (REPOSITORY / "docs" / page).read_text(encoding="utf-8")
    section = written.partition(f"\n## {title}")[2].partition("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


# What the profile hardened asks of every container.
HARDENED = (
    "-m 64m --memory-swap 64m --cpus 1 --pids-limit 100 --ulimit nofile=1024:2048 --cap-drop ALL --network none "
    "--security-opt no-new-privileges --read-only --user 1000:1000"
)

DOOR_SITE = {"ownership": "owner", "doors": [{"name": "users", "groups": [USER], "label": True}]}


@pytest.fixture
def docker() -> Iterator[RootlessDocker]:
    """A rootless dockerd that nothing guards yet."""
    need_dockerd()
    if reason := rootless.missing():
        give_up(reason)
    with RootlessDocker() as docker:
        yield docker


def follow_recipe_a(docker: RootlessDocker, plugins: tuple[str, ...] = ("portero",), setting: str = "A=b") -> None:
    _, serve, _, configure, _ = recipe("Recipe A")
    configure = configure.replace('["portero"]', json.dumps(plugins))
    for block in (serve, configure):
        done = docker.user(f"export {setting}; {block}")
        assert done.returncode == 0, done.stderr
        wait_until(docker.host.path(PORTERO_SOCKET).exists, "portero did not listen")
    wait_until(lambda: "Reloaded configuration" in docker.daemon_log(), "dockerd did not reload")


def test_recipe_a_guards_a_rootless_dockerd(docker: RootlessDocker) -> None:
    follow_recipe_a(docker)
    status, run = recipe("Recipe A")[-1].splitlines()

    refused, shown = docker.user(run), docker.user(f"{status} --all")

    assert "authorization denied by plugin portero:" in refused.stderr
    assert "no-privileged" in refused.stderr
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert PORTERO_SOCKET in shown.stdout
    [daemon] = json.loads(docker.user("portero status --json").stdout)["daemons"]
    del daemon["pid"]
    assert daemon == {
        "uid": UID,
        "dataRoot": f"{HOME}/.local/share/docker",
        "daemonJson": f"{HOME}/.config/docker/daemon.json",
        "rootless": True,
        "unreadable": [],
        "buildEntitlements": "on",
        "deviceAccess": "closed",
    }
    assert json.loads(docker.root("portero status --json").stdout)["socket"] == PORTERO_SOCKET
    ran = docker.user(f"docker run --rm {HARDENED} busybox echo hello")
    assert (ran.returncode, ran.stdout) == (0, "hello\n"), ran.stderr
    assert '"operation":"ContainerCreate"' in docker.user("cat ~/.local/state/portero/decisions.jsonl").stdout


def use_door(docker: RootlessDocker, serve: str, log: str) -> None:
    """Start the users' door, and see that it stamps, labels and filters."""
    # What it prints would keep this command open.
    assert docker.user(serve.replace("done &", "done > door.log 2>&1 &")).returncode == 0
    wait_until(docker.host.path(f"{RUNTIME}/door/docker.sock").exists, "the door did not listen")
    at_door = "DOCKER_HOST=unix://$XDG_RUNTIME_DIR/door/docker.sock docker"

    refused = docker.user(f"{at_door} run --rm --privileged busybox id")
    made = docker.user(f"{at_door} create --name hers {HARDENED} busybox sleep 60")
    listed = docker.user(f"{at_door} ps --all --format '{{{{.Names}}}} {{{{.Label \"owner\"}}}}'")

    assert "no-privileged" in refusing(refused.stderr)
    assert made.returncode == 0, made.stderr + docker.user("cat door.log").stdout
    assert listed.stdout == f"hers unix:{USER}\n", listed.stderr
    lines = docker.root(f"grep ContainerCreate {log}").stdout.splitlines()
    assert {(one["user"], one["identifiedBy"]) for one in map(json.loads, lines)} == {(f"unix:{USER}", "door")}


def test_the_door_of_a_rootless_dockerd_stamps_its_account_labels_and_filters(docker: RootlessDocker) -> None:
    _of_root, of_a_user = recipe("Without systemd", "doors.md")
    policy = f"{HOME}/.config/portero/policy"
    docker.user(f"mkdir -p {policy} {RUNTIME}/portero-policy; echo '{json.dumps(DOOR_SITE)}' > {policy}/site.json")
    assert docker.user("docker create --name nobodys busybox").returncode == 0
    follow_recipe_a(docker, setting=f"RUNTIME_DIRECTORY={RUNTIME}/portero-policy PORTERO_POLICY={policy}")
    use_door(docker, of_a_user, f"{HOME}/.local/state/portero/decisions.jsonl")


def test_a_rootless_daemons_own_files_are_not_mounted_and_a_copied_up_file_has_its_own_name(
    docker: RootlessDocker,
) -> None:
    follow_recipe_a(docker)
    docker.user("mkdir -p ~/project ~/.config/systemd/user ~/.config/dockerize ~/.local/share/docs")

    def refused(source: str) -> list[str]:
        return refusing(docker.user(f"docker run --rm -v {source}:/x:ro {HARDENED} busybox true").stderr)

    own = (".config/docker", ".config/docker/daemon.json", ".config/systemd/user", ".local/lib/docker", ".config")
    for source in (*(f"{HOME}/{name}" for name in own), RUNTIME):
        assert "protected-paths" in refused(source), source
    for source in (f"{HOME}/.local/share/docker", f"{HOME}/.local/share/docker/volumes", f"{HOME}/.local", HOME):
        assert "docker-data" in refused(source), source
    twins = ("project", ".config/dockerize", ".local/share/docs")
    for source in (f"{HOME}/{name}" for name in twins):
        assert refused(source) == [], source
    assert refused("/etc/timezone") == []
    assert refused("/etc/ssl/certs") == []
    assert "no-sensitive-paths" in refused("/etc/ssl")
    assert "no-sensitive-paths" in refused("/etc/shadow")
    assert "no-sensitive-paths" in refused("/etc")


def test_the_host_check_finds_the_rootless_daemon_as_its_user_and_as_root(docker: RootlessDocker) -> None:
    follow_recipe_a(docker)
    docker.user("mkdir -p ~/.config/cdi && echo org.mobyproject.buildkit.device.autoallow > ~/.config/cdi/all.yaml")
    searched = docker.client.get("/info")["CDISpecDirs"]  # from 29.2 on
    check = "portero host --json --profile restricted"

    for who, checked in (("user", docker.user(check)), ("root", docker.root(check))):
        outcome = json.loads(checked.stdout)
        daemon, access = outcome["host"]["daemon"], outcome["host"]["access"]
        assert daemon["running"]["value"] is True, who
        assert daemon["authorizationPlugins"]["value"] == ["portero"], who
        assert daemon["userNamespaces"]["rootless"]["value"] is True, who
        assert outcome["host"]["storage"]["dataRoot"]["value"] == f"{HOME}/.local/share/docker", who
        assert next(iter(access["sockets"]["value"])) == f"{RUNTIME}/docker.sock", who
        assert access["daemonJson"]["at"] == f"{HOME}/.config/docker/daemon.json", who
        assert outcome["host"]["probes"]["arrive"]["value"] is True, who
        autoallowed = outcome["host"]["builds"]["autoallowed"]["value"]
        assert (f"{HOME}/.config/cdi/all.yaml" in autoallowed) is (f"{HOME}/.config/cdi" in searched), who
        fine = {"guarded-by-portero", "socket-permissions", "daemon-json-permissions", "probes-arrive"}
        assert fine <= {*outcome["passed"]}, who
        assert outcome["host"]["probes"]["arrive"]["at"] == f"decisions of the Portero at {PORTERO_SOCKET}", who
        # Without systemd rootless Docker has no control groups, and enforces nothing.
        assert "daemon-enforces-limits" in {finding["rule"] for finding in outcome["findings"]}, who


# No second daemon of root listens at /srv/engine/api of this host.
NOT_LISTENING = {"bind-srv-engine-api-ro", "bind-srv-engine-ro", "bind-srv-ro", "mount-engine"}


def test_a_rootless_daemon_is_judged_as_one_of_root(docker: RootlessDocker, own_docker: GuardedDocker) -> None:
    on_host = decide_guarded(own_docker)
    socket = f"{RUNTIME}/{HALT}.sock"
    docker.root(PREPARE)
    spec = f"mkdir -p ~/.local/lib/docker/plugins; echo unix://{socket} > ~/.local/lib/docker/plugins/{HALT}.spec"
    assert docker.user(spec).returncode == 0
    with halting(docker.host, socket, "setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups"):
        follow_recipe_a(docker, ("portero", HALT), "PORTERO_PROFILE=baseline")

        different = compare(on_host, decide_corpus(docker))

    assert len(on_host) > 480
    assert {name: rules for name, rules in different.items() if name not in NOT_LISTENING} == {}


def unit(kind: str, setting: str) -> list[str]:
    """The values of a setting in recipe B's unit, for alice."""
    text = (REPOSITORY / "packaging" / "systemd" / f"portero-rootless@.{kind}").read_text(encoding="utf-8")
    return [value.replace("%i", USER) for value in re.findall(rf"^{setting}=(.*)$", text, re.MULTILINE)]


def follow_recipe_b(docker: RootlessDocker) -> None:
    as_root, configure = recipe("Recipe B")
    for line in as_root.splitlines():
        assert "system" in line or docker.root(line).returncode == 0, line
    start_units(docker)
    write, _restart = configure.splitlines()
    assert docker.user(f"mkdir -p ~/.config/docker; {write}").returncode == 0
    docker.stop_dockerd()
    docker.start()


def start_units(docker: RootlessDocker) -> None:
    """Do what systemd does with recipe B's units: a throw-away host has none."""
    [run] = (f"/run/{name}" for name in unit("service", "RuntimeDirectory"))
    assert docker.root(f"mkdir -p {run}").returncode == 0
    [socket], [owner], [mode] = (unit("socket", name) for name in ("ListenStream", "SocketUser", "SocketMode"))
    [command], [variables] = unit("service", "ExecStart"), unit("service", "EnvironmentFile")
    environment = " ".join([*unit("service", "Environment"), f"RUNTIME_DIRECTORY={run}"])
    docker.start_plugin(f"set -a; . {variables.lstrip('-')}; exec env {environment} PORTERO_SOCKET={socket} {command}")
    wait_until(docker.host.path(socket).exists, "portero did not listen")
    assert (
        docker.root(f"chown {owner} {socket}; chmod {mode} {socket}; chmod 755 {Path(socket).parent}").returncode == 0
    )


def test_recipe_b_guards_a_rootless_dockerd_with_a_policy_of_root_s(docker: RootlessDocker) -> None:
    follow_recipe_b(docker)

    refused = docker.user("docker run --rm --privileged busybox id")
    assert "authorization denied by plugin portero-alice:" in refused.stderr, refused.stderr + docker.logs()
    ran = docker.user(f"docker run --rm {HARDENED} busybox echo hello")
    assert (ran.returncode, ran.stdout) == (0, "hello\n"), ran.stderr
    assert docker.user("cat /var/log/portero/alice/decisions.jsonl").returncode != 0
    assert '"operation":"ContainerCreate"' in docker.root("cat /var/log/portero/alice/decisions.jsonl").stdout


def test_a_door_of_the_account_works_where_root_s_portero_judges(docker: RootlessDocker) -> None:
    docker.root(
        f"mkdir -p /etc/portero/alice/policy; echo '{json.dumps(DOOR_SITE)}' > /etc/portero/alice/policy/site.json"
    )
    docker.root("echo PORTERO_POLICY=/etc/portero/alice/policy > /etc/portero/alice/environment")
    assert docker.user("docker create --name nobodys busybox").returncode == 0
    page = " ".join((REPOSITORY / "docs" / "doors.md").read_text(encoding="utf-8").split())
    make_key, options = re.findall(r"`(portero door key --account alice .*?|--key .*?)`", page)
    assert docker.root(make_key).returncode == 0
    follow_recipe_b(docker)
    _of_root, of_a_user = recipe("Without systemd", "doors.md")
    serve = re.sub(r"--key \S+.*?--owners \S+", options, of_a_user.partition("\n")[2], flags=re.DOTALL)
    use_door(docker, serve, "/var/log/portero/alice/decisions.jsonl")
