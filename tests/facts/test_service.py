"""What services tell; each field by itself: test_where_facts_come_from."""

from typing import Any

from portero import facts
from portero.host.fixed import FixedHost

HOST = FixedHost()


def test_secrets_of_a_service_stand_in_three_places() -> None:
    spec: Any = {"Env": ["TOKEN=x"], "Labels": {"api.key": "y"}}

    found = facts.collect(
        "ServiceCreate", {"TaskTemplate": {"ContainerSpec": spec}, "Labels": {"pass": "z"}}, {}, {}, HOST
    )

    assert found["secrets"] == [
        {"name": "TOKEN", "at": "TaskTemplate.ContainerSpec.Env[0]"},
        {"name": "api.key", "at": "TaskTemplate.ContainerSpec.Labels[*]"},
        {"name": "pass", "at": "Labels[*]"},
    ]
