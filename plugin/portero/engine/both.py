"""Both engines at once: each request is judged twice, and refused (engine-disagreement) when the results differ."""

import logging
from collections.abc import Callable, Mapping
from typing import NoReturn

from portero.engine.check import Check, Checks, Engine, InstancePath
from portero.refusals import Refused
from portero.types import JSON

_LOG = logging.getLogger(__name__)


class BothCheck:
    """One schema, compiled by both engines."""

    def __init__(self, checks: tuple[Check, Check]) -> None:
        self._checks = checks

    def is_satisfied(self, request: JSON) -> bool:
        """As in Check; raises Refused with engine-disagreement."""
        return not self.failures(request)

    def failures(self, request: JSON) -> tuple[InstancePath, ...]:
        """As in Check; raises Refused with engine-disagreement."""
        first, second = (check.failures(request) for check in self._checks)
        if first != second:
            _refuse_disagreement("a schema")
        return first


class BothChecks:
    """Schemas by name, compiled by both engines."""

    def __init__(self, checks: tuple[Checks, Checks]) -> None:
        self._checks = checks

    def __getitem__(self, name: str) -> BothCheck:
        """As in Engine."""
        first, second = self._checks
        return BothCheck((first[name], second[name]))

    def failures(self, names: tuple[str, ...], request: JSON) -> dict[str, tuple[InstancePath, ...]]:
        """As in Checks; raises Refused with engine-disagreement."""
        first, second = (checks.failures(names, request) for checks in self._checks)
        if first != second:
            _refuse_disagreement(", ".join(name for name in names if first.get(name) != second.get(name)))
        return first

    def make_ready(self, names: tuple[str, ...]) -> None:
        """As in Checks."""
        for checks in self._checks:
            checks.make_ready(names)


class Both:
    """Compiles each schema with two engines, whose results have to be the same."""

    name = "both"

    def __init__(self, first: Engine, second: Engine) -> None:
        self._engines = (first, second)

    def compile(self, schema: Mapping[str, JSON], resources: Mapping[str, Mapping[str, JSON]]) -> BothCheck:
        """As in Engine."""
        return self.prepare(resources)(schema)

    def prepare(self, resources: Mapping[str, Mapping[str, JSON]]) -> Callable[[Mapping[str, JSON]], BothCheck]:
        """As in Engine."""
        first, second = (engine.prepare(resources) for engine in self._engines)
        return lambda schema: BothCheck((first(schema), second(schema)))

    def gather(
        self, schemas: Mapping[str, Mapping[str, JSON]], resources: Mapping[str, Mapping[str, JSON]]
    ) -> BothChecks:
        """As in Engine."""
        first, second = self._engines
        return BothChecks((first.gather(schemas, resources), second.gather(schemas, resources)))


def _refuse_disagreement(about: str) -> NoReturn:
    _LOG.error("the rule engines disagree about %s", about)
    raise Refused("engine-disagreement")
