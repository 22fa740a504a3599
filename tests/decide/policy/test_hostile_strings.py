"""No pattern runs away, be it a rule's, a schema's or our own: hostile strings are read about as fast as harmless ones.

This measures no speed: what takes a second here would take minutes for a pattern that goes back and forth.
"""

import importlib
import inspect
import itertools
import json
import pkgutil
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import pytest

import portero
from portero.decide.policy import site
from portero.observe.stores.api_tables import load_api
from portero.observe.stores.policy_loader import load_policy
from portero.tools.proof.rule_examples import ENGINES
from tests.paths import SCHEMAS

# A method of a compiled pattern.
Asked: TypeAlias = Callable[[Any], Any]

PATIENCE = 8.0
LONG = 20_000
_ORDINARY = "aA0/.:-_ \n"
_SPOILERS = ("", "\x00", "\u2028!")


def written(value: Any) -> Iterator[str]:
    """Every pattern in a JSON document."""
    if isinstance(value, dict):
        if isinstance(value.get("pattern"), str):
            yield value["pattern"]
        for inner in value.values():
            yield from written(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from written(inner)


def of_policy() -> Iterator[str]:
    """Those of all schemas, and those that the values of a site become."""
    for file in SCHEMAS.rglob("*.json"):
        yield from written(json.loads(file.read_text()))
    policy = load_policy([SCHEMAS, SCHEMAS / "example-site"], load_api()[0].operations)
    yield from written(site.make_definitions(policy.site, json.loads((SCHEMAS / "site.schema.json").read_text())))


def of_ours() -> Iterator[Asked]:
    """The constants of our modules, each with the ways in which it is asked there."""
    for found in pkgutil.walk_packages(portero.__path__, "portero."):
        if found.name.endswith("__main__"):
            continue
        module = importlib.import_module(found.name)
        source = inspect.getsource(module)
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern) and f"{name} = re.compile" in source:
                anywhere = any(f"{name}.{way}" in source for way in ("search", "sub", "split", "find"))
                yield value.search if anywhere else value.fullmatch


def hostile(pattern: str) -> Iterator[str]:
    """Long strings of what the pattern speaks of, alone and in pairs, which then end in what it does not want."""
    letters = dict.fromkeys([*re.sub(r"\\.|[\[\](){}|*+?^$]", "", pattern)[:6], *_ORDINARY])
    for first, second in itertools.combinations_with_replacement(letters, 2):
        for spoiler in _SPOILERS:
            yield (first + second) * (LONG // 2) + spoiler


@contextmanager
def patience(seconds: float, pattern: str) -> Iterator[None]:
    """TimeoutError when the block takes longer: Python's re looks at signals while it searches."""

    def give_up(number: int, frame: object) -> None:
        raise TimeoutError(pattern)

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_both_engines_read_hostile_strings_in_no_time_and_alike() -> None:
    patterns = {*of_policy()}
    assert len(patterns) > 40

    for pattern in patterns:
        first, second = (engine.compile({"pattern": pattern}, {}) for engine in ENGINES)
        with patience(PATIENCE, pattern):
            for text in hostile(pattern):
                assert first.failures(text) == second.failures(text), pattern


def test_our_own_patterns_read_hostile_strings_in_no_time() -> None:
    patterns = [*of_ours()]
    assert len(patterns) > 30

    for asked in patterns:
        pattern = asked.__self__.pattern
        with patience(PATIENCE, str(pattern)):
            for text in hostile(pattern if isinstance(pattern, str) else pattern.decode("latin-1")):
                asked(text if isinstance(pattern, str) else text.encode())


def test_a_pattern_that_runs_away_is_found() -> None:
    (spoilt,) = [text for text in hostile("^(a+)+$") if set(text) == {"a", "\x00"}]

    with pytest.raises(TimeoutError), patience(1, ""):
        re.search("^(a+)+$", spoilt)
