"""Loading: settings and files that cannot be used are refused with every fault."""

import json
from pathlib import Path

import pytest

from portero.decide.values.errors import LoadError
from tests.decide.identity.test_keys import pem
from tests.decide.identity.token_makers import ED
from tests.serve.application.test_application import built, site_with_exception


def test_an_invalid_policy_at_the_start_is_refused_with_every_fault(tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text('{"acshuns": {}, "runtimes": 7}')

    with pytest.raises(LoadError) as refused:
        built(tmp_path, schemas=str(tmp_path))

    assert len(refused.value.faults) == 2
    assert all(str(tmp_path / "site.json") in fault for fault in refused.value.faults)


def test_a_policy_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="no-such-folder"):
        built(tmp_path, schemas=str(tmp_path / "no-such-folder"))


def test_an_exception_that_would_waive_self_protection_keeps_portero_from_starting(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="'protected-paths' protects Portero itself, which nothing waives"):
        built(tmp_path, schemas=site_with_exception(tmp_path, rules=["protected-paths"]))


def test_an_issuer_of_tokens_needs_a_name_of_the_host(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/own.pem").write_bytes(pem(ED))
    issuer = {"issuer": "portero", "keys": "own.pem", "lifetime": 3600}
    (tmp_path / "site.json").write_text(json.dumps({"token-issuers": [issuer]}))

    with pytest.raises(LoadError, match="PORTERO_HOST_GROUPS: is empty"):
        built(tmp_path, schemas=str(tmp_path))
    assert built(tmp_path, schemas=str(tmp_path), host_groups="web").in_force.judge.audiences == ("web",)
