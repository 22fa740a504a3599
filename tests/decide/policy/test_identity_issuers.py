"""The issuers of a site: its values and the files in keys/, whole or with every fault."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from portero.decide.policy.policy import Policy
from portero.decide.values.errors import LoadError
from portero.observe.stores.policy_loader import load_policy
from tests.decide.identity.certificate_makers import make_authority
from tests.decide.identity.test_keys import entry, key_set, pem
from tests.decide.identity.token_makers import EC, ED
from tests.decide.policy.conftest import OPERATIONS
from tests.decide.policy.test_positions import without_position
from tests.paths import SCHEMAS

ISSUER: dict[str, Any] = {"issuer": "https://login.example.com", "keys": "login.jwks", "lifetime": 3600}
AUTHORITY = make_authority()


def policy(folder: Path, site: dict[str, Any], *others: Path, **keys: bytes) -> Policy:
    (folder / "keys").mkdir(parents=True, exist_ok=True)
    (folder / "site.json").write_text(json.dumps(site))
    for name, data in keys.items():
        (folder / "keys" / name.replace("_", ".")).write_bytes(data)
    return load_policy([SCHEMAS, *others, folder], OPERATIONS)


def faults(*given: Any, **keys: bytes) -> list[str]:
    with pytest.raises(LoadError) as invalid:
        policy(*given, **keys)
    return [without_position(fault.partition(": ")[2]) for fault in invalid.value.faults]


def test_nobody_is_trusted_unless_the_site_says_so(tmp_path: Path) -> None:
    trusted = policy(tmp_path, {}).trusted

    assert (trusted.token_issuers, trusted.certificate_issuers) == ({}, ())


def test_an_issuer_of_tokens_has_its_keys_and_claims(tmp_path: Path) -> None:
    named = {**ISSUER, "user": "email", "groups": "roles", "claims": {"owner": ["acme"]}}
    site = {"token-issuers": [named, {**ISSUER, "issuer": "portero", "keys": "own.pem"}]}

    issuers = policy(tmp_path, site, login_jwks=key_set(entry("ES256", kid="1")), own_pem=pem(ED)).trusted.token_issuers

    login, own = issuers["https://login.example.com"], issuers["portero"]
    assert (login.user, login.groups, login.lifetime, login.claims) == ("email", "roles", 3600, {"owner": ("acme",)})
    assert (own.user, own.groups, own.claims) == ("sub", "groups", {})
    assert [key.algorithm for key in (*login.keys, *own.keys)] == ["ES256", "EdDSA"]


def test_issuers_of_certificates_are_authorities(tmp_path: Path) -> None:
    trusted = policy(tmp_path, {"certificate-issuers": ["ca.pem"]}, ca_pem=AUTHORITY.pem()).trusted

    assert trusted.certificate_issuers == (AUTHORITY.certificate,)


def test_a_later_folder_replaces_a_file_of_keys(tmp_path: Path) -> None:
    policy(tmp_path / "a", {"token-issuers": [ISSUER]}, login_jwks=key_set(entry("ES256")))
    both = policy(tmp_path / "b", {}, tmp_path / "a", login_jwks=key_set(entry("EdDSA")))

    assert [key.algorithm for key in both.trusted.token_issuers[ISSUER["issuer"]].keys] == ["EdDSA"]


def test_keys_are_part_of_the_digest(tmp_path: Path) -> None:
    one = policy(tmp_path, {"token-issuers": [ISSUER]}, login_jwks=key_set(entry("ES256")))
    other = policy(tmp_path, {"token-issuers": [ISSUER]}, login_jwks=key_set(entry("EdDSA")))

    assert one.digest != other.digest


def test_every_fault_is_named(tmp_path: Path) -> None:
    site = {"token-issuers": [ISSUER, {**ISSUER, "keys": "ca.pem"}], "certificate-issuers": ["cas.pem", "own.pem"]}

    assert faults(tmp_path, site, ca_pem=AUTHORITY.pem(), own_pem=pem(EC)) == [
        "token-issuers: has https://login.example.com twice: write one entry",
        "certificate-issuers: there is no keys/cas.pem: did you mean 'ca.pem'?",
        "certificate-issuers: keys/own.pem holds no certificate: name another file",
        "token-issuers: there is no keys/login.jwks",
        "token-issuers: keys/ca.pem holds no public key: name another file",
    ]


def test_a_private_key_is_a_fault_also_where_no_value_names_it(tmp_path: Path) -> None:
    private = ED.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    (fault,) = faults(tmp_path, {}, own_pem=private)

    assert fault.startswith("holds a private key: put only public keys into a policy")


def test_a_broken_file_is_named_once(tmp_path: Path) -> None:
    assert faults(tmp_path, {"token-issuers": [ISSUER]}, login_jwks=b"{") == [
        "cannot be read: write PEM into .pem, a JSON Web Key Set into .jwks"
    ]


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        *(({"keys": name}, "write the name of a file in keys/") for name in ("../own.pem", "own.key")),
        *(({"lifetime": seconds}, "write a whole number of seconds") for seconds in (0, 31622401, None)),
        ({"claims": {"owner": "acme"}}, "write each claim with a list"),
        ({"audience": "web"}, "'audience' is unknown"),
    ],
)
def test_a_wrong_value_is_a_fault(tmp_path: Path, changed: dict[str, Any], fault: str) -> None:
    found = faults(tmp_path, {"token-issuers": [{**ISSUER, **changed}]})

    assert any(fault in one for one in found)


def test_what_reads_tokens_and_certificates_is_loaded_with_the_issuers(tmp_path: Path) -> None:
    """An upgrade may replace it on the disk before the first request that needs it."""
    policy(tmp_path, {"token-issuers": [ISSUER]}, login_jwks=key_set(entry("EdDSA")))
    code = (
        "import json, sys; from pathlib import Path\n"
        "from portero.observe.stores.policy_loader import load_policy\n"
        "from portero.observe.stores import api_tables\n"
        f"folders = [Path({str(SCHEMAS)!r}), Path({str(tmp_path)!r})]\n"
        "load_policy(folders, api_tables.load_api()[0].operations)\n"
        "print(sorted(name for name in sys.modules if name.startswith('portero.decide.identity.')))\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert {"portero.decide.identity.tokens", "portero.decide.identity.certificates"} < {*ast.literal_eval(told)}
