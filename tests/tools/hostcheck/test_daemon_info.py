"""What dockerd reports, as facts; of another shape it is unknown."""

from typing import Any

import pytest

from tests.tools.hostcheck.host_tree import Host
from tests.tools.hostcheck.test_daemon_facts import facts


@pytest.mark.parametrize(
    ("options", "profile"),
    [
        (["name=seccomp,profile=default"], "default"),
        (["name=seccomp,profile=/etc/docker/seccomp.json"], "/etc/docker/seccomp.json"),
        (["name=seccomp"], "builtin"),
        (["name=apparmor", "odd"], "off"),
    ],
)
def test_the_seccomp_profile_is_an_option(host: Host, options: list[str], profile: str) -> None:
    assert facts(host, {"SecurityOptions": options})["seccomp"]["value"] == profile


@pytest.mark.parametrize("config", [None, {"InsecureRegistryCIDRs": "all"}, {"IndexConfigs": []}])
def test_an_answer_of_another_shape_is_unknown(host: Host, config: Any) -> None:
    found = facts(host, {"RegistryConfig": config, "LoggingDriver": 5, "Plugins": {"Authorization": None}})

    assert found["logDriver"]["value"] == "unknown"
    assert found["authorizationPlugins"]["value"] == []
    expected: Any = [] if config == {"IndexConfigs": []} else "unknown"
    assert found["insecureRegistries"]["value"] == expected


def test_a_registry_without_a_word_on_its_safety_is_insecure(host: Host) -> None:
    found = facts(host, {"RegistryConfig": {"IndexConfigs": {"a": {}, "b": None}}})

    assert found["insecureRegistries"]["value"] == ["a", "b"]
