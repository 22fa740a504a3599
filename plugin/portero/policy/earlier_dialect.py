"""Reads rules and exceptions of dialect 1, in which a fact's place in the request was called `said`, not `at`.

In: a document as it stands in its file. Out: the same document in the present dialect, and a warning for its owner.
Only names of facts are translated: `said` in a body, a query or a label keeps its name. To be removed one release
after dialect 2 was introduced.
"""

from typing import Literal, TypeAlias

from portero.engine.portable_schema import MANY_SCHEMAS, ONE_SCHEMA
from portero.types import JSON

DIALECT = 2
Kind: TypeAlias = Literal["rules", "host", "exceptions"]
# What a schema is about: the whole request, facts, or any other part of the request.
_Scope: TypeAlias = Literal["request", "facts", "other"]

_FORMER, _PRESENT = "said", "at"
# Keywords whose schemas are about the same value as the schema that holds them; all others go one step deeper.
_SAME_VALUE = {"allOf", "anyOf", "not", "if", "then", "else"}


def is_earlier(document: dict[str, JSON]) -> bool:
    """Whether a document has no version of its dialect, as all had before dialect 2."""
    return "dialect" not in document


def translate(kind: Kind, document: dict[str, JSON]) -> tuple[dict[str, JSON], str]:
    """A document of dialect 1 in the present dialect, and one sentence that tells how to bring its file up to date."""
    scope: _Scope = "facts" if kind == "host" else "request"
    present = dict(document)
    if kind == "exceptions":
        if "match" in document:
            present["match"] = _translate(document["match"], scope)
    else:
        present |= {name: _translate_keyword(name, value, scope) for name, value in document.items()}
    renames = "" if present == document else f"rename {_FORMER} to {_PRESENT} and "
    return present, f'is of dialect 1, which the next release refuses: {renames}add "dialect": {DIALECT}'


def _translate(schema: JSON, scope: _Scope) -> JSON:
    if not isinstance(schema, dict):
        return schema
    return {keyword: _translate_keyword(keyword, value, scope) for keyword, value in schema.items()}


def _translate_keyword(keyword: str, value: JSON, scope: _Scope) -> JSON:
    inner: _Scope = scope if keyword in _SAME_VALUE or scope == "facts" else "other"
    if keyword in ONE_SCHEMA:
        return _translate(value, inner)
    if keyword in MANY_SCHEMAS and isinstance(value, list):
        return [_translate(one, inner) for one in value]
    if keyword == "properties" and isinstance(value, dict):
        return {_renamed(name, scope): _translate(one, _scope_of(name, scope)) for name, one in value.items()}
    if keyword == "required" and isinstance(value, list):
        return [_renamed(name, scope) if isinstance(name, str) else name for name in value]
    return f"request#/$defs/{_PRESENT}" if keyword == "$ref" and value == f"request#/$defs/{_FORMER}" else value


def _scope_of(name: str, scope: _Scope) -> _Scope:
    if scope == "request":
        return "facts" if name == "facts" else "other"
    return scope


def _renamed(name: str, scope: _Scope) -> str:
    return _PRESENT if scope == "facts" and name == _FORMER else name
