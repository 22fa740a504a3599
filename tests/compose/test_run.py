"""Compose in its sandbox: ordinary projects are read as before, and what stops it is told in one sentence."""

import json
import shutil
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from portero.cli import main
from portero.compose import bubblewrap, run
from portero.compose.run import NoSandbox, Sandbox, SandboxError
from portero.standin import docker_client
from portero.standin.docker_client import Ended

FILES = Path(__file__).parent / "compose-files"
needs_compose = pytest.mark.skipif(shutil.which("docker-compose") is None, reason="needs docker-compose")


@needs_compose
@pytest.mark.parametrize("name", sorted(path.name for path in FILES.glob("*.yaml")))
@pytest.mark.parametrize("options", [[], ["--no-sandbox"]], ids=["sandbox", "no sandbox"])
def test_an_ordinary_project_asks_for_the_same_with_and_without_a_sandbox(name: str, options: list[str]) -> None:
    words = ["check", *options, "--host-root", "none", "--profile", "baseline", "--format", "json", str(FILES / name)]

    ended = CliRunner().invoke(main, words)

    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    counted = json.loads((FILES / "expected.json").read_text())[name]
    assert sorted(f"{line['allowed']} {line['operation']}" for line in lines) == sorted(counted)


@needs_compose
def test_compose_sees_of_the_environment_only_what_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_TOKEN", "secret-value")
    monkeypatch.setenv("TAG", "1.2")
    (tmp_path / "compose.yaml").write_text("services: {a: {image: 'busybox:${TAG:-none}${X:-}${CI_TOKEN:-}'}}")

    plain = CliRunner().invoke(main, ["check", "--format", "json", str(tmp_path / "compose.yaml")])
    named = CliRunner().invoke(
        main, ["check", "--format", "json", "--env", "TAG", "--env", "X=b", str(tmp_path / "compose.yaml")]
    )

    assert '"busybox:none"' in plain.stdout.replace("docker.io/library/", "")
    assert '"busybox:1.2b"' in named.stdout.replace("docker.io/library/", "")


def run_ending(monkeypatch: pytest.MonkeyPatch, ended: Ended) -> Ended:
    monkeypatch.setattr(docker_client, "run", lambda *_, **__: ended)
    return Sandbox(("/nonexistent",), (), "/", {}, time.monotonic() + 1).run(["version"], Path("/tmp/x/docker.sock"))


def test_a_sandbox_that_cannot_be_had_is_reported_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SandboxError, match=r"cannot be set up: bwrap: setting up uid map.*--no-sandbox"):
        run_ending(monkeypatch, Ended(1, "bwrap: setting up uid map: Permission denied\n"))


@pytest.mark.parametrize(
    ("present", "cure"),
    [(["prlimit"], "needs bubblewrap: apt-get install bubblewrap, or use --no-sandbox"), (["bwrap"], "util-linux")],
)
def test_without_what_makes_the_sandbox_the_cure_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, present: list[str], cure: str
) -> None:
    system, project = tmp_path / "bin", tmp_path / "compose.yaml"
    system.mkdir()
    for name in present:
        (system / name).symlink_to("/bin/true")
    monkeypatch.setattr(bubblewrap, "_SYSTEM_PATH", str(system))
    monkeypatch.setattr(bubblewrap, "find_compose", lambda _: "/bin/true")
    project.write_text("services: {a: {image: busybox}}\n")

    ended = CliRunner().invoke(main, ["check", str(project)])

    assert ended.exit_code == 2
    assert len(ended.stderr.splitlines()) == 1
    assert cure in ended.stderr


def test_too_little_memory_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SandboxError, match="more than 300 MiB"):
        run_ending(monkeypatch, Ended(2, "fatal error: runtime: out of memory\n"))


def test_any_other_end_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_ending(monkeypatch, Ended(14, "no such file")) == Ended(14, "no such file")


def test_without_compose_the_cure_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run.bubblewrap, "find_compose", lambda _: None)

    with pytest.raises(SandboxError, match="install docker-compose"):
        run.find_runner((), "/", {}, 1.0, sandboxed=True)


def test_compose_1_runs_only_without_a_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "docker-compose"
    program.write_text("#!/bin/sh\n")
    monkeypatch.setattr(run.bubblewrap, "find_compose", lambda _: str(program))

    with pytest.raises(SandboxError, match="is Compose 1"):
        run.find_runner((), "/", {}, 1.0, sandboxed=True)
    assert isinstance(run.find_runner((), "/", {}, 1.0, sandboxed=False), NoSandbox)


def test_without_ldd_the_cure_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "docker-compose"
    program.write_text("\x7fELF")
    monkeypatch.setattr(run.bubblewrap, "find_compose", lambda _: str(program))
    monkeypatch.setattr(run.bubblewrap, "_SYSTEM_PATH", str(tmp_path))
    monkeypatch.setattr(run.bubblewrap, "list_missing_packages", list)

    with pytest.raises(SandboxError, match=r"cannot list the libraries of .*install ldd"):
        run.find_runner((), "/", {}, 1.0, sandboxed=True)


@needs_compose
@pytest.mark.parametrize("folder", ["/", "elsewhere"])
def test_try_shows_nothing_of_the_folder_where_it_is_typed(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("project", "elsewhere"):
        (tmp_path / name).mkdir()
    secret = tmp_path / "elsewhere" / "secret"
    secret.write_text("TOKEN=secret-value\n")
    file = tmp_path / "project" / "compose.yaml"
    file.write_text(f"services: {{a: {{image: busybox, env_file: {secret}}}}}\n")
    monkeypatch.chdir(tmp_path / folder)

    ended = CliRunner().invoke(main, ["try", "--json", "--", "docker-compose", "-f", str(file), "create"])

    assert ended.exit_code == 2
    assert "not found" in ended.stderr


@needs_compose
def test_try_takes_relative_names_from_the_folder_where_it_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "compose.yaml").write_text("services: {a: {image: busybox}}\n")
    monkeypatch.chdir(tmp_path)

    words = ["try", "--profile", "baseline", "--", "docker-compose", "-f", "project/compose.yaml", "create"]
    ended = CliRunner().invoke(main, words)

    assert ended.exit_code == 0, ended.output
    assert "ContainerCreate" in ended.stdout
