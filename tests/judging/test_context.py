"""What a request is judged by serves again for what is proposed, unless its findings are not whole."""

from dataclasses import replace

from portero.host.fixed_host import FixedHost
from portero.host.notes import HostNotes
from portero.judging.context import Context
from portero.judging.enforcement import Enforcement
from portero.judging.existing_objects import ObjectFindings
from portero.reading.routes import Operation

CREATE = Operation("ContainerCreate", "POST", "/containers/create", "json", True, False)


def test_findings_serve_a_proposal_only_when_they_are_whole() -> None:
    context = Context(CREATE, 0.0, FixedHost(), Enforcement("hardened", "enforce"))
    partly = replace(context, findings=ObjectFindings(is_whole=False))

    assert context.for_proposal().findings is context.findings
    assert partly.for_proposal().findings is not partly.findings
    assert partly.for_proposal().host is context.host


def test_what_was_noted_about_the_objects_of_a_request_does_not_count_for_a_proposal() -> None:
    notes = HostNotes({"objects": {"": {"nested": ["/srv"]}}, "entry": {"/srv": "seen"}})
    context = Context(CREATE, 0.0, FixedHost(), Enforcement("hardened", "enforce"), notes)

    assert context.for_proposal().notes == HostNotes({"entry": {"/srv": "seen"}})
    assert "objects" in notes.known
