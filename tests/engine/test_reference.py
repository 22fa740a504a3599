"""The reference engine: references are resolved in memory only, and a pattern's end is the end of the text."""

import pytest
from referencing.exceptions import Unresolvable

from portero.engine.reference import Reference


def test_a_reference_elsewhere_never_allows() -> None:
    check = Reference().compile({"$ref": "https://example.com/x.json"}, {})

    with pytest.raises(Unresolvable):
        check.failures({})


def test_the_end_of_a_pattern_is_not_before_a_last_line_feed() -> None:
    check = Reference().compile({"items": {"pattern": "^a$"}}, {})

    assert check.failures(["a", "a\n", 1]) == ((1,),)


def test_schemas_that_are_gathered_share_the_resources() -> None:
    schemas = {name: {"properties": {name: {"$ref": "site#/$defs/one"}}} for name in ("a", "b")}
    checks = Reference().gather(schemas, {"site": {"$defs": {"one": {"const": 1}}}})

    assert checks.failures(("b", "a"), {"a": 2, "b": 2}) == {"b": (("b",),), "a": (("a",),)}
    assert checks.failures(("a",), {"a": 1, "b": 2}) == {}
