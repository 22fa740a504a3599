"""Compose in its sandbox: ordinary projects are read as before, and what stops it is told in one sentence."""

import json
import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from portero.tools.compose import compose_program, run
from portero.tools.compose.run import NoSandbox, Sandbox
from portero.tools.recording.request_files import InvalidRequestFile
from portero.tools.standin import docker_command
from portero.tools.standin.docker_command import Ended
from tests.tools.cli.running import check, fault_of, portero
from tests.tools.compose.test_requests import needs_compose

AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
LIMITS = {"data": 300 << 20, "cpu": 10, "fsize": 8 << 20, "nofile": 256, "core": 0}
SYSTEM = [path for path in ("/usr", "/bin", "/lib", "/lib64") if os.path.exists(path)]
PYTHON = shutil.which("python3", path="/usr/bin") or "python3"


def write_program(path: Path, content: str = "\x7fELF") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    path.chmod(0o755)
    return path


def test_compose_on_the_path_is_found_before_the_plugin_and_links_are_followed(tmp_path: Path) -> None:
    write_program(tmp_path / "home" / ".docker" / "cli-plugins" / "docker-compose")
    real = write_program(tmp_path / "real")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "docker-compose").symlink_to(real)

    assert compose_program.find_compose({"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path / "home")}) == str(real)


@pytest.mark.parametrize("environ", [{"HOME": "{}"}, {"DOCKER_CONFIG": "{}/.docker", "HOME": "/nonexistent"}])
def test_a_plugin_of_the_user_is_found(tmp_path: Path, environ: dict[str, str]) -> None:
    plugin = write_program(tmp_path / ".docker" / "cli-plugins" / "docker-compose")

    given = {name: value.format(tmp_path) for name, value in environ.items()}

    assert compose_program.find_compose({"PATH": "/nonexistent"} | given) == str(plugin)


class ConfinedProject:
    """Runs commands in the sandbox of a project: as root in both of its ways, or as another user."""

    def __init__(self, folder: Path, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.project = folder / "project"
        self.project.mkdir()
        if user != "who runs the tests" and os.geteuid() != 0:
            pytest.skip("needs root")
        monkeypatch.setattr(run, "_needs_no_user_namespace", lambda _: user == "root without a user namespace")
        self.before = AS_NOBODY if user == "nobody" else ()
        if self.before:
            os.chown(self.project, 65534, 65534)
            for path in (folder, *folder.parents[:-1]):
                path.chmod(path.stat().st_mode | 0o011)

    def command(self, *words: str, shown: Sequence[str] = ()) -> list[str]:
        environ = {"PATH": "/usr/bin:/bin"}
        confined = run.confine_command(LIMITS, SYSTEM, [str(self.project), *shown], str(self.project), environ)
        return [*self.before, *confined, *words]

    def run(self, *words: str, shown: Sequence[str] = ()) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(self.command(*words, shown=shown), capture_output=True, text=True, timeout=30)

    def shell(self, script: str) -> "subprocess.CompletedProcess[str]":
        return self.run("/bin/sh", "-c", script)

    def python(self, script: str) -> "subprocess.CompletedProcess[str]":
        return self.run(PYTHON, "-c", script)


@pytest.fixture(params=["who runs the tests", "root without a user namespace", "nobody"])
def sandbox(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ConfinedProject:
    if run.list_missing_packages():
        pytest.skip("needs bubblewrap")
    return ConfinedProject(tmp_path, request.param, monkeypatch)


def test_the_root_folder_holds_what_is_shown_and_nothing_else(sandbox: ConfinedProject) -> None:
    ended = sandbox.shell("ls -A /; ls -A /dev; ls -A $PWD/..")

    assert (ended.returncode, ended.stderr) == (0, "")
    own = ["dev", "tmp", run.HOME[1:], sandbox.project.parts[1]]
    assert set(ended.stdout.split()) == {*own, *(path[1:] for path in SYSTEM), "null", "project"}


def test_what_is_shown_cannot_be_written(sandbox: ConfinedProject) -> None:
    ended = sandbox.shell(f"echo x > $PWD/x; echo x > /usr/x; echo x > /x; touch {run.HOME}/x /tmp/x && echo own")

    assert ended.stderr.count("Read-only file system") == 3
    assert ended.stdout == "own\n"
    assert list(sandbox.project.iterdir()) == []


def test_a_program_of_the_project_may_do_no_more_than_any_other(sandbox: ConfinedProject) -> None:
    evil = sandbox.project / "evil"
    evil.write_text("#!/bin/sh\nmount -t tmpfs x /tmp\necho x > x\n")
    evil.chmod(0o4755)

    ended = sandbox.run("./evil")

    assert "mount: /tmp: " in ended.stderr
    assert "Read-only file system" in ended.stderr


def test_there_is_no_network_not_even_loopback(sandbox: ConfinedProject) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind(name := f"\0portero-test-{os.getpid()}")
        abstract.listen()
        dialled = f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), 2)"
        reached = f"import socket; socket.socket(socket.AF_UNIX).connect({name!r})"

        assert sandbox.python(dialled).stderr.endswith(("Network is unreachable\n", "Connection refused\n"))
        assert sandbox.python(reached).stderr.endswith("Connection refused\n")


def test_no_capability_is_left_and_no_program_gets_one(sandbox: ConfinedProject) -> None:
    ended = sandbox.shell("mount -t tmpfs x /tmp; /usr/sbin/chroot / /bin/true; setpriv --dump | grep -v bounding")

    # What mount says to root, and to anybody else.
    assert "mount: /tmp: permission denied" in ended.stderr or "must be superuser to use mount" in ended.stderr
    assert "cannot change root directory" in ended.stderr
    assert "no_new_privs: 1" in ended.stdout
    assert "Inheritable capabilities: [none]\nAmbient capabilities: [none]" in ended.stdout


def test_limits_hold_and_cannot_be_raised(sandbox: ConfinedProject) -> None:
    names = {"data": "DATA", "cpu": "CPU", "fsize": "FSIZE", "nofile": "NOFILE", "core": "CORE"}
    read = ", ".join(f"{name!r}: r.getrlimit(r.RLIMIT_{word})" for name, word in names.items())

    found = sandbox.python(f"import json, resource as r; print(json.dumps({{{read}}}))")
    raised = sandbox.python("import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (1024, 1024))")
    large = sandbox.python(f"open('{run.HOME}/x', 'wb').write(bytes(9 << 20))")

    assert json.loads(found.stdout) == {name: [most, most] for name, most in LIMITS.items()}
    assert "not allowed to raise maximum limit" in raised.stderr
    assert "File too large" in large.stderr


def test_what_is_written_is_bounded(sandbox: ConfinedProject) -> None:
    for folder in (run.HOME, "/tmp"):
        filled = sandbox.python(f"[open('{folder}/%d' % i, 'wb').write(bytes(7 << 20)) for i in range(3)]")

        assert "No space left on device" in filled.stderr


def test_only_the_environment_that_is_given_is_there(sandbox: ConfinedProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_TOKEN", "secret-value")

    assert set(sandbox.shell("exec env").stdout.splitlines()) == {"PATH=/usr/bin:/bin", f"PWD={sandbox.project}"}


def test_a_terminal_is_not_the_one_that_controls_the_sandbox(sandbox: ConfinedProject) -> None:
    ours, terminal = pty.openpty()
    controlled = ["setsid", "--wait", "--ctty"]
    ask = [PYTHON, "-c", "import os; os.tcgetpgrp(0)"]

    outside, inside = (
        subprocess.run([*controlled, *command], stdin=terminal, stderr=subprocess.PIPE, text=True, timeout=30)
        for command in (ask, sandbox.command(*ask))
    )

    assert (outside.returncode, outside.stderr) == (0, "")
    assert "Inappropriate ioctl for device" in inside.stderr
    os.close(ours)
    os.close(terminal)


def test_the_status_of_the_program_is_passed_on_and_nothing_runs_in_what_cannot_be_set_up(
    sandbox: ConfinedProject,
) -> None:
    assert sandbox.shell("exit 7").returncode == 7
    ended = sandbox.run("/bin/sh", "-c", "echo ran", shown=["/nonexistent/x"])

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("bwrap: ")


def test_with_the_process_that_started_it_the_sandbox_ends(sandbox: ConfinedProject) -> None:
    command = sandbox.command("/bin/sh", "-c", "echo ready; sleep 60; echo over")
    program = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    starter = subprocess.Popen([sys.executable, "-c", program, *command], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    assert starter.stdout.readline() == "ready\n"

    before = time.monotonic()
    starter.send_signal(signal.SIGKILL)

    # It ends when nothing in the sandbox holds it any more.
    assert starter.stdout.read() == ""
    assert time.monotonic() - before < 10
    starter.stdout.close()
    starter.wait()


@pytest.mark.parametrize(("user", "made", "expected"), [(0, 0, False), (0, 1, True), (65534, 1, False)])
def test_only_root_does_without_a_user_namespace_and_only_where_it_must(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int, made: int, expected: bool
) -> None:
    bwrap = write_program(tmp_path / "bwrap", f"#!/bin/sh\nexit {made}\n")
    monkeypatch.setattr(os, "geteuid", lambda: user)

    assert run._needs_no_user_namespace(str(bwrap)) is expected


FILES = Path(__file__).parent / "compose-files"


@needs_compose
@pytest.mark.parametrize("name", sorted(path.name for path in FILES.glob("*.yaml")))
@pytest.mark.parametrize("options", [[], ["--no-sandbox"]], ids=["sandbox", "no sandbox"])
def test_an_ordinary_project_asks_for_the_same_with_and_without_a_sandbox(name: str, options: list[str]) -> None:
    ended = check(*options, "--format", "json", FILES / name)

    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    counted = json.loads((FILES / "expected.json").read_text())[name]
    assert sorted(f"{line['allowed']} {line['operation']}" for line in lines) == sorted(counted)


@needs_compose
def test_compose_sees_of_the_environment_only_what_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_TOKEN", "secret-value")
    monkeypatch.setenv("TAG", "1.2")
    (tmp_path / "compose.yaml").write_text("services: {a: {image: 'busybox:${TAG:-none}${X:-}${CI_TOKEN:-}'}}")

    for named, image in (((), "busybox:none"), (("--env", "TAG", "--env", "X=b"), "busybox:1.2b")):
        shown = portero("check", "--format", "json", *named, tmp_path / "compose.yaml").stdout
        assert f'"{image}"' in shown.replace("docker.io/library/", "")


def run_ending(monkeypatch: pytest.MonkeyPatch, ended: Ended) -> Ended:
    monkeypatch.setattr(docker_command, "run", lambda *_, **__: ended)
    return Sandbox(("/nonexistent",), (), "/", {}, time.monotonic() + 1).run(["version"], Path("/tmp/x/docker.sock"))


@pytest.mark.parametrize(
    ("ended", "why"),
    [
        (Ended(1, "bwrap: setting up uid map: Permission denied\n"), r"cannot be set up: bwrap: setting.*--no-sandbox"),
        (Ended(2, "fatal error: runtime: out of memory\n"), "more than 300 MiB"),
    ],
    ids=["it cannot be had", "too little memory"],
)
def test_what_ends_a_sandbox_is_told_with_the_way_out_and_any_other_end_is_passed_on(
    monkeypatch: pytest.MonkeyPatch, ended: Ended, why: str
) -> None:
    with pytest.raises(InvalidRequestFile, match=why):
        run_ending(monkeypatch, ended)
    assert run_ending(monkeypatch, Ended(14, "no such file")) == Ended(14, "no such file")


@pytest.mark.parametrize(
    ("present", "cure"),
    [("prlimit", "needs bubblewrap: apt-get install bubblewrap, or use --no-sandbox"), ("bwrap", "util-linux")],
)
def test_without_what_makes_the_sandbox_the_cure_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, present: str, cure: str
) -> None:
    write_program(tmp_path / "bin" / present)
    monkeypatch.setattr(run, "SYSTEM_PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(run, "find_compose", lambda _: "/bin/true")
    (tmp_path / "compose.yaml").write_text("services: {a: {image: busybox}}\n")

    (fault,) = fault_of(portero("check", tmp_path / "compose.yaml")).splitlines()

    assert cure in fault


@pytest.mark.parametrize(
    ("program", "why"),
    [
        (None, "install docker-compose"),
        ("#!/bin/sh\n", "is Compose 1"),
        ("\x7fELF", r"cannot list the libraries of .*install ldd"),
    ],
    ids=["no compose", "compose 1", "no ldd"],
)
def test_without_what_a_sandbox_needs_the_cure_is_told_and_compose_1_runs_only_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str | None, why: str
) -> None:
    found = program and str(write_program(tmp_path / "docker-compose", program))
    monkeypatch.setattr(run, "find_compose", lambda _: found)
    monkeypatch.setattr(compose_program, "SYSTEM_PATH", str(tmp_path))
    monkeypatch.setattr(run, "list_missing_packages", list)

    with pytest.raises(InvalidRequestFile, match=why):
        run.find_runner((), "/", {}, 1.0, sandboxed=True)
    if found:
        assert isinstance(run.find_runner((), "/", {}, 1.0, sandboxed=False), NoSandbox)


@needs_compose
@pytest.mark.parametrize("folder", ["/", "elsewhere"])
def test_try_shows_nothing_of_where_it_is_typed(folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("project", "elsewhere"):
        (tmp_path / name).mkdir()
    secret, file = tmp_path / "elsewhere" / "secret", tmp_path / "project" / "compose.yaml"
    secret.write_text("TOKEN=secret-value\n")
    file.write_text(f"services: {{a: {{image: busybox, env_file: {secret}}}}}\n")
    monkeypatch.chdir(tmp_path / folder)

    assert "not found" in fault_of(portero("try", "--json", "--", "docker-compose", "-f", file, "create"))


@needs_compose
def test_try_takes_relative_names_from_where_it_is_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "compose.yaml").write_text("services: {a: {image: busybox}}\n")
    monkeypatch.chdir(tmp_path)

    words = ["try", "--profile", "baseline", "--", "docker-compose", "-f", "project/compose.yaml", "create"]
    ended = portero(*words)

    assert ended.exit_code == 0, ended.output
    assert "ContainerCreate" in ended.stdout
