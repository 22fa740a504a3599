"""Images: names in requests, and what the daemon has under a name (docker image inspect in, `objects.image` out).

References are split as distribution/reference splits them (normalize.go, regexp.go; moby 26.1 has v0.6).
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from portero.decide.facts import ports, process
from portero.decide.reading.uri import find_first
from portero.decide.values.docker_names import is_id
from portero.decide.values.go_values import parse_go_port
from portero.decide.values.image_names import HUB, LEGACY_HUB, complete_repository, hide_login
from portero.decide.values.json_fields import JSON, Fact, as_text, child, flag, text, texts

# opencontainers/go-digest: the algorithms that are known, with the length of their hexadecimal form.
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128}")
# dockerd completes an unambiguous beginning of an ID, however short, where no image has it as its name (measured with
# 28.5: `f289` and `sha256:f289`, but neither `f289:latest` nor `docker.io/library/f289`).
_BEGINNING_OF_ID = re.compile(r"(?:sha256:)?[a-f0-9]{1,64}")
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?P<name>{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
    r"(?:@(?P<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?"
)
# A name has at most 255 characters (NameTotalLengthMax), a tag 128, a digest a few hundred: matching takes its time.
_MAX_REFERENCE = 4096
_NO_NAME = "<none>"


def parse_reference(reference: str, at: str) -> Fact:
    """The fact `image`. dockerd refuses an invalid reference; its repository is then the whole text but a login."""
    reference = hide_login(reference)
    if reference == "":
        return _make_fact(reference, "", "", None, None, at)
    if is_id(reference):
        return _make_fact(reference, "", "", None, f"sha256:{reference}", at)
    if _DIGEST.fullmatch(reference):
        return _make_fact(reference, "", "", None, reference, at)
    registry, rest = _split(reference)
    match = _REFERENCE.fullmatch(rest) if len(rest) <= _MAX_REFERENCE else None
    if match is None:
        return _make_fact(reference, registry, rest, None, None, at)
    tag = match["tag"] if match["tag"] or match["digest"] else "latest"
    image = _make_fact(reference, registry, match["name"], tag, match["digest"], at)
    return image | {"mayBeId": _BEGINNING_OF_ID.fullmatch(reference) is not None}


def read_pull(query: Mapping[str, Sequence[str]]) -> dict[str, JSON]:
    """The image that ImageCreate pulls; {} for an import (moby api/server/router/image, postImagesCreate)."""
    reference = find_first(query, "fromImage")
    return {} if reference == "" else {"image": _parse_name(reference, find_first(query, "tag"), "?fromImage")}


def read_push(path: Mapping[str, str], query: Mapping[str, Sequence[str]]) -> dict[str, JSON]:
    """The image that ImagePush sends to its registry."""
    return {"image": _parse_name(path.get("name", ""), find_first(query, "tag"), "path.name")}


def read_new_name(query: Mapping[str, Sequence[str]]) -> dict[str, JSON]:
    """The name that ImageTag, ImageCommit or an import gives an image; {} for none.

    (moby api/server/httputils/form.go, RepoTagReference.)
    """
    repository = find_first(query, "repo")
    return {} if repository == "" else {"imageName": _parse_name(repository, find_first(query, "tag"), "?repo")}


def read_tag(path: Mapping[str, str], query: Mapping[str, Sequence[str]]) -> dict[str, JSON]:
    """The image that ImageTag names anew, and its new name."""
    return {"imageSource": parse_reference(path.get("name", ""), "path.name")} | read_new_name(query)


def read_asked(reference: str, at: str) -> dict[str, JSON]:
    """The image whose registry DistributionInspect asks, or plugin of GetPluginPrivileges: a name, and never an ID."""
    return {"image": parse_reference(reference, at) | {"mayBeId": False}}


def read_search(query: Mapping[str, Sequence[str]]) -> dict[str, JSON]:
    """The registry that ImageSearch asks (moby registry/search.go, splitReposSearchTerm), as an image there."""
    term = hide_login(find_first(query, "term"))
    first, slash, rest = term.partition("/")
    is_host = slash != "" and (first == "localhost" or any(mark in first for mark in ".:"))
    registry, repository = (first, rest) if is_host and first != LEGACY_HUB else (HUB, term)
    return {"image": _make_fact(term, registry, repository, None, None, "?term")}


def _parse_name(reference: str, tag: str, at: str) -> Fact:
    """What is a name and never an ID, with a tag or digest that comes apart from it."""
    # "busybox:" is how old clients ask for every tag.
    reference, tag = hide_login(reference), hide_login(tag)
    image = parse_reference(reference.removesuffix(":"), at) | {"reference": reference, "mayBeId": False}
    if tag == "":
        return image
    if _DIGEST.fullmatch(tag):
        return image | {"reference": f"{reference}@{tag}", "tag": None, "digest": tag}
    return image | {"reference": f"{reference}:{tag}", "tag": tag}


def _split(reference: str) -> tuple[str, str]:
    """splitDockerDomain: what comes before the first / is a registry when it cannot be a repository's folder."""
    first, slash, rest = reference.partition("/")
    if not slash:
        return HUB, complete_repository(reference)
    if first == LEGACY_HUB:
        first = HUB
    if first != "localhost" and not any(mark in first for mark in ".:") and first.lower() == first:
        return HUB, reference
    return first, complete_repository(rest) if first == HUB else rest


def _make_fact(reference: str, registry: str, repository: str, tag: str | None, digest: str | None, at: str) -> Fact:
    return {
        "reference": reference,
        "registry": registry,
        "repository": repository,
        "tag": tag,
        "digest": digest,
        "mayBeId": False,
        "at": at,
    }


def read_reported(reported: Mapping[str, JSON] | None, at: str) -> Fact:
    """The fact; None: the daemon has no such image, so that a container cannot be created from it.

    Raises Refused where a field has a type that Docker would not write.
    """
    config = child(reported or {}, "Config")
    exposed = [name.partition("/") for name in child(config, "ExposedPorts")]
    return {
        "exists": reported is not None,
        "id": text(reported or {}, "Id"),
        "references": [parse_reference(reference, at) for reference in _list_references(reported or {})],
        "user": text(config, "User"),
        "volumes": [*child(config, "Volumes")],
        "exposedPorts": [
            {"port": parse_go_port(number), "protocol": protocol.lower() or "tcp"} for number, _, protocol in exposed
        ],
        "healthcheck": child(process.read_healthcheck(child(config, "Healthcheck"), at), "healthcheck")["value"]
        == "set",
        "labels": [{"name": name, "value": as_text(value, at)} for name, value in child(config, "Labels").items()],
        "at": at,
    }


def publishes_all(body: Fact) -> bool:
    """Whether a create publishes every port that the image exposes."""
    return flag(child(body, "HostConfig"), "PublishAllPorts")


def count_ports(reported: Mapping[str, JSON] | None, body: Fact) -> Fact:
    """How many ports a create publishes at most, with those that --publish-all takes from the image."""
    of_image = child(child(reported or {}, "Config"), "ExposedPorts")
    return ports.count_create({**body, "ExposedPorts": {**child(body, "ExposedPorts"), **of_image}})


def _list_references(reported: Mapping[str, JSON]) -> Iterator[str]:
    names = dict.fromkeys((*texts(reported, "RepoTags"), *texts(reported, "RepoDigests")))
    return (name for name in names if _NO_NAME not in name)
