"""Every place where a request names a plugin."""

from typing import Any

import pytest

from portero.decide.facts import plugins
from tests.cases import cases


@pytest.mark.parametrize(("read", "body", "named"), cases(__file__, "named-plugins.jsonl"))
def test_each_plugin_is_named_with_its_place(read: str, body: Any, named: dict[str, list[str]]) -> None:
    found = plugins.read_swarm(body, "Spec.") if read == "read_swarm" else getattr(plugins, read)(body)

    assert found == [{"kind": kind, "name": name, "at": at} for at, (kind, name) in named.items()]
