"""What services tell; each field by itself: test_where_facts_come_from."""

from typing import Any

from portero.decide.facts import service
from portero.decide.facts.collect import collect_facts
from portero.observe.host.fixed_host import FixedHost

HOST = FixedHost()


def test_secrets_of_a_service_stand_in_three_places() -> None:
    spec: Any = {"Env": ["TOKEN=x"], "Labels": {"api.key": "y"}}

    found = collect_facts(
        "ServiceCreate", {"TaskTemplate": {"ContainerSpec": spec}, "Labels": {"pass": "z"}}, {}, {}, HOST
    )

    assert found["secrets"] == [
        {"name": "TOKEN", "at": "TaskTemplate.ContainerSpec.Env[0]"},
        {"name": "api.key", "at": "TaskTemplate.ContainerSpec.Labels[*]"},
        {"name": "pass", "at": "Labels[*]"},
    ]


def test_replicas_and_both_counts_of_a_job_are_read() -> None:
    job = {"MaxConcurrent": 2, "TotalCompletions": 3}

    assert service.read_task_counts({"Mode": {"Replicated": {"Replicas": 2_000_000}}}) == [
        {"value": 2_000_000, "at": "Mode.Replicated.Replicas"}
    ]
    assert service.read_task_counts({"Mode": {"ReplicatedJob": job}}) == [
        {"value": 2, "at": "Mode.ReplicatedJob.MaxConcurrent"},
        {"value": 3, "at": "Mode.ReplicatedJob.TotalCompletions"},
    ]


def test_no_count_is_docker_s_own() -> None:
    assert service.read_task_counts({}) == service.read_task_counts({"Mode": {"Global": {}, "Replicated": {}}}) == []
