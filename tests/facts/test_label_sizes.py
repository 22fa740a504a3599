"""Labels and variables are counted in bytes, wherever a request has them."""

import pytest

from portero.facts import collect_facts
from portero.facts.label_sizes import measure_labels
from portero.host.fixed_host import FixedHost
from portero.values.json_types import JSON

LABELS: JSON = {"a": "é", "bb": ""}  # 5 bytes
SPEC: dict[str, JSON] = {"Labels": LABELS, "Env": ["A=1", "LONG=12345"]}


@pytest.mark.parametrize(
    ("operation", "body", "value", "at"),
    [
        ("ContainerCreate", {**SPEC}, 18, "Env"),
        ("ContainerCreate", {}, 0, "Labels"),
        ("ServiceCreate", {"Labels": {"c": "x" * 20}, "TaskTemplate": {"ContainerSpec": {**SPEC}}}, 39, "Labels"),
        ("ServiceUpdate", {"TaskTemplate": {"ContainerSpec": {**SPEC}}}, 18, "TaskTemplate.ContainerSpec.Env"),
        ("VolumeCreate", {"Labels": LABELS}, 5, "Labels"),
        ("NetworkCreate", {"Name": "app", "Labels": LABELS}, 5, "Labels"),
    ],
)
def test_the_size_of_labels_and_variables(operation: str, body: JSON, value: int, at: str) -> None:
    assert collect_facts(operation, body, {}, {}, FixedHost())["labelsSize"] == {"value": value, "at": at}


def test_nothing_has_no_bytes() -> None:
    assert measure_labels([("Labels", None), ("Env", [])]) == {"value": 0, "at": "Labels"}
