"""How many tasks a service asks for."""

from portero.facts import tasks


def test_replicas_and_both_counts_of_a_job_are_read() -> None:
    job = {"MaxConcurrent": 2, "TotalCompletions": 3}

    assert tasks.read_counts({"Mode": {"Replicated": {"Replicas": 2_000_000}}}) == [
        {"value": 2_000_000, "at": "Mode.Replicated.Replicas"}
    ]
    assert tasks.read_counts({"Mode": {"ReplicatedJob": job}}) == [
        {"value": 2, "at": "Mode.ReplicatedJob.MaxConcurrent"},
        {"value": 3, "at": "Mode.ReplicatedJob.TotalCompletions"},
    ]


def test_no_count_is_docker_s_own() -> None:
    assert tasks.read_counts({}) == tasks.read_counts({"Mode": {"Global": {}, "Replicated": {}}}) == []
