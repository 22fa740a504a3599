"""Every place where a request names a plugin."""

from typing import Any

import pytest

from portero.decide.facts.collect import collect_facts
from portero.observe.host.fixed_host import FixedHost
from tests.cases import cases


@pytest.mark.parametrize(("operation", "body", "named"), cases(__file__, "named-plugins.jsonl"))
def test_each_plugin_is_named_with_its_place(operation: str, body: Any, named: dict[str, list[str]]) -> None:
    found = collect_facts(operation, body, {}, {}, FixedHost())

    assert found["plugins"] == [{"kind": kind, "name": name, "at": at} for at, (kind, name) in named.items()]
