"""A policy folder as one file (tar, gzip): packed into the same bytes for the same files, verified, and unpacked.

Nothing is unpacked before a trusted signature of the archive holds. It is unpacked into memory: regular files with
plain relative names, each once, no more and no larger than a policy can be.
"""

import gzip
import io
import re
import tarfile
import zlib
from collections.abc import Mapping

from portero.decide.identity.key_pairs import PublicKey
from portero.decide.values.dataclass import dataclass
from portero.decide.values.errors import ContentRefused, Fault, FileFaults
from portero.serve.signing import signature, tree, versions
from portero.serve.signing.manifest import Manifest
from portero.serve.signing.versions import Seen

# Bytes of the file itself.
MAX_ARCHIVE_SIZE = 16 << 20
# Half of a pair of surrogates is no text; tarfile makes such of names that are not UTF-8.
_PART = re.compile(r"[^/\0\ud800-\udfff]{1,255}")
_MODE = 0o644


@dataclass(frozen=True, slots=True)
class Bundle:
    """An archive as it was fetched. `signature`: its detached one, empty without; `mark`: its digest or ETag."""

    data: bytes
    signature: str
    mark: str = ""


class BundleRefused(Fault):
    """One sentence: why this bundle must not be taken."""


def pack(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(files[name]), _MODE
            archive.addfile(entry, io.BytesIO(files[name]))
    return gzip.compress(packed.getvalue(), mtime=0)


def unpack(data: bytes) -> dict[str, bytes]:
    """The files in an archive that a trusted key signed; raises BundleRefused."""
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(_decompress(data)), mode="r:") as archive:
            for member in archive:
                _check(member, files)
                content = archive.extractfile(member)
                assert content is not None  # noqa: S101 - a regular file has content
                files[member.name] = content.read()
    except (tarfile.TarError, ValueError, OverflowError, RecursionError) as error:
        raise BundleRefused("the bundle is not a tar archive: build it with `portero bundle build`") from error
    return files


def _check(member: tarfile.TarInfo, files: Mapping[str, bytes]) -> None:
    if fault := tree.find_name_fault(member.name[: tree.MAX_NAME + 1]):
        raise BundleRefused(f"the bundle has a file that {fault}")
    parts = member.name.split("/")
    if not all(_PART.fullmatch(part) and part not in (".", "..") for part in parts):
        raise BundleRefused("the bundle has an invalid name, or one that leads out of the folder")
    # A link, a device or a folder; a file with holes claims more than the archive holds.
    if member.type != tarfile.REGTYPE or member.issparse():
        raise BundleRefused(f"the bundle {member.name}: is not a regular file")
    above = ("/".join(parts[:end]) for end in range(1, len(parts) + 1))
    if len(files) >= tree.MAX_ENTRIES or any(name in files for name in above):
        raise BundleRefused(f"the bundle {member.name}: is there twice, or is one file too many")


def _decompress(data: bytes) -> bytes:
    """At most as much as a policy can be with its headers, whatever the compressed bytes claim."""
    reader = zlib.decompressobj(wbits=31)  # 31: gzip
    try:
        plain = reader.decompress(data, tree.MAX_SIZE + tree.MAX_ENTRIES * 1024)
    except zlib.error as error:
        raise BundleRefused("the bundle is not compressed with gzip: build it with `portero bundle build`") from error
    if reader.unconsumed_tail:
        raise BundleRefused(f"the bundle holds more than {tree.MAX_SIZE >> 20} MiB, which no policy does")
    if not reader.eof or reader.unused_data:
        raise BundleRefused("the bundle is cut off, or has something behind its end: build or fetch it again")
    return plain


def open_bundle(bundle: Bundle, trusted: Mapping[str, PublicKey]) -> tuple[dict[str, bytes], Manifest]:
    """The files of a bundle, and what they are signed as; nothing is unpacked before the archive's signature holds.

    Raises BundleRefused.
    """
    try:
        signature.verify_file(bundle.data, bundle.signature, trusted)
        files = unpack(bundle.data)
        return files, signature.verify(files, trusted)
    except ContentRefused as refused:
        raise BundleRefused(f"the bundle {refused}") from refused
    except FileFaults as refused:
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
        self.check_manifest(manifest)
        return files, manifest

    def check_manifest(self, manifest: Manifest) -> None:
        """Raises BundleRefused for another group than those of this host, and for an older version."""
        if manifest.group not in self.groups:
            takes = ", ".join(self.groups) or "none"
            raise BundleRefused(f"the bundle is signed for {manifest.group}, this host takes {takes}")
        fault = versions.find_fault(self.seen, manifest)
        if fault is not None:
            raise BundleRefused(f"the bundle {fault}")
