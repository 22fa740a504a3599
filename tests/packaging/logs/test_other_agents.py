"""The form of the configurations for vector and fluent-bit. How they run is in agents.py: neither is in Debian."""

import json
import re
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.paths import ROOT

from .rsyslog import SHIPPED

LOG = "/var/log/portero/decisions.jsonl"
# Of schemas/decision.json, with what stands elsewhere under a name of its own.
NAMED = {"id", "traceId", "time", "user", "groups", "operation", "method", "path", "image", "allowed"}


def read(name: str) -> Any:
    return YAML(typ="safe", pure=True).load((SHIPPED / name).read_text())


def test_vector_reads_the_log_and_the_file_that_was_rotated_and_waits_for_answers() -> None:
    made = read("vector.yaml")

    assert made["sources"]["portero"]["include"] == [LOG, f"{LOG}.1"]
    (sink,) = made["sinks"].values()
    assert sink["inputs"] == ["portero_lines"]
    assert sink["acknowledgements"] == {"enabled": True}
    assert (sink["buffer"]["type"], sink["buffer"]["when_full"]) == ("disk", "block")
    assert sink["uri"].startswith("https://")
    known = {*made["sources"], *made["transforms"]}
    assert all({*part["inputs"]} <= known for part in (*made["transforms"].values(), sink))


@pytest.mark.parametrize(("transform", "more"), [("portero_ecs", set()), ("portero_ocsf", {"apiVersion"})])
def test_what_vector_names_stands_at_one_place(transform: str, more: set[str]) -> None:
    source = read("vector.yaml")["transforms"][transform]["source"]

    assert {*re.findall(r"del\(rest\.(\w+)\)", source)} == NAMED | more
    assert {*re.findall(r"line\.(\w+)", source)} >= NAMED
    assert source.count("{") == source.count("}")


def test_fluent_bit_reads_the_log_and_the_file_that_was_rotated_and_tries_for_ever() -> None:
    made = read("fluent-bit.yaml")
    (source,), (sink,) = made["pipeline"]["inputs"], made["pipeline"]["outputs"]

    assert source["path"] == f"{LOG},{LOG}.1"
    assert (source["storage.type"], sink["retry_limit"], sink["tls"]) == ("filesystem", "no_limits", "on")
    assert source["parser"] == made["parsers"][0]["name"]


@pytest.mark.parametrize("name", ["fluent-bit-ecs.yaml", "fluent-bit-ocsf.yaml"])
def test_fluent_bit_renames_every_field_of_a_line(name: str) -> None:
    fields = json.loads((ROOT / "schemas" / "decision.json").read_text())["properties"].keys()
    filters = read(name)["pipeline"]["filters"]
    assert {rule.split()[0] for each in filters for rule in each.get("hard_rename", ())} | {"allowed"} == fields
    assert {each["match"] for each in filters} == {"portero"}
    assert f"  - {name}" in (SHIPPED / "fluent-bit.yaml").read_text()
