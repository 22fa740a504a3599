"""`portero bundle build`, `push`, `pull` and `show`; with a real registry: test_docker_registry.py."""

import json
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from click.testing import Result

from portero.tools.registries.bundle_archive import Bundle
from tests.decide.judging.requests import write_files
from tests.tools.cli.running import portero
from tests.tools.registries.signed import answer_bundle, server


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    folder = write_files(tmp_path / "policy", {"site.json": {}})
    assert portero("keygen", tmp_path / "alice").exit_code == 0
    assert portero("bundle", "sign", folder, "--key", tmp_path / "alice", "--for", "web").exit_code == 0
    return folder


def trusting(policy: Path, address: str = "") -> dict[str, str]:
    above = policy.parent
    return {
        "PORTERO_BUNDLE": address,
        "PORTERO_TRUSTED_KEYS": str(above / "alice.pub"),
        "PORTERO_HOST_GROUPS": "web",
        "PORTERO_BUNDLE_FOLDER": str(above / "bundle"),
        "PORTERO_STATE": str(above / "versions.json"),
    }


def build(policy: Path) -> Result:
    made = portero("bundle", "build", policy, "-o", policy.parent / "policy.tar.gz", "--key", policy.parent / "alice")
    assert made.exit_code == 0, made.output
    return made


def built(policy: Path) -> Bundle:
    build(policy)
    file = policy.parent / "policy.tar.gz"
    return Bundle(file.read_bytes(), file.with_name("policy.tar.gz.sig").read_text())


def test_a_signed_folder_becomes_a_file_that_show_describes(policy: Path, tmp_path: Path) -> None:
    assert "for web, version 1 of" in build(policy).output
    shown = portero("bundle", "show", "--json", tmp_path / "policy.tar.gz", **trusting(policy))
    assert json.loads(shown.stdout)["files"] == ["site.json"]
    assert portero("bundle", "show", tmp_path / "policy.tar.gz", **trusting(policy)).exit_code == 0
    portero("keygen", tmp_path / "stranger")
    strange = portero("bundle", "show", tmp_path / "policy.tar.gz", "--trusted", tmp_path / "stranger.pub")
    assert (strange.exit_code, "which is not trusted" in strange.output) == (1, True)


def test_a_file_whose_signature_is_missing_or_another_s_is_shown_to_nobody(policy: Path, tmp_path: Path) -> None:
    build(policy)
    beside = tmp_path / "policy.tar.gz.sig"
    good = beside.read_text()
    for text, words in ((None, "the bundle has no signature"), (good[:33] + "A" * 86 + "==", "was changed after")):
        beside.unlink() if text is None else beside.write_text(text)
        shown = portero("bundle", "show", tmp_path / "policy.tar.gz", **trusting(policy))
        assert (shown.exit_code, words in shown.output) == (1, True), shown.output


def test_a_folder_that_changed_since_it_was_signed_is_no_bundle(policy: Path, tmp_path: Path) -> None:
    (policy / "site.json").write_text("{ }")

    for words in (["build", policy, "-o", tmp_path / "x"], ["push", policy, "oci://127.0.0.1:9/p:prod"]):
        result = portero("bundle", *words, "--key", tmp_path / "alice")
        assert result.exit_code == 2
        assert "was changed after it was signed" in result.output


def test_a_bundle_is_pulled_from_a_server_and_a_wrong_one_is_refused(policy: Path, tmp_path: Path) -> None:
    served = [built(policy)]
    with server(lambda handler: answer_bundle(handler, served[0])) as url:
        environ = trusting(policy, f"{url}/policy.tar.gz")
        pulled = portero("bundle", "pull", **environ)
        served[0] = Bundle(b"{}", served[0].signature)
        refused = portero("bundle", "pull", **environ)
        (tmp_path / "versions.json").write_text("x")
        forgotten = portero("bundle", "pull", **environ)
        (tmp_path / "versions.json").unlink()
    away = portero("bundle", "pull", **environ)

    assert (pulled.exit_code, refused.exit_code, forgotten.exit_code, away.exit_code) == (0, 1, 2, 2)
    assert "for web, version 1" in pulled.output
    assert "portero: the bundle was changed after it was signed" in refused.output
    assert "versions.json: is not as portero writes it: restore it, or remove it" in forgotten.output
    assert (tmp_path / "bundle" / "current" / "site.json").read_text() == "{}"


def test_addresses_that_cannot_be_used(policy: Path) -> None:
    def push(address: str) -> Result:
        return portero("bundle", "push", policy, address, "--key", policy.parent / "alice")

    assert "PORTERO_BUNDLE is empty" in portero("bundle", "pull").output
    pushed = push(f"oci://127.0.0.1/p@sha256:{'0' * 64}")
    assert (pushed.exit_code, "name a tag in a registry" in pushed.output) == (2, True)
    assert "write oci://" in push("registry/p").output
    assert "Connection refused" in push("oci://127.0.0.1:9/p:prod").output
    assert portero("bundle", "show", "oci://127.0.0.1:9/p:prod", **trusting(policy)).exit_code == 2
    missing = portero("bundle", "show", policy / "none", **trusting(policy)).output
    assert "none: No such file or directory; name a file that `portero bundle build` wrote, or an address" in missing


def test_show_ends_whatever_a_server_sends(policy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.4)
        answer_bundle(handler, built(policy))

    monkeypatch.setattr("portero.tools.cli.fetched_bundle.DEADLINE", 0.6)
    with server(drip) as url:
        shown = portero("bundle", "show", f"{url}/policy.tar.gz", **trusting(policy))
    assert (shown.exit_code, "did not answer in full within 0.6 s" in shown.output) == (2, True), shown.output

    monkeypatch.setattr("portero.tools.cli.fetched_bundle.open_bundle", lambda *_: time.sleep(20))
    slow = portero("bundle", "show", policy.parent / "policy.tar.gz", **trusting(policy))
    assert (slow.exit_code, "policy.tar.gz: could not be read within 1.2 s" in slow.output) == (2, True), slow.output


def test_a_signed_policy_that_does_not_load_is_refused(policy: Path, tmp_path: Path) -> None:
    (policy / "site.json").write_text('{"acshuns": {}}')
    assert portero("bundle", "sign", policy, "--key", tmp_path / "alice", "--for", "web").exit_code == 0
    bundle = built(policy)
    with server(lambda handler: answer_bundle(handler, bundle)) as url:
        refused = portero("bundle", "pull", **trusting(policy, f"{url}/policy.tar.gz"))

    # Nothing is there from before.
    assert refused.exit_code == 3
    assert "the policy in the bundle does not load" in refused.output
    assert "'acshuns'" in refused.output
    assert not (tmp_path / "bundle" / "current").exists()
