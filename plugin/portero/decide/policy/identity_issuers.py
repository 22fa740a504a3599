"""Issuers that a site trusts, groups of users that it lists, and doors: site values and keys/ become Trusted.

Every file in keys/ is read, also one that no value names: what lies there unread could be a private key.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from portero.decide.identity.trusted import TokenIssuer, Trusted
from portero.decide.policy.doors import read_doors
from portero.decide.policy.folder import Folder
from portero.decide.values.errors import ContentRefused
from portero.decide.values.json_fields import JSON
from portero.decide.values.spelling import find_twins, suggest_name

if TYPE_CHECKING:  # slow to load, and needed only where a site lists issuers
    from portero.decide.identity.keys import KeyFile

_CERTIFICATES, _TOKENS, _GROUPS = "certificate-issuers", "token-issuers", "user-groups"


def read_issuers(contents: Sequence[Folder], values: Mapping[str, JSON], faults: list[str]) -> Trusted:
    """The issuers; a later folder's file replaces an earlier one's of its name. Faults are added to `faults`."""
    files = _read_files({folder.path / "keys" / name: folder.keys[name] for folder in contents for name in folder.keys})
    last = contents[-1]
    site_faults: list[str] = []
    authorities = cast("list[str]", values.get(_CERTIFICATES, []))
    issuers = cast("list[dict[str, JSON]]", values.get(_TOKENS, []))
    twins = find_twins([str(issuer["issuer"]) for issuer in issuers])
    site_faults += [f"{_TOKENS}: has {name} twice: write one entry" for name in twins]
    for file in authorities:
        site_faults += _list_faults(_CERTIFICATES, file, "certificate", files)
    for issuer in issuers:
        site_faults += _list_faults(_TOKENS, str(issuer["keys"]), "public key", files)
    faults += [last.locate(last.path / "site.json", fault) for fault in site_faults]
    faults += [sentence for sentence in files.values() if isinstance(sentence, str)]
    if site_faults or faults:
        return Trusted()
    usable = cast("dict[str, KeyFile]", files)
    return Trusted(
        {str(issuer["issuer"]): _make_issuer(issuer, usable[str(issuer["keys"])]) for issuer in issuers},
        tuple(certificate for file in authorities for certificate in usable[file].certificates),
        {user: tuple(groups) for user, groups in cast("dict[str, list[str]]", values.get(_GROUPS, {})).items()},
        read_doors(values),
    )


def _read_files(data: Mapping[Path, bytes]) -> "dict[str, KeyFile | str]":
    """Each file by its name; a sentence for one that cannot be used."""
    if not data:
        return {}
    # With what reads tokens and certificates: it is loaded before a fork, and before an upgrade replaces it.
    from portero.decide.identity import certificates, keys, tokens  # noqa: F401

    read: dict[str, KeyFile | str] = {}
    for path, content in data.items():
        try:
            read[path.name] = keys.read_key_file(path.name, content)
        except ContentRefused as refused:
            read[path.name] = f"{path}: {refused}"
    return read


def _list_faults(key: str, name: str, kind: str, files: "Mapping[str, KeyFile | str]") -> list[str]:
    if name not in files:
        return [f"{key}: there is no keys/{name}{suggest_name(name, [*files])}"]
    file = files[name]
    if isinstance(file, str) or (file.certificates if kind == "certificate" else file.keys):
        return []
    return [f"{key}: keys/{name} holds no {kind}: name another file"]


def _make_issuer(entry: Mapping[str, JSON], file: "KeyFile") -> TokenIssuer:
    claims = cast("dict[str, list[str]]", entry.get("claims", {}))
    return TokenIssuer(
        keys=file.keys,
        user=str(entry.get("user", "sub")),
        groups=str(entry.get("groups", "groups")),
        lifetime=cast(int, entry["lifetime"]),
        claims={name: tuple(values) for name, values in claims.items()},
    )
