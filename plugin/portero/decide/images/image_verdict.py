"""Whether an image may run: what the site asks of its name, against who vouches for its digests."""

from collections.abc import Iterable, Sequence
from datetime import date

from portero.decide.images.trust import (
    DigestList,
    ImageRecords,
    ImageTrust,
    RecordUnreadable,
    TrustEntry,
    Verified,
    Voucher,
)
from portero.decide.values.dataclass import dataclass

FETCH, SIGN = "sudo portero images fetch", "if you built it, cosign sign --key KEY"
NOT_FETCHED = "no signature of it was fetched"
_REASONS = {
    "keyless": "it has a keyless signature, which is not supported: sign with a key",
    "other-digest": "the signature beside it is of another image",
    "other-key": "it is signed with another key",
    "no-signature-of-image": "that key signed something else, such as an SBOM",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`keys`: which were asked for. `found`: what is there instead, in at most 80 characters. `command`: the cure."""

    vouched: bool
    keys: str = ""
    found: str = ""
    command: str = ""


_VOUCHED = Verdict(vouched=True)


@dataclass(frozen=True, slots=True)
class ImageQuery:
    """`repository`: of the name asked for, with its registry; empty for an ID. `digests`: by which the daemon knows it.

    `may_be_part`: it is enough that one platform of it is vouched for: a start judges the one that runs.
    """

    repository: str
    digests: Sequence[str]
    may_be_part: bool = False


def judge_image(store: ImageRecords, query: ImageQuery, today: date) -> Verdict:
    trust = store.trust
    if not trust.entries:
        return _VOUCHED
    entry = trust.find_entry(query.repository) if query.repository else None
    if query.repository and entry is None:
        return Verdict(vouched=False, keys="no key", found="no entry of image-trust is about it", command="add one for")
    entries = [entry] if entry is not None else [*trust.entries]
    # Any user can give an image a name that needs no signature, if there are such names for everything.
    if any(not each.keys and (entry is not None or each.images == "*") for each in entries):
        return _VOUCHED
    keys = ", ".join(dict.fromkeys(key for each in entries for key in each.keys))
    if find_listed(trust.allowed, query.digests, today) is not None:
        return _VOUCHED
    try:
        records = [verified for digest in query.digests if (verified := store.find(digest)) is not None]
    except RecordUnreadable as unreadable:
        return Verdict(vouched=False, keys=keys, found=str(unreadable), command=unreadable.cure or FETCH)
    vouchers = [each for verified in records for each in verified.vouchers if query.may_be_part or not each.is_part]
    if any(find_fault(one, each, query.repository, trust) is None for one in vouchers for each in entries):
        return _VOUCHED
    reason = _find_reason(trust, query, entries, records)
    return Verdict(vouched=False, keys=keys, found=reason, command=FETCH if reason == NOT_FETCHED else SIGN)


def find_listed(
    lists: Iterable[DigestList], digests: Sequence[str], today: date | None
) -> tuple[DigestList, str] | None:
    """The first list with one of these digests that has not expired before `today`, and why it is there."""
    for each in lists:
        for digest in digests:
            if digest in each.digests and (today is None or each.expires is None or today <= each.expires):
                return each, each.digests[digest]
    return None


def find_denied(store: ImageRecords, digests: Sequence[str]) -> tuple[DigestList, str] | None:
    """The list of denied digests that has this image, or an index that leads to it. An expired one still counts.

    Raises RecordUnreadable.
    """
    above: set[str] = set(digests)
    if not store.trust.denied:
        return None
    for digest in digests:
        verified = store.find(digest)
        above |= verified.digests if verified is not None else set()
    return find_listed(store.trust.denied, sorted(above), None)


def find_fault(voucher: Voucher, entry: TrustEntry, repository: str, trust: ImageTrust) -> str | None:
    """Why a signature is not one that the entry asks for.

    An image without a name must be signed as one whose entry this is: the most specific one counts by ID, too.
    """
    if not voucher.keys & {*entry.keys}:
        return _REASONS["other-key"]
    if voucher.repository or entry.binds_repository:
        if not voucher.repository:
            return "the signature does not name the repository, as image-trust asks"
        signed_for = voucher.repository
        if signed_for != repository if repository else trust.find_entry(signed_for) is not entry:
            return f"it is signed for {voucher.repository}"
    missing = [name for name, value in entry.annotations.items() if voucher.annotations.get(name) != value]
    return f"the signature lacks the annotation {missing[0]}" if missing else None


def _find_reason(
    trust: ImageTrust, query: ImageQuery, entries: Sequence[TrustEntry], records: Sequence[Verified]
) -> str:
    if (expired := find_listed(trust.allowed, query.digests, None)) is not None:
        return f"the list {expired[0].name} has it, and expired on {expired[0].expires}"
    vouchers = [voucher for verified in records for voucher in verified.vouchers]
    pairs = ((each, entry) for each in vouchers for entry in entries)
    faults = [fault for each, entry in pairs if (fault := find_fault(each, entry, query.repository, trust))]
    if any(voucher.is_part for voucher in vouchers) and not faults:
        return "only another platform of it is signed"
    if faults:
        # The nearest miss: what is wrong beside the key says more.
        return next((fault for fault in faults if fault != _REASONS["other-key"]), faults[0])
    seen = [what for what in _REASONS for verified in records if verified.seen.get(what)]
    if seen:
        return _REASONS[seen[0]]
    return "it has no signature" if records else NOT_FETCHED
