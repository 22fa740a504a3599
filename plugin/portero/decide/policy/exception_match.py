"""The match of an exception: read strictly, held against one list entry at a time, and what it pins.

A name that it misspells must match nothing, not everything. An entry that it finds with `contains` must not waive the
rule for the other entries, so it must match again without them: in the list of facts, and in the list of the body
where `at` leads.

And what is wrong with an exception file: its shape, its match, and what it names.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from datetime import date
from typing import cast

from portero.decide.decision import Violation
from portero.decide.engine import InstancePath
from portero.decide.engine.portable_schema import MANY_SCHEMAS, map_schemas
from portero.decide.policy.at import follow
from portero.decide.policy.dialect import find_keyword_faults, list_keywords
from portero.decide.policy.folder import Folder
from portero.decide.policy.json_files import FindFaults, compile_faults
from portero.decide.values import image_names
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import CODES
from portero.decide.values.spelling import parse_path, suggest_name

_MORE_STRICT = (*MANY_SCHEMAS, "properties", "additionalProperties", "items", "contains", "then", "else")
_SPEAKS_OF: Mapping[str, Sequence[str]] = {
    "object": ("properties", "required", "additionalProperties", "propertyNames"),
    "array": ("items", "contains", "minItems", "maxItems"),
    "string": ("pattern", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
}
_INTO_A_LIST = ("contains", "items")
_DIGEST_AT = ("facts", "image", "digest")
_USER_AT = ("identity", "user")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
SELF_PROTECTION = "self-protection"
# Of these rules, those that an exception may waive for what it pins: a monitor reads Docker's data.
FOR_PINNED_IMAGES = frozenset({"docker-data"})
# A tool such as Traefik or Portainer uses Docker's socket.
SOCKETS = "no-daemon-sockets"
_CONDITION = '{"properties": {"identity": {"properties": {"user": {"const": "alicia"}}}}}'


def make_strict(schema: JSON) -> JSON:
    """The same schema, which also requires the properties and types that its keywords are about.

    Below `not` and `if` nothing changes: there, a stricter schema would match more.
    """
    if not isinstance(schema, dict):
        return schema
    read = map_schemas(schema, make_strict, _MORE_STRICT)
    types = [kind for kind, spoken in _SPEAKS_OF.items() if any(keyword in schema for keyword in spoken)]
    if types:
        read.setdefault("type", [*types])
    if "properties" in schema:
        named = [*cast("list[str]", schema.get("required", [])), *cast("dict[str, JSON]", schema["properties"])]
        read["required"] = [*dict.fromkeys(named)]
    return read


def looks_into_lists(match: JSON) -> bool:
    """Whether a match can depend on the entries of a list."""
    return any(keyword in _INTO_A_LIST for _, keyword, _ in list_keywords(match))


def narrow(violation: Violation, request: JSON) -> Iterator[JSON]:
    """The request with one entry that the rule refuses at a time, without the other entries of its lists.

    Where the rule fails at a list as a whole, each of its entries is one.
    """
    at = ("body", *parse_path(violation.at))
    for path, value in dict(_cut(path, request) for path in violation.paths).items():
        entry = _keep(request, path)
        if path[:1] == ("facts",):
            entry = _keep(entry, at)
        if isinstance(value, list) and value:
            inside = tuple(0 if isinstance(step, int) else step for step in path)
            yield from (_keep(entry, (*inside, index)) for index in range(len(value)))
        else:
            yield entry


def _cut(path: InstancePath, request: JSON) -> tuple[InstancePath, JSON]:
    """The path to the last entry of a list, or to a list, with what is there: what lies below an entry goes with it."""
    if isinstance(value := follow(request, path), list):
        return path, value
    entry = path[: max((number for number, step in enumerate(path, 1) if isinstance(step, int)), default=0)]
    return entry, follow(request, entry)


def _keep(value: JSON, path: Sequence[str | int]) -> JSON:
    """The value in which each list on the path has only the entry on it; what the path does not reach stays."""
    if not path:
        return value
    step, below = path[0], path[1:]
    if isinstance(value, dict) and isinstance(step, str) and step in value:
        return {**value, step: _keep(value[step], below)}
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return [_keep(value[step], below)]
    return value


def pins_image(match: JSON) -> bool:
    """Whether only requests match whose `facts.image.digest` is one that the match names in full."""
    return _pins(match, _DIGEST_AT, lambda value: _DIGEST.fullmatch(value) is not None)


def pins_user(match: JSON) -> bool:
    """Whether only requests match whose `identity.user` is one that the match names; on a Unix socket it is empty."""
    return _pins(match, _USER_AT, lambda value: value != "")


def _pins(schema: JSON, path: tuple[str, ...], accepts: Callable[[str], bool]) -> bool:
    if not isinstance(schema, dict):
        return False
    if any(_pins(each, path, accepts) for each in cast("list[JSON]", schema.get("allOf", []))):
        return True
    if not path:
        values = [schema["const"]] if "const" in schema else cast("list[JSON]", schema.get("enum", []))
        return values != [] and all(isinstance(value, str) and accepts(value) for value in values)
    return _pins(cast(Mapping[str, JSON], schema.get("properties", {})).get(path[0]), path[1:], accepts)


@dataclass(frozen=True, slots=True)
class RuleIds:
    """The rules of all folders by what an exception may do with them, sorted."""

    all: tuple[str, ...]
    protected: frozenset[str]
    of_the_host: frozenset[str]

    @classmethod
    def of(cls, contents: Sequence[Folder]) -> "RuleIds":
        """Found once for all exceptions."""
        files = [file for folder in contents for file in folder.rules]
        # A rule keeps its protection when a later folder puts it under another topic.
        protected = (file.stem for file in files if file.parent.name == SELF_PROTECTION)
        of_the_host = (file.stem for folder in contents for file in folder.host)
        return cls(tuple(sorted({file.stem for file in files})), frozenset(protected), frozenset(of_the_host))


def compile_file_faults(schema: Mapping[str, JSON], dialect: Mapping[str, JSON]) -> tuple[FindFaults, ...]:
    """For all exceptions: the faults of a file, and of its match: it has a rule's keywords, and states a condition."""
    of_match = (
        {"$ref": "#/$defs/schema", "$defs": dialect["$defs"]},
        {name: dialect[name] for name in ("anyOf", "cure")},
    )
    return tuple(map(compile_faults, (schema, *of_match)))


