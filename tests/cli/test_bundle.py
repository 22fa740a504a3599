"""`portero bundle build`, `push`, `pull` and `show`; with a real registry: tests/bundles/test_docker_registry.py."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portero.cli import main
from tests.bundles.signed import answer, server


def run(*arguments: object, **environ: str) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], env=environ)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    folder = tmp_path / "policy"
    folder.mkdir()
    (folder / "site.json").write_text("{}")
    assert run("keygen", tmp_path / "alice").exit_code == 0
    assert run("sign", folder, "--key", tmp_path / "alice", "--for", "web").exit_code == 0
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


def test_a_signed_folder_becomes_a_file_that_show_describes(policy: Path, tmp_path: Path) -> None:
    built = run("bundle", "build", policy, "-o", tmp_path / "policy.tar.gz")

    assert built.exit_code == 0, built.output
    assert "for web, version 1 of" in built.output
    shown = run("bundle", "show", "--json", tmp_path / "policy.tar.gz", **trusting(policy))
    assert json.loads(shown.stdout)["files"] == ["site.json"]
    assert run("bundle", "show", tmp_path / "policy.tar.gz", **trusting(policy)).exit_code == 0
    stranger = run("bundle", "show", tmp_path / "policy.tar.gz")
    assert stranger.exit_code == 1
    assert "which is not trusted" in stranger.output


def test_a_folder_that_changed_since_it_was_signed_is_no_bundle(policy: Path, tmp_path: Path) -> None:
    (policy / "site.json").write_text("{ }")

    for words in (["build", policy, "-o", tmp_path / "x"], ["push", policy, "oci://127.0.0.1:9/p:prod"]):
        result = run("bundle", *words)
        assert result.exit_code == 2
        assert "was changed after it was signed" in result.output


def test_a_bundle_is_pulled_from_a_server_and_a_wrong_one_is_refused(policy: Path, tmp_path: Path) -> None:
    run("bundle", "build", policy, "-o", tmp_path / "policy.tar.gz")
    data = [(tmp_path / "policy.tar.gz").read_bytes()]
    with server(lambda handler: answer(handler, 200, data[0])) as url:
        environ = trusting(policy, f"{url}/policy.tar.gz")
        pulled = run("bundle", "pull", **environ)
        data[0] = b"{}"
        refused = run("bundle", "pull", **environ)
    away = run("bundle", "pull", **environ)

    assert (pulled.exit_code, refused.exit_code, away.exit_code) == (0, 1, 2)
    assert "for web, version 1" in pulled.output
    assert "portero: the bundle is not compressed" in refused.output
    assert (tmp_path / "bundle" / "current" / "site.json").read_text() == "{}"


def test_addresses_that_cannot_be_used(policy: Path) -> None:
    assert "PORTERO_BUNDLE is empty" in run("bundle", "pull").output
    pushed = run("bundle", "push", policy, f"oci://127.0.0.1/p@sha256:{'0' * 64}")
    assert (pushed.exit_code, "name a tag in a registry" in pushed.output) == (2, True)
    assert "write oci://" in run("bundle", "push", policy, "registry/p").output
    assert "Connection refused" in run("bundle", "push", policy, "oci://127.0.0.1:9/p:prod").output
    assert run("bundle", "show", "oci://127.0.0.1:9/p:prod").exit_code == 2


def test_a_signed_policy_that_does_not_load_is_refused(policy: Path, tmp_path: Path) -> None:
    (policy / "site.json").write_text('{"acshuns": {}}')
    assert run("sign", policy, "--key", tmp_path / "alice", "--for", "web").exit_code == 0
    run("bundle", "build", policy, "-o", tmp_path / "policy.tar.gz")
    data = (tmp_path / "policy.tar.gz").read_bytes()
    with server(lambda handler: answer(handler, 200, data)) as url:
        refused = run("bundle", "pull", **trusting(policy, f"{url}/policy.tar.gz"))

    assert refused.exit_code == 1
    assert "the policy in the bundle does not load" in refused.output
    assert "'acshuns'" in refused.output
    assert not (tmp_path / "bundle" / "current").exists()
