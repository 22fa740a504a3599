"""Site values about images (image-trust, image-digests), files in keys/ and in image-lists/ become ImageTrust."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, cast

from portero.decide.images.trust import DigestList, ImageTrust, TrustEntry
from portero.decide.policy.folder import Folder
from portero.decide.policy.json_files import compile_faults
from portero.decide.values.image_names import complete_name
from portero.decide.values.json_fields import JSON
from portero.decide.values.spelling import find_twins, suggest_name

if TYPE_CHECKING:  # slow to load, and needed only where a site lists keys
    from portero.decide.identity.keys import Public

_TRUST, _DIGESTS = "image-trust", "image-digests"


def read_trust(
    contents: Sequence[Folder], values: Mapping[str, JSON], schema: Mapping[str, JSON], faults: list[str]
) -> ImageTrust:
    """What the site asks of images; faults are added to `faults`. `schema`: of a file in image-lists/.

    Files in keys/ have been read before, so that they can be used.
    """
    entries = [_make_entry(entry) for entry in cast("list[dict[str, JSON]]", values.get(_TRUST, []))]
    data = {name: content for folder in contents for name, content in folder.keys.items()}
    lists = {name: (folder, document) for folder in contents for name, document in folder.image_lists.items()}
    find_faults = compile_faults(schema)
    wrong = [
        folder.locate(folder.path / "image-lists" / name, fault)
        for name, (folder, document) in lists.items()
        for fault in find_faults(document) or _find_date_fault(document)
    ]
    chosen = cast("dict[str, list[str]]", values.get(_DIGESTS, {}))
    last = contents[-1]
    missing = [name for which in chosen.values() for name in which if name not in lists]
    site_faults = [*_list_faults(entries, data)]
    site_faults += [f"{_DIGESTS}: there is no image-lists/{name}{suggest_name(name, [*lists])}" for name in missing]
    if chosen.get("allowed") and not entries:
        site_faults.append(f"{_DIGESTS}: allowed says nothing where {_TRUST} asks for no signature: write its entries")
    faults += [*wrong, *(last.locate(last.path / "site.json", fault) for fault in site_faults)]
    if faults:
        return ImageTrust()
    made = {name: _make_list(name, document) for name, (_, document) in lists.items()}
    allowed, denied = ([made[name] for name in chosen.get(which, [])] for which in ("allowed", "denied"))
    return ImageTrust(entries, _read_keys(entries, data), allowed, denied)


def _make_entry(entry: Mapping[str, JSON]) -> TrustEntry:
    keys = cast("str | list[str]", entry["keys"])
    annotations = cast("dict[str, str]", entry.get("annotations", {}))
    names = (keys,) if isinstance(keys, str) else tuple(keys)
    return TrustEntry(str(entry["images"]), names, annotations, entry.get("repository") == "signed")


def _list_faults(entries: Sequence[TrustEntry], data: Mapping[str, bytes]) -> Iterator[str]:
    names = [entry.images for entry in entries]
    for name in find_twins(names):
        yield f"{_TRUST}: has {name} twice: write one entry"
    for name in names:
        if (complete := complete_name(name)) != name:
            yield f"{_TRUST}: {name} matches nothing: write {complete}, as Docker completes it"
    for name in dict.fromkeys(key for entry in entries for key in entry.keys):
        if name not in data:
            yield f"{_TRUST}: there is no keys/{name}{suggest_name(name, [*data])}"
        elif b"PUBLIC KEY" not in data[name]:
            yield f"{_TRUST}: keys/{name} holds no public key in PEM: write the one that `cosign public-key` shows"


def _find_date_fault(document: Mapping[str, JSON]) -> Iterator[str]:
    try:
        date.fromisoformat(str(document.get("expires", "2000-01-01")))
    except ValueError:
        yield "expires: is no date: write 2027-01-31"


def _make_list(name: str, document: Mapping[str, JSON]) -> DigestList:
    expires = document.get("expires")
    return DigestList(
        name, cast("dict[str, str]", document["digests"]), None if expires is None else date.fromisoformat(str(expires))
    )


def _read_keys(entries: Sequence[TrustEntry], data: Mapping[str, bytes]) -> "dict[str, Sequence[Public]]":
    names = dict.fromkeys(name for entry in entries for name in entry.keys)
    if not names:
        return {}
    from portero.decide.identity import keys

    # With what verifies: it is loaded before a fork, and before an upgrade replaces it.
    from portero.decide.images import verification  # noqa: F401

    return {name: [key.public for key in keys.read_key_file(name, data[name]).keys] for name in names}
