"""What create, update and exec of a container tell; each field by itself: test_where_facts_come_from."""

from typing import Any

from portero.decide.facts.collect import collect_facts
from portero.observe.host.fixed_host import FixedHost

HOST = FixedHost()


def test_an_exec_tells_privileged_user_directory_and_secrets() -> None:
    body: Any = {"Privileged": True, "User": "root", "WorkingDir": "/srv", "Env": ["A=1", "DB_PASSWORD=x"]}

    assert collect_facts("ContainerExec", body, {}, {}, HOST) == {
        "privileged": {"value": True, "at": "Privileged"},
        "user": {"value": "root", "at": "User"},
        "account": {"value": "", "at": "User"},
        "workingDirectory": {"value": "/srv", "ofProcess": False, "at": "WorkingDir"},
        "groups": [],
        "labelsSize": {"value": 24, "at": "Env"},
        "secrets": [{"name": "DB_PASSWORD", "at": "Env[1]"}],
    }


def test_secrets_of_a_container_stand_in_its_environment_and_its_labels() -> None:
    found = collect_facts("ContainerCreate", {"Env": ["TOKEN=x"], "Labels": {"api.key": "y"}}, {}, {}, HOST)

    assert found["secrets"] == [{"name": "TOKEN", "at": "Env[0]"}, {"name": "api.key", "at": "Labels[*]"}]
