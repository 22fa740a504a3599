"""Security options are read as dockerd reads them, unknown ones are found, and so is what newer versions mask."""

import base64
import hashlib
from collections.abc import Sequence
from typing import Any

import pytest

from portero.decide.facts import security
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused
from portero.observe.host.fixed_host import FixedHost

PROFILE = '{"defaultAction":"SCMP_ACT_ALLOW"}'
SHA256 = hashlib.sha256(PROFILE.encode()).hexdigest()
FIRST = "HostConfig.SecurityOpt[0]"
PRIVILEGES = "TaskTemplate.ContainerSpec.Privileges"
THERMAL = "/sys/devices/system/cpu/cpu0/thermal_throttle"
HOST = FixedHost()
WITHOUT_THERMAL = FixedHost({"kinds": {THERMAL: "missing"}})


# Nothing is set for SELinux.
SELINUX = {"disabled": False, "user": "", "role": "", "type": "", "level": ""}


def of_options(*options: str) -> dict[str, Any]:
    listed: list[JSON] = [*options]
    return security.read_create({"SecurityOpt": listed})


def of_privileges(**privileges: JSON) -> dict[str, Any]:
    return security.read_service({"Privileges": privileges})


def test_nothing_set_is_docker_s_default() -> None:
    nowhere = "HostConfig.SecurityOpt"

    assert security.read_create({}) == {
        "capabilities": {"add": [], "drop": []},
        "seccomp": {"profile": "default", "sha256": None, "at": nowhere},
        "apparmor": {"profile": "", "at": nowhere},
        "selinux": {**SELINUX, "at": nowhere},
        "noNewPrivileges": {"value": None, "at": nowhere},
        "securityOptionsUnknown": [],
        "maskedPaths": {"missing": [], "at": "HostConfig.MaskedPaths"},
        "readonlyPaths": {"missing": [], "at": "HostConfig.ReadonlyPaths"},
    }


def test_a_colon_before_the_equals_sign_does_not_separate() -> None:
    found = of_options(f"seccomp:{PROFILE}=")

    assert found["seccomp"]["profile"] == "default"
    assert found["securityOptionsUnknown"] == [{"at": FIRST}]


@pytest.mark.parametrize(
    ("fact", "options", "won"),
    [
        ("seccomp", [f"seccomp={PROFILE}", "seccomp=unconfined"], {"profile": "unconfined", "sha256": None}),
        ("apparmor", ["apparmor=docker-default", "apparmor:unconfined"], {"profile": "unconfined"}),
        ("noNewPrivileges", ["no-new-privileges", "no-new-privileges=F"], {"value": False}),
    ],
)
def test_the_last_of_two_options_wins(fact: str, options: list[str], won: dict[str, Any]) -> None:
    assert of_options(*options)[fact] == won | {"at": "HostConfig.SecurityOpt[1]"}


@pytest.mark.parametrize("option", ["disable", "label=disable", "label:disable"])
def test_labels_can_be_switched_off_in_three_ways(option: str) -> None:
    assert of_options(option)["selinux"] == SELINUX | {"disabled": True, "at": FIRST}


@pytest.mark.parametrize(
    "option",
    [
        *("systempaths=unconfined", "writable-cgroups=true", "writable-cgroups=1", "writable-cgroups=no"),
        *("writable-cgroups", "SECCOMP=unconfined", "no-new-privileges=yes", "label=filetype:usr_t", "label=user"),
        *("seccomp", "apparmor", ""),
    ],
)
def test_what_dockerd_does_not_know_is_reported_as_unknown(option: str) -> None:
    found = of_options("no-new-privileges", option)

    assert found["securityOptionsUnknown"] == [{"at": "HostConfig.SecurityOpt[1]"}]
    assert found["noNewPrivileges"] == {"value": True, "at": FIRST}


# moby oci/defaults.go, 26.1; the same as a container of 26.1 has.
MASKED = [
    *("/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list"),
    *("/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap"),
]
READONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]


def test_an_empty_list_of_paths_leaves_all_of_them_open() -> None:
    found: Any = security.read_create({"MaskedPaths": [], "ReadonlyPaths": []})

    assert found["maskedPaths"] == {"missing": MASKED, "at": "HostConfig.MaskedPaths"}
    assert found["readonlyPaths"] == {"missing": READONLY, "at": "HostConfig.ReadonlyPaths"}


@pytest.mark.parametrize(
    ("field", "default", "path"),
    [*(("MaskedPaths", MASKED, path) for path in MASKED), *(("ReadonlyPaths", READONLY, path) for path in READONLY)],
)
def test_a_path_that_the_list_leaves_out_is_open(field: str, default: list[str], path: str) -> None:
    found: Any = security.read_create({field: [other for other in default if other != path]})

    assert found[field[0].lower() + field[1:]]["missing"] == [path]


def test_a_service_that_says_nothing_has_docker_s_default() -> None:
    assert security.read_service({}) == {
        "capabilities": {"add": [], "drop": []},
        "seccomp": {"profile": "default", "sha256": None, "at": f"{PRIVILEGES}.Seccomp"},
        "apparmor": {"profile": "", "at": f"{PRIVILEGES}.AppArmor"},
        "selinux": {**SELINUX, "at": f"{PRIVILEGES}.SELinuxContext"},
        "noNewPrivileges": {"value": None, "at": f"{PRIVILEGES}.NoNewPrivileges"},
    }


