"""Capabilities have one spelling, in containers and services."""

import pytest

from portero.facts import capabilities


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
    ids=["plain", "prefix", "lower-case", "all", "unicode", "double-prefix", "no-single-capital", "empty"],
)
def test_a_capability_is_spelt_as_docker_normalises_it(at: str, name: str) -> None:
    assert capabilities.canonical(at) == name


def test_a_container_adds_and_drops_by_place() -> None:
    found = capabilities.read_create({"CapAdd": ["NET_ADMIN", "cap_sys_time"], "CapDrop": ["all"]})

    assert found == {
        "add": [
            {"name": "NET_ADMIN", "at": "HostConfig.CapAdd[0]"},
            {"name": "SYS_TIME", "at": "HostConfig.CapAdd[1]"},
        ],
        "drop": [{"name": "ALL", "at": "HostConfig.CapDrop[0]"}],
    }


def test_a_service_says_the_same_in_its_container_spec() -> None:
    found = capabilities.read_service({"CapabilityAdd": ["cap_net_admin"], "CapabilityDrop": ["ALL"]})

    assert found == {
        "add": [{"name": "NET_ADMIN", "at": "TaskTemplate.ContainerSpec.CapabilityAdd[0]"}],
        "drop": [{"name": "ALL", "at": "TaskTemplate.ContainerSpec.CapabilityDrop[0]"}],
    }
