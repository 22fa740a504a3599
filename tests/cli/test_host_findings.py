"""What depends on the host is reported away from it; what another service is refused for is said there alone."""

from dataclasses import replace

from portero.cli.host_findings import drop_causes_named_elsewhere, list_assumed, report_unseen
from portero.standin.objects import State
from portero.standin.project_objects import ProjectObjects
from tests.report.conftest import checked, violation


def test_what_cannot_be_seen_is_counted_and_refuses_nothing() -> None:
    unseen, other = violation("host-paths-seen", "HostConfig.Binds[0]"), violation("no-privileged")
    both, count = report_unseen([checked(unseen), checked(unseen, other), checked(replace(unseen, action="audit"))])

    assert [each.decision.allowed for each in both] == [True, False, True]
    assert count == 2


def test_a_container_of_the_project_is_refused_for_itself_alone() -> None:
    made = checked(violation("existing-container", "HostConfig.NetworkMode"))
    of_project = replace(made.request, objects=ProjectObjects(State(), ()))

    assert drop_causes_named_elsewhere(of_project, made.decision).allowed
    assert not drop_causes_named_elsewhere(made.request, made.decision).allowed


def test_a_container_that_nobody_makes_is_assumed() -> None:
    objects = ProjectObjects(State(), ())
    objects.inspect("container", "elsewhere")
    request = replace(checked().request, objects=objects)

    assert [*list_assumed(request)] == ["elsewhere"]
    assert [*list_assumed(checked().request)] == []
