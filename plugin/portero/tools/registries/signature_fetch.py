"""Fetches all that there is to know about one image: its index and manifests, and the signatures that keys of the site
made. In: a reference and what the site asks. Out: a record for each digest by which a daemon may know the image, and a
file for each in the folder that the guard reads."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path

from portero.decide.images import record
from portero.decide.images.image_verdict import find_fault
from portero.decide.images.payloads import read_claim
from portero.decide.images.record import Record, Signature
from portero.decide.images.trust import ImageTrust, Voucher
from portero.decide.images.verification import SiteKey, find_signer, index_keys
from portero.decide.values.dataclass import dataclass, field, replace
from portero.decide.values.json_fields import to_object, to_objects
from portero.decide.values.json_objects import load_object
from portero.observe.files.whole_files import read_regular_file, write_whole
from portero.observe.stores.image_store import locate_record
from portero.serve.settings.settings import Settings
from portero.tools.registries.bundle_fetch import DEADLINE, read_login
from portero.tools.registries.https import Transport, TransportFailed
from portero.tools.registries.image_references import ImageReference
from portero.tools.registries.registry import Registry
from portero.tools.registries.signature_candidates import Candidates
from portero.tools.registries.urls import UrlRefused, parse_url

# How many platforms of an index are read.
_MAX_PLATFORMS = 30
# How many signatures of each are tried: some seconds of work.
_MAX_TRIED = 20_000


class ImageMissing(TransportFailed):
    """The registry answers that it has no such image."""


@dataclass(slots=True)
class _Sorted:
    """What was found so far. `fitting` is as the site asks, `others` hold as well: each with the digest that it is
    about, one for each claim by the same keys."""

    fitting: dict[object, tuple[str, Signature]] = field(default_factory=dict)
    others: dict[object, tuple[str, Signature]] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)

    @property
    def signatures(self) -> list[tuple[str, Signature]]:
        return [*self.fitting.values(), *self.others.values()]


@dataclass(frozen=True, slots=True)
class Fetched:
    """`top`: the digest of the index or manifest. `records`: by each digest that follows from it."""

    top: str
    records: Mapping[str, Record]


def fetch_image(registry: Registry, image: ImageReference, trust: ImageTrust) -> Fetched:
    """What the registry has about this image. Raises TransportFailed, for one that it lacks ImageMissing."""
    reference, entry = image.wanted, trust.find_entry(image.name)
    data = registry.find_content(f"manifests/{reference}", record.ACCEPTED)
    if data is None:
        raise ImageMissing(f"{registry.address.host}: {registry.address.name} has no {reference}")
    top = record.compute_digest(data)
    if reference.startswith("sha256:") and top != reference:
        raise TransportFailed(f"{registry.address.host}: sent another manifest than {reference}")
    platforms = dict(_fetch_platforms(registry, data))
    keys = index_keys({name: trust.keys[name] for name in entry.keys} if entry is not None else {})
    signatures, candidates = _Sorted(), Candidates(registry)

    def is_fitting(voucher: Voucher) -> bool:
        return entry is not None and find_fault(voucher, entry, image.name, trust) is None

    for subject in (top, *platforms):
        for signature in islice(candidates.find_signatures(subject), _MAX_TRIED):
            _sort_signature(signature, subject, keys, signatures, is_fitting)
        if signatures.fitting:
            # All platforms follow from a signed index.
            break
    if candidates.failed is not None and not signatures.signatures:
        raise candidates.failed
    signatures.seen += Counter(keyless=candidates.keyless)
    return Fetched(top, _make_records(top, [data, *platforms.values()], signatures))


def _fetch_platforms(registry: Registry, data: bytes) -> Iterator[tuple[str, bytes]]:
    """The manifests of an index, without those that are about others (their platform is unknown)."""
    wanted = record.list_below(data)
    try:
        listed = to_objects(load_object(data).get("manifests"))
    except ValueError:
        return
    # A manifest lists none, and names its configuration below itself.
    if not listed:
        return
    about = [one.get("digest") for one in listed if to_object(one.get("platform")).get("os") == "unknown"]
    wanted = tuple(digest for digest in wanted if digest not in about)
    for digest in wanted[:_MAX_PLATFORMS]:
        manifest = registry.find_content(f"manifests/{digest}", record.ACCEPTED)
        if manifest is not None and record.compute_digest(manifest) == digest:
            yield digest, manifest


def _sort_signature(
    signature: Signature,
    subject: str,
    keys: Mapping[str, SiteKey],
    signatures: _Sorted,
    is_fitting: Callable[[Voucher], bool],
) -> None:
    signer = find_signer(signature, keys)
    if signer is None:
        signatures.seen["other-key"] += 1
        return
    claim = read_claim(signature.form, signature.payload)
    if claim is None:
        signatures.seen["no-signature-of-image"] += 1
        return
    if claim.digest != subject:
        signatures.seen["other-digest"] += 1
    else:
        voucher = Voucher(keys[signer].files, claim.repository, claim.annotations)
        into = signatures.fitting if is_fitting(voucher) else signatures.others
        if len(into) < record.MAX_SIGNATURES:
            claimed = (subject, signer, claim.repository, frozenset(claim.annotations.items()))
            into.setdefault(claimed, (subject, replace(signature, key=signer)))


def _make_records(top: str, texts: Iterable[bytes], sorted_: _Sorted) -> dict[str, Record]:
    """A record for each digest, with the documents that lead there from the top, itself, and those to what is signed.

    The first ones count without a signature: a list may deny the index, the platform's manifest or the configuration.
    """
    by_digest = {record.compute_digest(data): data for data in texts}
    below = {digest: record.list_below(data) for digest, data in by_digest.items()}
    records: dict[str, Record] = {}
    for digest, above in record.find_parents(top, below).items():
        signatures: list[Signature] = []
        needed: dict[str, None] = dict.fromkeys((*above, digest))
        for subject, signature in sorted_.signatures:
            way = record.find_parents(subject, below).get(digest)
            if way is None:
                way = record.find_parents(digest, below).get(subject)
            if way is not None:
                signatures.append(signature)
                needed |= dict.fromkeys(way)
        documents = tuple(by_digest[each] for each in needed if each in by_digest)[: record.MAX_DOCUMENTS]
        records[digest] = Record(tuple(signatures[: record.MAX_SIGNATURES]), documents, sorted_.seen)
    return records


def merge_records(before: Record, now: Record) -> Record:
    """What was fetched stays good: signatures of both, as many as a record holds.

    The first ones of each first: what fits another name of the image stays, too.
    """
    half = record.MAX_SIGNATURES // 2
    each = (now.signatures[:half], before.signatures[:half], now.signatures[half:], before.signatures[half:])
    signatures = tuple(dict.fromkeys(chain(*each)))[: record.MAX_SIGNATURES]
    texts = tuple(dict.fromkeys((*now.documents, *before.documents)))[: record.MAX_DOCUMENTS]
    return Record(signatures, texts, now.seen)


_MODE = 0o644


def write_records(folder: Path, records: Mapping[str, Record]) -> None:
    """Put these records there, together with the signatures that were there before. Raises OSError."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    for digest, fetched in records.items():
        file = locate_record(folder, digest)
        merged = merge_records(record.parse_record(_read_text(file) or b"") or Record(), fetched)
        while len(text := record.spell_record(merged)) > record.MAX_RECORD and merged.signatures:
            # The first ones fit best.
            merged = replace(merged, signatures=merged.signatures[: len(merged.signatures) // 2])
        if len(text) <= record.MAX_RECORD and text != _read_text(file):
            write_whole(file, text, _MODE, synced=True)


def _read_text(file: Path) -> bytes | None:
    """What is there; what cannot be read is replaced."""
    try:
        return read_regular_file(file, record.MAX_RECORD)
    except OSError:
        return None


def open_registry(reference: ImageReference, settings: Settings) -> Registry:
    """The registry that has an image, with the login of the settings; raises TransportFailed."""
    hosts = (*settings.bundle_hosts, *reference.hosts)
    try:
        transport = Transport(parse_url(reference.address.url), DEADLINE, settings.bundle_ca, hosts)
    except UrlRefused as refused:
        raise TransportFailed(f"{reference.registry}: {refused}") from None
    return Registry(reference.address, transport, read_login(settings.bundle_login, reference.login_name))
