"""The field names of others, as docs/forwarding.md has them."""

from typing import Any, cast

from portero.forwarding.field_names import RENAME, Format, Line

from .lines import line


def renamed(form: Format, **more: object) -> dict[str, Any]:
    return cast("dict[str, Any]", RENAME[form](cast(Line, line(**more))))  # type: ignore[arg-type]


def test_portero_s_own_names_stay() -> None:
    assert renamed("portero") == line()


def test_elastic_common_schema() -> None:
    found = renamed("ecs")

    assert found["@timestamp"] == "2026-11-24T15:00:00.123Z"
    assert found["event"]["id"] == "d-1"
    assert (found["event"]["type"], found["event"]["outcome"]) == (["denied"], "failure")
    assert found["event"]["duration"] == 300_000
    assert (found["user"], found["container"]) == (
        {"name": "alicia", "group": {"name": ["dev"]}},
        {"image": {"name": "busybox"}},
    )
    assert found["rule"] == {"id": ["no-privileged"], "ruleset": "hardened"}
    assert found["portero"]["policy"] == "abc"


def test_open_cybersecurity_schema_framework() -> None:
    found = renamed("ocsf")

    assert (found["class_uid"], found["type_uid"], found["time"]) == (6003, 600399, 1_795_532_400_123)
    assert (found["status_id"], found["action_id"], found["severity_id"]) == (2, 2, 3)
    assert found["actor"]["user"] == {"name": "alicia", "groups": [{"name": "dev"}]}
    assert found["unmapped"]["violations"] == line()["violations"]


def test_allowed_and_unreadable_requests() -> None:
    assert renamed("ecs", allowed=True)["event"]["outcome"] == "success"
    assert renamed("ocsf", allowed=True)["status_id"] == 1
    assert renamed("ocsf", image=None, time="x")["resources"] == []


def test_a_line_that_stands_for_several_reads() -> None:
    assert renamed("ocsf", alike=40)["count"] == 40
    assert renamed("ecs", alike=40)["portero"]["alike"] == 40
    assert "count" not in renamed("ocsf")


def test_the_trace_of_the_client() -> None:
    assert renamed("ecs", traceId="ab" * 16, parentSpanId="cd" * 8)["trace"] == {"id": "ab" * 16}
    assert renamed("ocsf", traceId="ab" * 16, parentSpanId="cd" * 8)["metadata"]["correlation_uid"] == "ab" * 16
    assert "trace" not in renamed("ecs")
