"""Settings: config.json < environment < command line, and one sentence for everything that cannot be used."""

import dataclasses
import json
from pathlib import Path

import pytest

from portero.observe.process import package_files
from portero.serve.settings.own_files import list_deciding
from portero.serve.settings.settings import InvalidSettings, Settings, find_user_defaults, name_variable
from tests.cases import cases


def manifest() -> dict[str, object]:
    document = json.loads(package_files.manifest().read_text())
    assert isinstance(document, dict)
    return document


def test_every_setting_of_the_manifest_is_a_field_and_the_reverse() -> None:
    listed = [entry["name"] for entry in manifest()["env"]]  # type: ignore[attr-defined]

    # `texts` is what they were read from.
    assert [*listed, "PORTERO_TEXTS"] == [name_variable(field.name) for field in dataclasses.fields(Settings)]


def test_every_setting_is_described_and_can_be_set() -> None:
    for entry in manifest()["env"]:  # type: ignore[attr-defined]
        assert sorted(entry) == ["description", "name", "settable", "value"], entry
        assert entry["settable"] == ["value"]
        assert len(entry["description"]) > 10


def test_the_manifest_asks_dockerd_for_no_power_over_the_host() -> None:
    document = manifest()

    assert document["network"] == {"type": "none"}
    assert document["linux"] == {"capabilities": [], "allowAllDevices": False, "devices": []}
    # Folders of the host are mounted where the operator names them, and read-only.
    mounts = document["mounts"]
    assert isinstance(mounts, list)
    assert {mount["name"]: (mount["source"], mount["destination"]) for mount in mounts} == {
        "policy": ("/usr/share", "/etc/portero"),
        "daemon-config": ("/usr/share", "/host/etc/docker"),
        "docker-socket": ("/dev/null", "/run/docker.sock"),
        "network": ("/proc/1/net", "/host/proc/net"),
    }
    assert all("ro" in mount["options"] and mount["settable"] == ["source"] for mount in mounts)
    assert document["interface"] == {"types": ["docker.authz/1.0"], "socket": "portero.sock"}
    assert document["entrypoint"] == ["portero", "serve"]


def test_without_words_the_defaults_of_the_manifest_hold() -> None:
    settings = Settings.read({}, {})

    assert settings == Settings(
        socket=Path("/run/docker/plugins/portero.sock"),
        schemas=(),
        profile="hardened",
        audit_profile="auto",
        mode="enforce",
        log="-",
        log_failure="deny",
        log_sync="off",
        log_reads="all",
        docker_host=None,
        lookups="auto",
        host_root="auto",
        daemon_config=None,
        threads=32,
        trusted_keys=(),
        host_groups=(),
        state=Path("/var/lib/portero/signed-versions.json"),
        allow_rollback="no",
        bundle="",
        bundle_folder=Path("/var/lib/portero-bundle"),
        bundle_max_age=1200,
        bundle_hosts=(),
        bundle_login=None,
        bundle_ca=None,
        images=Path("/var/lib/portero-images"),
        record=None,
        record_max=100 << 20,
    )


def test_the_environment_overrides_the_manifest() -> None:
    environ = {"PORTERO_PROFILE": "baseline", "PORTERO_SCHEMAS": "/etc/portero:/srv/policy", "PATH": "/bin"}

    settings = Settings.read(environ, {})

    assert settings.profile == "baseline"
    assert settings.schemas == (Path("/etc/portero"), Path("/srv/policy"))


def test_the_command_line_overrides_the_environment() -> None:
    settings = Settings.read({"PORTERO_PROFILE": "baseline", "PORTERO_THREADS": "8"}, {"profile": "restricted"})

    assert (settings.profile, settings.threads) == ("restricted", 8)


def test_the_built_in_policy_comes_before_the_sites_own() -> None:
    settings = Settings.read({"PORTERO_SCHEMAS": "/etc/portero"}, {})

    assert settings.policy_folders == (package_files.schemas(), Path("/etc/portero"))


@pytest.mark.parametrize(("name", "text", "cure"), cases(__file__, "unusable-values.jsonl"))
def test_a_value_that_cannot_be_used_is_refused_with_the_settings_name_and_the_cure(
    name: str, text: str, cure: str
) -> None:
    with pytest.raises(InvalidSettings) as refused:
        Settings.read({name: text}, {})

    (fault,) = refused.value.faults
    assert fault.startswith(f"{name}: ")
    assert cure in fault


def test_a_misspelt_variable_is_refused_rather_than_ignored() -> None:
    with pytest.raises(InvalidSettings) as refused:
        Settings.read({"PORTERO_PROFLE": "restricted", "PORTERO_XYZ": ""}, {})

    close, far = refused.value.faults
    assert close == "PORTERO_PROFLE: unknown setting: did you mean 'PORTERO_PROFILE'?"
    assert far.startswith("PORTERO_XYZ: unknown setting; use one of PORTERO_SOCKET, ")


def test_all_faults_are_reported_at_once_each_as_it_was_given() -> None:
    with pytest.raises(InvalidSettings) as refused:
        Settings.read({"PORTERO_MODE": "x", "PORTERO_PROFILE": "hardened"}, {"profile": "y", "audit_profile": "z"})

    assert [fault.split(":")[0] for fault in refused.value.faults] == ["--audit-profile", "--profile", "PORTERO_MODE"]


