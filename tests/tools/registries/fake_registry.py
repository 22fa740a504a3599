"""A registry in memory: what is at each path below one name."""

from collections.abc import Mapping
from typing import Any

from portero.decide.images.record import compute_digest
from portero.serve.settings.setting_values import OciAddress
from portero.tools.registries.https import TransportFailed
from tests.decide.images.signed import Image, Signature, bundle_manifest, describe, dump, simple_manifest


class FakeRegistry:
    """Counts what it is asked for. `has_api`: it knows referrers, as docker-registry 2.8 does not."""

    def __init__(self, image: Image, *, has_api: bool = False) -> None:
        self.address = OciAddress("registry.example.com", "team/app", "1")
        self.held: dict[str, bytes] = {"manifests/1": image.index}
        self.asked: list[str] = []
        self.has_api, self.failing = has_api, ""
        for text in image.documents:
            self.held[f"manifests/{compute_digest(text)}"] = text

    def find_content(self, path: str, accept: str, max_size: int | None = None) -> bytes | None:
        self.asked.append(path)
        if path == self.failing:
            raise TransportFailed("status 400")
        data = self.held.get(path)
        if data is not None and max_size is not None and len(data) > max_size:
            raise TransportFailed("too much")
        return data

    def put_simple(self, subject: bytes, *signatures: Signature, **more: Any) -> None:
        """As cosign 2 does."""
        tag = compute_digest(subject).replace(":", "-")
        self.held[f"manifests/{tag}.sig"] = simple_manifest(*signatures, **more)
        self._put_blobs(*(one.payload for one in signatures))

    def refer(self, subject: bytes, *manifests: bytes, blobs: tuple[bytes, ...] = ()) -> None:
        """Referrers, whatever they are."""
        for manifest in manifests:
            self.held[f"manifests/{compute_digest(manifest)}"] = manifest
        listed = dump({"schemaVersion": 2, "manifests": [describe(manifest) for manifest in manifests]})
        digest = compute_digest(subject)
        self.held[f"referrers/{digest}" if self.has_api else f"manifests/{digest.replace(':', '-')}"] = listed
        self._put_blobs(*blobs)

    def put_bundle(self, subject: bytes, bundle: bytes) -> None:
        """As cosign 3 does."""
        self.refer(subject, bundle_manifest(bundle, subject), blobs=(bundle,))

    def _put_blobs(self, *blobs: bytes) -> None:
        self.held.update({f"blobs/{compute_digest(blob)}": blob for blob in blobs})


def names(records: Mapping[str, Any]) -> list[str]:
    """The digests of which a record has a signature."""
    return sorted(digest for digest, record in records.items() if record.signatures)
