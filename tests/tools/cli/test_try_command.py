"""`portero try`: what it prints of a real client's requests, its exit status, and what it does not run."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import Result

from tests.tools.cli.running import fault_of, portero
from tests.tools.compose.test_requests import needs_compose

needs_docker = pytest.mark.skipif(shutil.which("docker") is None, reason="needs the docker command")


def tried(*words: str) -> Result:
    return portero("try", "--host-root", "none", "--profile", "baseline", *words)


@needs_docker
def test_an_allowed_command_goes_through_all_its_requests() -> None:
    result = tried("--", "docker", "run", "--rm", "busybox", "true")

    assert result.exit_code == 0
    assert [line.removeprefix("allowed  ") for line in result.output.splitlines() if not line.startswith(" ")] == [
        *("SystemPingHead", "ContainerCreate of busybox", "ContainerAttach", "ContainerWait", "ContainerStart"),
        "5 requests, 0 denied",
    ]


@needs_docker
def test_a_refused_command_ends_with_reason_and_remedy() -> None:
    words = ("docker", "run", "--privileged", "busybox")
    result, every, document = tried(*words), tried("--all", *words), json.loads(tried("--json", *words).output)

    assert result.exit_code == every.exit_code == 1
    assert "DENIED   ContainerCreate of busybox\n  no-privileged  HostConfig.Privileged: a priv" in result.output
    assert "\n  try: docker run " in result.output
    assert "2 requests, 1 denied\nthe command may have stopped at a denial" in result.output
    assert "allowed  ContainerStart" in every.output
    assert "may have stopped" not in every.output
    create = document["requests"][1]
    assert (document["allowed"], document["status"]) == (False, 125)
    assert (create["operation"], create["allowed"]) == ("ContainerCreate", False)
    assert create["violations"][0]["rule"] == "no-privileged"
    assert set(create["violations"][0]["remedy"]) == {"docker", "compose"}


@needs_docker
@pytest.mark.parametrize(
    ("image", "named"),
    [
        *((image, image) for image in ("moby/buildkit:buildx-stable-1", "docker:dind", "docker:27-dind-rootless")),
        *((image, image) for image in ("kindest/node:v1.31.0", "rancher/k3s:v1.31.1-k3s1")),
        ("docker.io/library/docker:dind", "docker:dind"),
        *(
            (image, "")
            for image in ("busybox", "docker:cli", "registry.example.com/moby/buildkit", "rancher/shell:v0.2")
        ),
    ],
)
def test_an_image_that_cannot_work_without_privileges_gets_no_command_that_is_allowed(image: str, named: str) -> None:
    words = ("docker", "run", "--privileged", image)
    result, document = tried(*words), json.loads(tried("--json", *words).output)

    assert (result.exit_code, document["allowed"]) == (1, False)
    useless = f"{named} does not work without --privileged: run it on a host of its own, or ask for an exception"
    assert (result.stdout.splitlines()[-1] == useless) is bool(named)
    assert ("this command is allowed:" in result.stdout) is not bool(named)
    assert document["corrected"] == (None if named else f"docker run {image}")


@needs_docker
def test_such_an_image_that_is_denied_for_something_else_gets_a_command() -> None:
    result = tried("docker", "run", "--pid", "host", "docker:dind")

    assert result.stdout.endswith("this command is allowed:\ndocker run docker:dind\n")


@needs_docker
def test_a_terminal_is_there_when_the_command_asks_for_one() -> None:
    assert tried("docker", "run", "-it", "busybox", "sh").exit_code == 0


@needs_docker
def test_what_the_proposal_leaves_open_is_named_beside_it() -> None:
    result = tried("--profile", "restricted", "--", "docker", "run", "busybox")

    assert "\n  then still denied by: image-tag, no-default-bridge\n" in result.stdout


@needs_docker
def test_the_same_reason_is_given_once() -> None:
    script = "docker create --privileged busybox; docker create --privileged busybox:1.36"

    result = tried("--any", "--all", "bash", "-c", script)

    assert result.output.count("can take over the host. Drop") == 1
    assert "DENIED   ContainerCreate of busybox:1.36\n  as above\n" in result.output


@needs_docker
def test_what_the_command_says_is_shown_only_when_asked_for() -> None:
    assert tried("docker", "version").stderr == ""
    assert "Client:" in tried("--verbose", "docker", "version").stderr


@needs_docker
def test_a_command_that_fails_by_itself_could_not_be_tried() -> None:
    result = tried("docker", "run", "--nosuch", "busybox")

    assert (result.exit_code, result.output) == (
        2,
        "portero: docker asked the daemon for nothing: unknown flag: --nosuch / See 'docker run --help'.\n",
    )


@needs_docker
def test_a_failure_of_the_clients_own_after_allowed_requests_is_reported() -> None:
    result = tried("docker", "cp", "web:/etc/passwd", "/tmp/passwd")

    assert result.exit_code == 0
    assert "the command itself failed with status 1: " in result.output
    assert not Path("/tmp/passwd").exists()


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_a_command_that_is_still_running_is_ended_and_reported() -> None:
    script = "exec 3<>/dev/null; curl --silent --unix-socket ${DOCKER_HOST#unix://} http://d/version >&2; sleep 30"

    result = tried("--any", "--timeout", "1", "bash", "-c", script)

    assert result.exit_code == 0
    assert "the command was still running at its timeout" in result.output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["docker", "-H", "tcp://x", "ps"], "-H: would use a real daemon instead of the stand-in"),
        (["sudo", "docker", "ps"], "sudo: not docker or docker-compose; add --any"),
        (["docker", "logout"], "docker logout: does not ask the daemon"),
        (["--any", "no-such-command"], "no-such-command: No such file or directory; is it installed?"),
        (["--any", "true"], "true asked the daemon for nothing: no output"),
    ],
)
def test_what_cannot_be_tried_ends_with_two(words: list[str], sentence: str) -> None:
    assert sentence in fault_of(tried(*words))


@needs_docker
def test_mode_audit_of_the_environment_does_not_hide_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTERO_MODE", "audit")

    assert tried("docker", "create", "--privileged", "busybox").exit_code == 1


@needs_compose
@needs_docker
@pytest.mark.parametrize("command", [("docker-compose",), ("docker", "compose")], ids=" ".join)
def test_a_compose_project_with_external_parts_and_a_job_comes_up(tmp_path: Path, command: tuple[str, ...]) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(
        "services:\n"
        "  migrate: {image: app, command: migrate}\n"
        "  web: {image: app, networks: [shared], depends_on: {migrate: {condition: service_completed_successfully}}}\n"
        "networks: {shared: {external: true}}\n"
    )

    result = tried("--", *command, "-f", str(file), "up")

    assert result.exit_code == 0
    assert result.output.count("allowed  ContainerStart") == 2
