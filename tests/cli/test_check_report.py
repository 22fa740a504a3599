"""A decision is shown with the line of each refused property, near misses, and misspelt fields."""

from dataclasses import replace

from portero.cli.check_report import list_lines, make_line
from portero.decision import NearMiss
from portero.recording.request_files import DecidedRequest
from tests.report.conftest import checked, violation

LINES = {"HostConfig.Privileged": ("compose.yaml", 6), "HostConfig.PidMode": ("compose.yaml", 5)}


def located(*violations: object) -> DecidedRequest:
    made = checked(*violations)  # type: ignore[arg-type]
    return replace(made, request=replace(made.request, find_line=LINES.get))


def test_lines_of_refused_properties_come_in_the_order_of_the_file() -> None:
    found = located(violation("no-privileged"), violation("no-host-pid", "HostConfig.PidMode"), violation("x", "Other"))

    assert [*list_lines(found)][-2:] == ["  compose.yaml:5: no-host-pid", "  compose.yaml:6: no-privileged"]
    assert [each.get("line") for each in make_line(found)["violations"]] == [6, 5, 3]  # type: ignore[union-attr, index]


def test_a_near_miss_is_shown_once() -> None:
    near = replace(violation("no-privileged"), near_miss=NearMiss("boot", "operation", "matches all but operation: x"))

    assert [*list_lines(checked(near, near))][-1] == "  near miss: boot matches all but operation: x"


def test_a_misspelt_field_is_shown_where_it_is_only_logged() -> None:
    reason = "Docker has no field of this name: did you mean Privileged?"
    misspelt = replace(violation("unknown-field", "HostConfig.Priviledged", "audit"), reason=reason)

    assert [*list_lines(checked(misspelt, violation("x", "Y", "audit")))][1:] == [
        f"  logged only: unknown-field  HostConfig.Priviledged: {reason}",
        "  logged only: x  Y",
    ]