def test_the_places_that_may_be_named_or_left_open_are_read() -> None:
    settings = Settings.read(
        {"PORTERO_DOCKER_HOST": "", "PORTERO_HOST_ROOT": "/host", "PORTERO_LOG": "decisions.jsonl"}, {}
    )

    assert (settings.docker_host, settings.host_root, settings.log) == (None, Path("/host"), "decisions.jsonl")
    assert Settings.read({"PORTERO_HOST_ROOT": "none"}, {}).host_root == "none"


def test_keys_and_the_recording_are_read() -> None:
    settings = Settings.read(
        {
            "PORTERO_TRUSTED_KEYS": "/etc/portero/alice.pub:/etc/portero/bob.pub",
            "PORTERO_RECORD": "/var/log/portero/requests.jsonl",
            "PORTERO_RECORD_MAX": "2g",
        },
        {},
    )

    assert settings.trusted_keys == (Path("/etc/portero/alice.pub"), Path("/etc/portero/bob.pub"))
    assert settings.record == Path("/var/log/portero/requests.jsonl")
    assert settings.record_max == 2 << 30


@pytest.mark.parametrize(
    ("profile", "audit_profile", "reported"),
    [
        ("baseline", "auto", "hardened"),
        ("hardened", "auto", "restricted"),
        ("restricted", "auto", ""),
        ("baseline", "restricted", "restricted"),
        ("hardened", "none", ""),
        ("hardened", "hardened", ""),
        ("restricted", "hardened", ""),
    ],
)
def test_the_audit_profile_is_the_next_stricter_one_unless_another_is_named(
    profile: str, audit_profile: str, reported: str
) -> None:
    settings = Settings.read({"PORTERO_AUDIT_PROFILE": audit_profile}, {"profile": profile})

    assert settings.reported_profile == reported


def test_a_bundle_needs_those_who_may_sign_it_and_its_folder_is_policy() -> None:
    with pytest.raises(InvalidSettings) as caught:
        Settings.read({"PORTERO_BUNDLE": "oci://registry.example.com/policy:prod"}, {})
    assert "needs PORTERO_TRUSTED_KEYS and PORTERO_HOST_GROUPS" in caught.value.faults[0]

    keys = {"PORTERO_TRUSTED_KEYS": "/etc/portero/alice.pub", "PORTERO_HOST_GROUPS": "web", "PORTERO_SCHEMAS": "/srv/x"}
    settings = Settings.read({"PORTERO_BUNDLE": "oci://registry.example.com/policy:prod", **keys}, {})

    assert settings.schemas == (Path("/srv/x"), Path("/var/lib/portero-bundle/current"))


ALICE = {"HOME": "/home/alice", "XDG_RUNTIME_DIR": "/run/user/1000"}


def test_root_keeps_the_defaults_of_the_manifest() -> None:
    assert find_user_defaults(ALICE, 0) == {}


def test_an_ordinary_user_gets_folders_that_the_user_may_write() -> None:
    assert find_user_defaults(ALICE, 1000) == {
        "PORTERO_SOCKET": "/run/user/1000/portero/portero.sock",
        "PORTERO_LOG": "/home/alice/.local/state/portero/decisions.jsonl",
        "PORTERO_BUNDLE_FOLDER": "/home/alice/.local/state/portero/bundle",
        "PORTERO_IMAGES": "/home/alice/.local/state/portero/images",
        "PORTERO_STATE": "/home/alice/.local/state/portero/signed-versions.json",
    }


def test_the_xdg_variables_move_them_and_a_relative_one_is_ignored() -> None:
    moved = find_user_defaults({**ALICE, "XDG_STATE_HOME": "/srv/state", "XDG_RUNTIME_DIR": "run"}, 1000)

    assert moved["PORTERO_LOG"] == "/srv/state/portero/decisions.jsonl"
    assert moved["PORTERO_SOCKET"] == "/run/user/1000/portero/portero.sock"


def test_environment_and_options_go_over_a_user_s_defaults() -> None:
    settings = Settings.read({**ALICE, "PORTERO_LOG": "-"}, {"socket": "/srv/portero.sock"}, 1000)

    assert (settings.log, settings.socket) == ("-", Path("/srv/portero.sock"))
    assert settings.state == Path("/home/alice/.local/state/portero/signed-versions.json")


def test_the_policy_has_one_folder_under_two_names() -> None:
    named = Settings.read({"PORTERO_POLICY": "/etc/portero/policy", "PORTERO_SCHEMAS": ""}, {})
    older = Settings.read({"PORTERO_SCHEMAS": "/etc/portero/policy"}, {})

    assert named.schemas == older.schemas == (Path("/etc/portero/policy"),)
    assert Settings.read({"PORTERO_POLICY": "/a", "PORTERO_SCHEMAS": "/a"}, {}).schemas == (Path("/a"),)
    with pytest.raises(InvalidSettings, match="PORTERO_POLICY: PORTERO_SCHEMAS is its older name, and says otherwise"):
        Settings.read({"PORTERO_POLICY": "/a", "PORTERO_SCHEMAS": "/b"}, {})


@pytest.mark.parametrize(
    ("state", "folder"),
    [
        ("/var/lib/portero/versions.json", "/var/lib/portero-door"),
        ("/home/alice/.local/state/portero/versions.json", "/home/alice/.local/state/portero-door"),
        ("/var/lib/portero/alice/versions.json", "/var/lib/portero-door-alice"),
    ],
)
def test_the_door_of_each_docker_has_a_private_key_of_its_own(state: str, folder: str) -> None:
    settings = Settings.read({}, {"state": state})

    assert settings.door_folder == Path(folder)
    assert folder in list_deciding(settings)