def find_file_faults(
    content: Mapping[str, JSON], compiled: Sequence[FindFaults], references: Set[str]
) -> Iterator[str]:
    """One sentence for each fault of a file by itself. `compiled`: by `compile_file_faults`."""
    of_file, *of_match = compiled
    if wrong := of_file(dict(content)):
        yield from wrong
        return
    match = cast(dict[str, JSON], content["match"])
    if not match:
        yield f"match: state a condition, such as {_CONDITION}; an empty one would match every request"
        return
    wrong = next((faults for find in of_match if (faults := find(match))), [])
    wrong = wrong or [*find_keyword_faults(match, references), *image_names.list_faults(match)]
    yield from (f"match: {fault}" for fault in wrong)
    try:
        date.fromisoformat(cast(str, content["expires"]))
    except ValueError:
        yield "expires: not a valid date: write YYYY-MM-DD"


def find_rule_faults(content: Mapping[str, JSON], rules: RuleIds) -> Iterator[str]:
    """One sentence for each rule that nothing waives, or that there is not."""
    for id in cast(list[str], content["rules"]):
        if id in CODES:
            yield f"rules: '{id}' is a refusal code, which nothing waives: take it out"
        elif id in FOR_PINNED_IMAGES:
            if not pins_image(content["match"]):
                yield f"rules: '{id}' needs an image by digest: add facts.image.digest to match, with a whole digest"
        elif id == SOCKETS:
            if not (pins_image(content["match"]) or pins_user(content["match"])):
                yield (
                    f"rules: '{id}' needs an image by digest, or a user: add facts.image.digest with a whole digest, "
                    "or identity.user, to match"
                )
        elif id in rules.protected:
            yield f"rules: '{id}' protects Portero itself, which nothing waives: take it out"
        elif id in rules.of_the_host and id not in rules.all:
            yield f"rules: '{id}' judges the host, not requests: set its action in site.json"
        elif id not in rules.all:
            yield f"rules: unknown rule '{id}'{suggest_name(id, rules.all)}"