@pytest.mark.parametrize(
    ("seccomp", "profile", "sha256"),
    [
        ({"Mode": "default"}, "default", None),
        ({"Mode": "unconfined"}, "unconfined", None),
        ({"Mode": "custom", "Profile": base64.b64encode(PROFILE.encode()).decode()}, "custom", SHA256),
        ({"Mode": "custom", "Profile": base64.b64encode(b"unconfined").decode()}, "unconfined", None),
        ({"Mode": "custom", "Profile": "/w\n=="}, "custom", hashlib.sha256(b"\xff").hexdigest()),
        ({"Mode": "custom"}, "default", None),
    ],
    ids=["default", "unconfined", "custom", "custom-unconfined", "no-text", "custom-empty"],
)
def test_a_service_s_seccomp_is_what_the_agent_makes_of_it(
    seccomp: dict[str, JSON], profile: str, sha256: str | None
) -> None:
    assert of_privileges(Seccomp=seccomp)["seccomp"] == {
        "profile": profile,
        "sha256": sha256,
        "at": f"{PRIVILEGES}.Seccomp",
    }


def test_a_service_s_labels_are_read() -> None:
    found = of_privileges(SELinuxContext={"User": "u", "Role": "r", "Type": "t", "Level": "l", "Disable": True})

    labels = {"disabled": True, "user": "u", "role": "r", "type": "t", "level": "l"}
    assert found["selinux"] == labels | {"at": f"{PRIVILEGES}.SELinuxContext"}


def test_a_service_s_other_privileges_are_reported() -> None:
    found = of_privileges(AppArmor={"Mode": "disabled"}, NoNewPrivileges=True)

    assert found["apparmor"]["profile"] == "unconfined"
    assert found["noNewPrivileges"]["value"] is True


def test_a_profile_that_does_not_decode_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        of_privileges(Seccomp={"Mode": "custom", "Profile": "e30"})

    assert (refused.value.code, refused.value.at) == ("body-wrong-type", f"{PRIVILEGES}.Seccomp.Profile")


@pytest.mark.parametrize("value", ["false", "0", "F"])
def test_cgroups_that_are_not_writable_are_as_without_the_option(value: str) -> None:
    assert of_options(f"writable-cgroups={value}")["securityOptionsUnknown"] == []
    assert of_options(f"writable-cgroups:{value}")["securityOptionsUnknown"] == []
    assert of_options("writable-cgroups=true", f"writable-cgroups={value}")["securityOptionsUnknown"] == [{"at": FIRST}]


@pytest.mark.parametrize(
    ("listed", "host", "missing"),
    [
        ([], HOST, ["/proc/interrupts", THERMAL]),
        ([], WITHOUT_THERMAL, ["/proc/interrupts"]),
        (["/proc/interrupts"], HOST, [THERMAL]),
        (["/proc/interrupts"], WITHOUT_THERMAL, []),
        (["/proc/interrupts", "/sys/devices/system/cpu/cpu7/thermal_throttle"], HOST, []),
    ],
)
def test_a_list_misses_what_newer_versions_mask(listed: Sequence[JSON], host: FixedHost, missing: list[str]) -> None:
    found = security.read_newer_masks({"MaskedPaths": [*security.MASKED, *listed]}, host)

    assert found == {"missing": missing, "at": "HostConfig.MaskedPaths"}


@pytest.mark.parametrize("listed", [[], ["/proc/kcore"], list(security.MASKED[1:])], ids=len)
def test_a_list_without_the_oldest_paths_is_not_judged_twice(listed: list[JSON]) -> None:
    assert security.read_newer_masks({"MaskedPaths": listed}, HOST)["missing"] == []


def test_without_a_list_nothing_is_missing() -> None:
    assert security.read_newer_masks({}, HOST) == {"missing": [], "at": "HostConfig.MaskedPaths"}


@pytest.mark.parametrize(
    ("at", "name"),
    [
        ("SYS_ADMIN", "SYS_ADMIN"),
        ("CAP_SYS_ADMIN", "SYS_ADMIN"),
        ("cap_sys_admin", "SYS_ADMIN"),
        ("all", "ALL"),
        ("\u017fys_adm\u0131n", "SYS_ADMIN"),
        ("CAP_CAP_SYS_ADMIN", "CAP_SYS_ADMIN"),
        ("stra\u00dfe", "STRA\u00dfE"),
        ("", ""),
    ],
)
def test_a_capability_is_spelt_as_docker_normalises_it(at: str, name: str) -> None:
    assert security.spell_capability(at) == name


@pytest.mark.parametrize(
    ("read", "fields", "place"),
    [
        (security.read_create, ("CapAdd", "CapDrop"), "HostConfig."),
        (security.read_service, ("CapabilityAdd", "CapabilityDrop"), "TaskTemplate.ContainerSpec."),
    ],
    ids=["container", "service"],
)
def test_capabilities_are_added_and_dropped_by_place(read: Any, fields: tuple[str, str], place: str) -> None:
    add, drop = fields

    assert read({add: ["NET_ADMIN", "cap_sys_time"], drop: ["all"]})["capabilities"] == {
        "add": [{"name": "NET_ADMIN", "at": f"{place}{add}[0]"}, {"name": "SYS_TIME", "at": f"{place}{add}[1]"}],
        "drop": [{"name": "ALL", "at": f"{place}{drop}[0]"}],
    }
