"""Metrics: what is counted, and how it is written."""

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from portero.decide.decision import Decision, NearMiss, Subject, Violation, make_refusal
from portero.serve.status.exposition import write_metrics
from portero.serve.status.metrics import Metrics
from tests.decided import decided

RULE = Violation("no-privileged", "baseline", "HostConfig.Privileged", "deny", "", {})
REPORT = Violation("image-digest", "advisory", "Image", "audit", "", {})


STRICTER = Violation("image-tag", "restricted", "Image", "audit", "", {}, profile="restricted")


def decision(operation: str, *violations: Violation) -> Decision:
    return decided(*violations, subject=Subject(operation=operation), audit_profile="restricted")


def told(metrics: Metrics) -> dict[str, float]:
    lines = [line.rpartition(" ") for line in write_metrics(metrics).decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def test_decisions_are_counted_by_operation_and_outcome_and_violations_by_rule_and_action() -> None:
    metrics = Metrics(["ContainerCreate"])

    metrics.decided(decision("ContainerCreate", REPORT), 0.003)
    metrics.decided(decision("ContainerCreate", RULE, REPORT), 0.02)

    figures = told(metrics)
    assert figures['portero_decisions_total{operation="ContainerCreate",outcome="allowed"}'] == 1
    assert figures['portero_decisions_total{operation="ContainerCreate",outcome="refused"}'] == 1
    assert figures['portero_violations_total{action="deny",rule="no-privileged"}'] == 1
    assert figures['portero_violations_total{action="audit",rule="image-digest"}'] == 2
    assert figures['portero_decision_seconds_bucket{le="0.005"}'] == 1
    assert figures["portero_decision_seconds_count"] == 2


def test_no_count_of_16_threads_is_lost() -> None:
    metrics = Metrics(["ContainerCreate"])
    switching = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    with ThreadPoolExecutor(16) as pool:
        done = [pool.submit(metrics.decided, decision("ContainerCreate", REPORT), 0.25) for _ in range(4_000)]
    sys.setswitchinterval(switching)

    assert [each.result() for each in done] == [None] * 4_000
    figures = told(metrics)
    assert figures['portero_decisions_total{operation="ContainerCreate",outcome="allowed"}'] == 4_000
    assert figures['portero_violations_total{action="audit",rule="image-digest"}'] == 4_000
    assert figures['portero_decision_seconds_bucket{le="0.1"}'] == 0
    assert figures['portero_decision_seconds_bucket{le="+Inf"}'] == figures["portero_decision_seconds_count"] == 4_000
    assert figures["portero_decision_seconds_sum"] == 1_000


def waived(*exceptions: str) -> list[Violation]:
    return [Violation("some-rule", "baseline", "", "waived", "", {}, exception=one) for one in exceptions]


def test_an_exception_counts_once_in_a_decision_however_many_violations_it_waives() -> None:
    metrics = Metrics()

    metrics.decided(decision("ContainerCreate", REPORT, *waived("a", "a", "b")), 0.001)
    metrics.decided(decision("ContainerCreate", *waived("a")), 0.001)
    metrics.decided(decision("ContainerCreate", RULE), 0.001)

    assert metrics.count_by_labels("exceptions_used") == {("a",): 2, ("b",): 1}
    assert (metrics.count("decisions", "allowed"), metrics.count("decisions", "refused")) == (2, 1)


def test_loads_failures_and_lost_log_lines_are_counted_apart() -> None:
    metrics = Metrics()
    metrics.policy_loaded(1795534890.5, enforcing=False)
    metrics.load_failed()
    for _ in range(2):
        metrics.log_failed()

    figures = told(metrics)
    assert figures["portero_policy_loaded_timestamp_seconds"] == 1795534890.5
    assert figures["portero_enforcing"] == 0
    assert figures["portero_policy_load_failures_total"] == metrics.count("policy_load_failures") == 1
    assert figures["portero_log_failures_total"] == metrics.count("log_failures") == 2
    assert (metrics.count("decisions"), metrics.count_by_labels("exceptions_used")) == (0, {})


def test_operations_in_labels_are_those_that_are_known() -> None:
    metrics = Metrics(["ContainerCreate"])

    for operation in ("", "Unknown", "Made-up", "Made-up-too"):
        metrics.decided(decision(operation, make_refusal("unknown-operation", "")), 0.001)

    counted = {name: value for name, value in told(metrics).items() if name.startswith("portero_decisions_total")}
    assert counted == {
        'portero_decisions_total{operation="Unknown",outcome="refused"}': 3,
        'portero_decisions_total{operation="unreadable",outcome="refused"}': 1,
        'portero_decisions_total{operation="unreadable",outcome="allowed"}': 0,
    }


def test_a_write_of_the_log_that_does_not_end_shows() -> None:
    writes = [False, True]
    metrics = Metrics(is_stalled=lambda: writes.pop(0))

    assert [told(metrics)["portero_log_stalled_writes"] for _ in range(2)] == [0, 1]


def test_the_audit_profile_is_counted_apart() -> None:
    metrics = Metrics(["ContainerCreate"])

    metrics.decided(decision("ContainerCreate", STRICTER, REPORT), 0.001)
    metrics.decided(decision("ContainerCreate", RULE, STRICTER), 0.001)

    counted = told(metrics)
    assert counted['portero_violations_total{action="audit-profile",rule="image-tag"}'] == 2
    assert counted['portero_violations_total{action="audit",rule="image-digest"}'] == 1
    assert counted['portero_audit_profile_refusals_total{operation="ContainerCreate"}'] == 1
    assert metrics.count("audit_profile_refusals") == 1


@pytest.mark.parametrize(
    ("identified_by", "method"), [("token", "token"), ("tls+token", "tls+token"), ("", "none"), ("kerberos", "other")]
)
def test_callers_are_counted_by_method_and_profile(identified_by: str, method: str) -> None:
    metrics = Metrics()
    asked = replace(decision("ContainerCreate"), subject=Subject(user="alicia", identified_by=identified_by))

    metrics.decided(asked, 0.001)

    assert told(metrics)[f'portero_callers_total{{method="{method}",profile="hardened"}}'] == 1
    assert "alicia" not in write_metrics(metrics).decode()


def test_break_glass_is_counted() -> None:
    metrics = Metrics()

    assert told(metrics)["portero_break_glass_total"] == 0
    metrics.decided(replace(decision("ContainerCreate"), breaks_glass=True), 0.001)
    metrics.decided(decision("ContainerCreate"), 0.001)

    assert told(metrics)["portero_break_glass_total"] == metrics.count("break_glass") == 1


def test_exceptions_that_all_but_waived_are_counted_by_the_condition_that_failed() -> None:
    near = replace(RULE, near_miss=NearMiss("late", "identity.user", "why"))
    metrics = Metrics(["ContainerCreate"])
    metrics.decided(decision("ContainerCreate", near, replace(near, at="A")), 0.001)

    assert metrics.count_by_labels("exception_near_misses") == {("late", "identity.user"): 1}
