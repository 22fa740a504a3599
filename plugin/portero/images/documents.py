"""Indexes and manifests of images (OCI image-spec, image-index.md and manifest.md): known by what they hash to.

From a signed digest the digests of manifests and of configurations follow: each document names those below it.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256

from portero.images.payloads import DIGEST
from portero.values.json_fields import to_object, to_text
from portero.values.json_objects import load_strict_object
from portero.values.json_types import JSON

# Bytes of a document, and what an index may list; those of Docker's own images stay far below.
MAX_DOCUMENT = 256 << 10
MAX_LISTED = 1000
# An index may hold an index; none is seen that goes deeper.
_MAX_DEPTH = 4
_INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
_MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
# What dockerd runs (moby distribution/registry.go, imageTypes): the two, and what old registries say of any blob.
_CONFIGS = ("application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json")
_DEFAULTS = (None, "", "application/octet-stream", "application/json", "text/html")
ACCEPTED = ", ".join((*_INDEXES, *_MANIFESTS))


def digest_of(data: bytes) -> str:
    """The digest by which these bytes are known."""
    return f"sha256:{sha256(data).hexdigest()}"


def list_below(data: bytes) -> tuple[str, ...]:
    """The digests that a document names: an index its manifests, a manifest its configuration. None: it is no such.

    What could be read as both is neither (CVE-2021-41190).
    """
    if len(data) > MAX_DOCUMENT:
        return ()
    try:
        document = load_strict_object(data)
    except ValueError:
        return ()
    said, listed, config = document.get("mediaType"), document.get("manifests"), document.get("config")
    if (
        isinstance(listed, list)
        and not document.keys() & {"config", "layers", "fsLayers"}
        and said in (None, *_INDEXES)
    ):
        return tuple(filter(None, map(_read_digest, listed))) if len(listed) <= MAX_LISTED else ()
    if isinstance(config, dict) and "manifests" not in document and said in (None, *_MANIFESTS):
        digest = _read_digest(config) if config.get("mediaType") in (*_CONFIGS, *_DEFAULTS) else ""
        return (digest,) if digest else ()
    return ()


def _read_digest(descriptor: JSON) -> str:
    digest = to_text(to_object(descriptor).get("digest"))
    return digest if DIGEST.fullmatch(digest) else ""


def read_all(documents: Iterable[bytes]) -> dict[str, tuple[str, ...]]:
    """What each document names, by its own digest."""
    return {digest_of(data): list_below(data) for data in documents}


def find_same(digest: str, below: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """What also names this image, or more than it: indexes and manifests that lead here, and the only thing below it,
    as a configuration is below a manifest."""
    found = {digest}
    for _ in range(_MAX_DEPTH):
        found |= {document for document, listed in below.items() if not found.isdisjoint(listed)}
    for _ in range(_MAX_DEPTH):
        if len(only := below.get(digest, ())) == 1:
            found.add(digest := only[0])
    return frozenset(found)


def find_ways(top: str, below: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Each digest that `top` leads to, itself too, with the documents on the way there, from the top."""
    ways: dict[str, tuple[str, ...]] = {top: ()}
    layer = [top]
    for _ in range(_MAX_DEPTH):
        found: list[str] = []
        for one in layer:
            for each in below.get(one, ()):
                if each not in ways:
                    ways[each] = (*ways[one], one)
                    found.append(each)
        layer = found
    return ways
