"""A line of the decision log as text: the document of its decision as JSON."""

import json
from dataclasses import replace

import pytest

from portero.decision import Decision, Subject, Violation, make_refusal
from portero.decision_log.log_line import FREQUENT_READS, is_frequent_read, write_line
from portero.reading import api_tables

NOON = 1_800_000_000.0


def decision(*violations: Violation, user: str = "alice") -> Decision:
    return Decision(
        id="d-1",
        time=NOON,
        subject=Subject("ContainerCreate", "POST", "/containers/create", "1.45", user),
        violations=violations,
        policy="p",
        profile="hardened",
        mode="enforce",
    )


def test_a_line_is_the_document_of_its_decision_as_json() -> None:
    made = replace(decision(make_refusal("internal-error", ""), user='eve"\n\\\N{GRINNING FACE}\ud800'), id='d-"1')

    text = write_line(made, 7)

    assert text == json.dumps(made.line(7), separators=(",", ":"))
    assert text.isascii()
    assert "\n" not in text


def read(operation: str = "SystemPing", **changes: object) -> Decision:
    made = decision()
    subject = replace(made.subject, operation=operation, method="GET", reads=True, **changes)
    return replace(made, subject=subject)


def test_every_frequent_read_is_an_operation_that_reads() -> None:
    routes, _ = api_tables.load_api()
    reads = {operation.id for operation in routes.operations if operation.reads}

    assert reads >= FREQUENT_READS


@pytest.mark.parametrize("operation", sorted(FREQUENT_READS))
def test_pings_and_lists_may_go_without_a_line(operation: str) -> None:
    assert is_frequent_read(read(operation))


@pytest.mark.parametrize(
    "operation",
    [
        *("ContainerInspect", "ContainerLogs", "ContainerArchive", "ContainerExport", "ContainerTop", "ContainerStats"),
        *("ContainerAttachWebsocket", "ExecInspect", "ImageInspect", "ImageGet", "ImageGetAll", "ImageSearch"),
        *("SecretInspect", "ConfigInspect", "ServiceInspect", "ServiceLogs", "TaskLogs", "SwarmInspect"),
        *("SwarmUnlockkey", "SystemEvents", "VolumeInspect", "NetworkInspect", "PluginInspect", "Later", ""),
    ],
)
def test_a_read_that_hands_out_more_has_its_line(operation: str) -> None:
    assert not is_frequent_read(read(operation))


def test_what_is_refused_reported_or_lifted_has_its_line() -> None:
    reported = replace(make_refusal("internal-error", ""), action="audit")

    assert not is_frequent_read(replace(read(), violations=(make_refusal("internal-error", ""),)))
    assert not is_frequent_read(replace(read(), violations=(reported,)))
    assert not is_frequent_read(replace(read(), breaks_glass=True))
    assert not is_frequent_read(replace(read(), subject=replace(read().subject, reads=False)))
