"""Image names as docker completes them, alone and in the match of an exception: busybox is docker.io/library/busybox.
Logins in what should be one are hidden.

In a match, a repository without a registry would match evil.io/netops/probe too.
"""

import re
from collections.abc import Iterator, Mapping
from typing import cast

from portero.decide.values.json_fields import JSON

HUB, LEGACY_HUB = "docker.io", "index.docker.io"
HIDDEN = "***"
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9+._-]*:[0-9a-fA-F]{32,}(?:/[a-z]+)?")
_FOLDER = re.compile(r"(?:/v[0-9.]+)?/[^/@]+/")
_IMAGE = ("facts", "image")
# Not below `not` and `if`: there a repository of any registry makes an exception match less.
_SAME_VALUE = ("allOf", "anyOf", "then", "else")


def complete_repository(name: str) -> str:
    """The repository on Docker's own registry: busybox is library/busybox."""
    return name if "/" in name else f"library/{name}"


def complete_name(name: str) -> str:
    """A repository with its registry, or all below one (.../*): docker.io/busybox is docker.io/library/busybox."""
    registry, _, rest = name.partition("/")
    if registry not in (HUB, LEGACY_HUB):
        return name
    return f"{HUB}/{rest if rest == '*' else complete_repository(rest)}"


def hide_login(reference: str) -> str:
    """The name without what stands before an @ that begins no digest, so that user:password@registry/app is ***@...

    No image has such a name, and who writes one means a login.
    """
    name, at, tail = reference.rpartition("@")
    if not at:
        return reference
    digest = ""
    if _DIGEST.fullmatch(tail):
        name, at, tail, digest = *name.rpartition("@"), f"@{tail}"
    return f"{HIDDEN}@{tail}{digest}" if at else reference


def hide_login_in_path(path: str) -> str:
    """The path of a request in which a name, behind the first segment (and a version), holds a login."""
    match = _FOLDER.match(path) if "@" in path else None
    return path[: match.end()] + hide_login(path[match.end() :]) if match else path


def complete_match(schema: JSON, path: tuple[str, ...] = ()) -> JSON:
    """The match with the registry and the repository that docker means by a name."""
    if not isinstance(schema, dict):
        return schema
    completed = {**schema}
    named = cast("dict[str, JSON]", schema.get("properties", {}))
    if named:
        properties = {name: complete_match(inner, (*path, name)) for name, inner in named.items()}
        completed["properties"] = _complete_image(properties) if path == _IMAGE else properties
    for keyword in _SAME_VALUE:
        if keyword in schema:
            inner = schema[keyword]
            completed[keyword] = (
                [complete_match(one, path) for one in inner] if isinstance(inner, list) else complete_match(inner, path)
            )
    return completed


def list_faults(schema: JSON, path: tuple[str, ...] = ()) -> Iterator[str]:
    """A sentence for each repository of any registry that is more than names, so that docker completes none."""
    if not isinstance(schema, dict):
        return
    named = cast("dict[str, JSON]", schema.get("properties", {}))
    is_open = path == _IMAGE and "repository" in named and not named.keys() & {"registry", "digest"}
    if is_open and not _names(named["repository"]):
        yield (
            "properties.repository: matches images of every registry: "
            f'write "registry": {{"const": "{HUB}"}} beside it, or your registry'
        )
    for name, inner in named.items():
        yield from list_faults(inner, (*path, name))
    for keyword in _SAME_VALUE:
        several = schema.get(keyword)
        for inner in several if isinstance(several, list) else [several]:
            yield from list_faults(inner, path)


def _complete_image(named: Mapping[str, JSON]) -> dict[str, JSON]:
    repository, registry = named.get("repository"), named.get("registry")
    names = _names(repository)
    if not names or registry not in (None, {"const": HUB}):
        return {**named}
    whole = [complete_repository(name) for name in names]
    if registry is None and "digest" in named:
        # The content is known: the image may be of any registry, and there one word is a whole name.
        return {**named, "repository": {"enum": [*dict.fromkeys([*names, *whole])]}}
    return {**named, "registry": {"const": HUB}, "repository": {"enum": [*dict.fromkeys(whole)]}}


def _names(repository: JSON) -> list[str]:
    """The names of a `const` or `enum`; none where the schema says more, or something else."""
    if not isinstance(repository, dict) or len(repository) != 1:
        return []
    values = [repository.get("const")] if "const" in repository else repository.get("enum")
    listed = values if isinstance(values, list) else []
    return [value for value in listed if isinstance(value, str)] if all(isinstance(v, str) for v in listed) else []
