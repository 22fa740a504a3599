"""What `portero check` reads of a compose file: all that compose asks a daemon."""

import json
import shutil
from pathlib import Path

import pytest

from tests.tools.cli.running import check, fault_of, portero, refused

needs_compose = pytest.mark.skipif(shutil.which("docker-compose") is None, reason="needs docker-compose")


@needs_compose
def test_every_service_network_and_volume_of_a_compose_file_is_judged(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(
        "services:\n"
        "  web: {image: nginx, privileged: true}\n"
        "  tool: {image: busybox, pid: host, profiles: [debug]}\n"
        "volumes:\n"
        "  data: {driver_opts: {type: none, o: bind, device: /}}\n"
    )

    found = refused(check(str(file), "--json"))

    assert found[f"{file}:2 (web)"] == {"no-privileged"}
    assert found[f"{file}:3 (tool)"] == {"no-host-pid"}
    assert found[f"{file} (default)"] == set()
    assert f"{file}:5 (data)" not in found, "a volume that no service uses is not made"


@needs_compose
def test_each_refused_property_has_its_line(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text("services:\n  web:\n    image: nginx\n    pid: host\n    privileged: true\n")

    result, for_machines = check(str(file)), check(str(file), "--json")

    assert f"{file}:4: it sees and changes the host's processes." in result.output
    assert f"  no-privileged  {file}:5: " in result.output
    violations = json.loads(for_machines.output.splitlines()[0])["violations"]
    assert {each["rule"]: each["line"] for each in violations if each["action"] == "deny"} == {
        "no-host-pid": 4,
        "no-privileged": 5,
    }


@needs_compose
def test_builds_are_judged_by_what_they_ask_for(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    build = "    build: {context: ., network: %s}\n"
    file.write_text(f"services:\n  web:\n{build % 'host'}  db:\n{build % 'default'}")

    found = refused(check(file, "--json", profile="hardened"))

    assert found[f"{file}:2 (web build)"] == {"no-host-network"}
    assert found[f"{file}:4 (db build)"] == set()


@needs_compose
def test_where_the_daemons_configuration_is_known_the_session_of_buildkit_is_judged(tmp_path: Path) -> None:
    file, configuration = tmp_path / "compose.yaml", tmp_path / "daemon.json"
    file.write_text("services: {web: {build: .}}\n")
    configuration.write_text("{}")

    found = refused(check(file, "--json", "--daemon-config", configuration, profile="hardened"))

    assert found[f"{file}:1 (builds)"] == {"unseen-buildkit"}


@needs_compose
def test_a_named_daemon_json_counts_as_in_force_where_no_host_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file, configuration = "compose.yaml", Path("daemon.json")
    Path(file).write_text("services: {web: {build: .}}\n")
    off = dict.fromkeys(("network-host", "security-insecure", "device"), False)
    configuration.write_text(json.dumps({"builder": {"entitlements": off}}))

    def check_builds(root: str) -> set[str]:
        options = ("--host-root", root, "--daemon-config", str(configuration), "--profile", "hardened", "--json")
        return refused(portero("check", file, *options))[f"{file}:1 (builds)"]

    assert check_builds("none") == set()
    assert "unseen-buildkit" in check_builds("/")


@needs_compose
def test_standard_input_is_a_compose_file_of_this_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "web.env").write_text("A=1\n")
    text = "services:\n  web: {image: nginx, env_file: web.env, privileged: true}\n"

    result = portero("check", "--host-root", "none", "--profile", "baseline", "-", text=text)
    wrong = portero("check", "--host-root", "none", "-", text="services: [")

    assert (result.exit_code, result.output.split(":")[:2]) == (1, ["-", "2 (web)"])
    assert (wrong.exit_code, "-: " in wrong.stderr) == (2, True)


@needs_compose
def test_files_profiles_and_env_files_count_as_in_compose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "compose.yaml").write_text(
        "services:\n  web: {image: '${IMAGE:-nginx}'}\n  tool: {image: busybox, profiles: [debug]}\n"
    )
    (tmp_path / "compose.override.yaml").write_text("services: {web: {pid: host}}\n")
    (tmp_path / "prod.env").write_text("IMAGE=caddy\n")

    found = refused(check("--json"))
    chosen = check("--json", "-f", "compose.yaml", "--env-file", "prod.env", "--compose-profile", "other")

    assert found["compose.override.yaml:1 (web)"] == {"no-host-pid"}
    assert found["compose.yaml:3 (tool)"] == set()
    assert [json.loads(line)["image"] for line in chosen.output.splitlines()] == ["caddy", None]


@needs_compose
def test_external_networks_and_volumes_need_not_be_there(tmp_path: Path) -> None:
    file = tmp_path / "compose.yml"
    file.write_text(
        "services: {web: {image: nginx, networks: [shared], volumes: ['data:/data']}}\n"
        "networks: {shared: {external: true}}\n"
        "volumes: {data: {external: true, name: elsewhere}}\n"
    )

    result = check(str(file))

    assert (result.exit_code, result.output.splitlines()[-1]) == (0, "allowed: 1 request")


@needs_compose
def test_a_refused_compose_file_is_an_error_in_the_words_of_compose_or_names_the_file_once(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text("services: {web: {imge: nginx}}\n")
    assert "imge" in fault_of(check(file))

    file.write_text("include: ['ssh://x/y']\nservices: {a: {image: b}}\n")
    assert fault_of(check(file)).count("compose.yaml") == 1


def test_without_compose_a_compose_file_is_not_guessed_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "compose.yaml").write_text("services: {web: {image: nginx}}\n")
    monkeypatch.setattr("portero.tools.compose.run.find_compose", lambda _: None)

    fault = fault_of(check(str(tmp_path / "compose.yaml")))

    assert "Compose files are read by Docker Compose itself: install docker-compose" in fault


@needs_compose
def test_a_token_of_portero_login_is_of_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text("services: {web: {image: nginx}}\n")
    (tmp_path / "config.json").write_text(json.dumps({"HttpHeaders": {"X-Portero-Token": "a.b.c"}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))

    assert set().union(*refused(check(str(file), "--no-sandbox", "--json")).values()) == set()
