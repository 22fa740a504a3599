"""What is wrong with an exception file: its shape, its match, and what it names."""

from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import date
from typing import cast

from portero.policy.dialect import keyword_faults
from portero.policy.document import faults
from portero.policy.folder import Folder
from portero.policy.pinned_image import pins_image
from portero.refusals import CODES
from portero.spelling import close_to
from portero.types import JSON

SELF_PROTECTION = "self-protection"
# Of these rules, those that an exception may waive for an image that it pins: a monitor reads Docker's data.
_FOR_PINNED_IMAGES = frozenset({"docker-data"})
_IMAGE = ("facts", "image")
_HUB = "docker.io"
# Beside one of these a repository is of one registry, or the image is known by its content.
_SAFE_BESIDE = {"registry", "digest"}
# Not below `not` and `if`: there a repository of any registry makes an exception match less.
_SAME_VALUE = ("allOf", "anyOf", "then", "else")


def file_faults(
    content: Mapping[str, JSON], schema: Mapping[str, JSON], dialect: Mapping[str, JSON], references: Set[str]
) -> Iterator[str]:
    """One sentence for each fault of a file by itself."""
    wrong = list(faults(dict(content), schema))
    if wrong:
        yield from wrong
        return
    match = cast(dict[str, JSON], content["match"])
    keywords_of_a_rule: dict[str, JSON] = {"$ref": "#/$defs/schema", "$defs": dialect["$defs"]}
    states_a_condition = {name: dialect[name] for name in ("anyOf", "cure")}
    wrong = list(faults(match, keywords_of_a_rule)) or list(faults(match, states_a_condition))
    wrong = wrong or [*keyword_faults(match, references), *_repository_faults(match)]
    yield from (f"match: {fault}" for fault in wrong)
    try:
        date.fromisoformat(cast(str, content["expires"]))
    except ValueError:
        yield "expires: not a valid date: write YYYY-MM-DD"


def rule_faults(content: Mapping[str, JSON], contents: Sequence[Folder]) -> Iterator[str]:
    """One sentence for each rule that nothing waives, or that there is not."""
    files = [file for folder in contents for file in folder.rules]
    rules = sorted({file.stem for file in files})
    # A rule keeps its protection when a later folder puts it under another topic.
    protected = {file.stem for file in files if file.parent.name == SELF_PROTECTION}
    of_the_host = {file.stem for folder in contents for file in folder.host}
    for id in cast(list[str], content["rules"]):
        if id in CODES:
            yield f"rules: '{id}' is a refusal code, which nothing waives: take it out"
        elif id in _FOR_PINNED_IMAGES:
            if not pins_image(content["match"]):
                yield f"rules: '{id}' needs an image by digest: add facts.image.digest to match, with a whole digest"
        elif id in protected:
            yield f"rules: '{id}' protects Portero itself, which nothing waives: take it out"
        elif id in of_the_host and id not in rules:
            yield f"rules: '{id}' judges the host, not requests: set its action in site.json"
        elif id not in rules:
            yield f"rules: unknown rule '{id}'{close_to(id, rules)}"


def _repository_faults(schema: JSON, path: tuple[str, ...] = ()) -> Iterator[str]:
    """A repository is not the whole name of an image: evil.io/netops/probe has the repository netops/probe too."""
    if not isinstance(schema, dict):
        return
    named = cast(dict[str, JSON], schema.get("properties", {}))
    if path == _IMAGE and "repository" in named and not named.keys() & _SAFE_BESIDE:
        yield f"properties.repository: matches images of every registry: {_spell_fix(named['repository'])}"
    elif path == _IMAGE and named.get("registry") == {"const": _HUB} and _is_word(named.get("repository")):
        yield f"properties.repository: is of no image on {_HUB}: {_spell_fix(named['repository'])}"
    for name, inner in named.items():
        yield from _repository_faults(inner, (*path, name))
    for keyword in _SAME_VALUE:
        several = schema.get(keyword)
        for inner in several if isinstance(several, list) else [several]:
            yield from _repository_faults(inner, path)


def _spell_fix(wanted: JSON) -> str:
    fix = f'write "registry": {{"const": "{_HUB}"}}'
    if not isinstance(wanted, dict) or "const" not in wanted:
        return f"{fix} beside it, or your registry"
    name = f"library/{wanted['const']}" if _is_word(wanted) else wanted["const"]
    return f'{fix}, "repository": {{"const": "{name}"}}, or your registry'


def _is_word(wanted: JSON) -> bool:
    """Whether this is the const of one word: docker completes busybox to docker.io/library/busybox."""
    name = wanted.get("const") if isinstance(wanted, dict) else None
    return isinstance(name, str) and "/" not in name
