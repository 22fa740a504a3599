"""Both engines at once: each request is judged twice, and one that they judge differently is refused.

A schema goes to both; what they agree on comes out. Refused: a request on which they disagree (engine-disagreement).
"""

import sys
from collections.abc import Mapping

from portero.engine.check import Check, Checks, Engine, InstancePath
from portero.refusals import Refused
from portero.types import JSON


class _Check:
    def __init__(self, checks: tuple[Check, Check]) -> None:
        self._checks = checks

    def failures(self, request: JSON) -> tuple[InstancePath, ...]:
        first, second = (check.failures(request) for check in self._checks)
        if first != second:
            _disagree("a schema")
        return first


class _Checks:
    def __init__(self, checks: tuple[Checks, Checks]) -> None:
        self._checks = checks

    def __getitem__(self, name: str) -> _Check:
        first, second = self._checks
        return _Check((first[name], second[name]))

    def failures(self, names: tuple[str, ...], request: JSON) -> dict[str, tuple[InstancePath, ...]]:
        first, second = (checks.failures(names, request) for checks in self._checks)
        if first != second:
            _disagree(", ".join(name for name in names if first.get(name) != second.get(name)))
        return first


class Both:
    """Compiles with two engines that have to agree."""

    name = "both"

    def __init__(self, first: Engine, second: Engine) -> None:
        self._engines = (first, second)

    def compile(self, schema: Mapping[str, JSON], resources: Mapping[str, Mapping[str, JSON]]) -> _Check:
        first, second = self._engines
        return _Check((first.compile(schema, resources), second.compile(schema, resources)))

    def gather(self, schemas: Mapping[str, Mapping[str, JSON]], resources: Mapping[str, Mapping[str, JSON]]) -> _Checks:
        first, second = self._engines
        return _Checks((first.gather(schemas, resources), second.gather(schemas, resources)))


def _disagree(what: str) -> None:
    print(f"portero: the rule engines disagree about {what}", file=sys.stderr)
    raise Refused("engine-disagreement")
