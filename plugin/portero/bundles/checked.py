"""What a bundle holds, once its signatures, the group it is for, and its version are known to be right."""

from collections.abc import Mapping
from dataclasses import dataclass

from portero.bundles.archive import ArchiveRefused, Bundle, unpack
from portero.signing import detached, signature, versions
from portero.signing.detached import DetachedRefused
from portero.signing.manifest import Manifest
from portero.signing.signature import PublicKey, SignatureRefused
from portero.signing.versions import Seen


class BundleRefused(Exception):
    """One sentence: why this bundle must not be taken."""


def open_bundle(bundle: Bundle, trusted: Mapping[str, PublicKey]) -> tuple[dict[str, bytes], Manifest]:
    """The files of a bundle, and what they are signed as; nothing is unpacked before the archive's signature holds.

    Raises BundleRefused.
    """
    try:
        detached.verify(bundle.data, bundle.signature, trusted)
        files = unpack(bundle.data)
        return files, signature.verify(files, trusted)
    except (DetachedRefused, ArchiveRefused) as refused:
        raise BundleRefused(f"the bundle {refused}") from refused
    except SignatureRefused as refused:
        name, sentence = refused.faults[0]
        more = f" (and {len(refused.faults) - 1} more)" if len(refused.faults) > 1 else ""
        raise BundleRefused(f"{name} in the bundle {sentence}{more}") from refused


@dataclass(frozen=True, slots=True)
class Trust:
    """What this host takes: whose signature, for which groups, and what was in force before."""

    keys: Mapping[str, PublicKey]
    groups: tuple[str, ...]
    seen: Mapping[str, Seen]

    def check(self, bundle: Bundle) -> tuple[dict[str, bytes], Manifest]:
        """The files of a bundle, and what they are signed as. Raises BundleRefused."""
        files, manifest = open_bundle(bundle, self.keys)
        if manifest.group not in self.groups:
            takes = ", ".join(self.groups) or "none"
            raise BundleRefused(f"the bundle is signed for {manifest.group}, this host takes {takes}")
        fault = versions.fault(self.seen, manifest)
        if fault is not None:
            raise BundleRefused(f"the bundle {fault}")
        return files, manifest
