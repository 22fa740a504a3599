"""`check`, `try` and `test` judge by the bundle of the hosts; through a real registry: test_docker_registry.py."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

from portero.decide.identity import key_pairs
from portero.serve.signing import signature
from portero.tools.registries import bundle_archive
from tests.decide.judging.requests import write_files
from tests.tools.cli.running import fault_of, portero
from tests.tools.registries.signed import DATE, KEY, OTHER_KEY, answer, answer_bundle, bundle, server, signed

CREATE = {"operation": "ContainerCreate", "body": {"Image": "busybox", "HostConfig": {"PidsLimit": 150}}}
Judge = Callable[..., Result]


@pytest.fixture
def judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Judge]:
    """Checks a container of 150 processes by the policy at an address, which leaves nothing behind."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    (tmp_path / "create.json").write_text(json.dumps(CREATE))
    (tmp_path / "key.pub").write_bytes(key_pairs.encode_public(KEY.public_key()))

    def check(address: str, *words: object, **environ: str) -> Result:
        trusted = () if "PORTERO_TRUSTED_KEYS" in environ else ("--trusted", tmp_path / "key.pub")
        host = ("--host-root", "none", "--profile", "hardened", "--json")
        return portero("check", tmp_path / "create.json", *host, "--policy", address, *trusted, *words, **environ)

    yield check
    assert [*temporary.iterdir()] == []


def denied(result: Result) -> dict[str, str]:
    """What is allowed, by the rule that denies."""
    assert result.exit_code == 1, result.output
    (line,) = [json.loads(line) for line in result.stdout.splitlines()]
    return {each["rule"]: each.get("allowed", "") for each in line["violations"] if each["action"] == "deny"}


def test_a_request_is_judged_by_the_values_in_the_bundle(judge: Judge, tmp_path: Path) -> None:
    with server(lambda handler: answer_bundle(handler, bundle(7))) as url:
        by_option = judge(f"{url}/policy.tar.gz")
        by_variable = judge(f"{url}/policy.tar.gz", PORTERO_TRUSTED_KEYS=str(tmp_path / "key.pub"))
    without = portero("check", tmp_path / "create.json", "--json", "--host-root", "none", "--profile", "hardened")

    assert denied(by_option)["pids-limit"] == denied(by_variable)["pids-limit"] == "at most 100"
    assert "pids-limit" not in denied(without)


def test_a_later_folder_overrides_the_bundle(judge: Judge, tmp_path: Path) -> None:
    write_files(tmp_path / "next", {"site.json": {"pids-max": 120}})
    with server(lambda handler: answer_bundle(handler, bundle())) as url:
        result = judge(f"{url}/policy.tar.gz", "--policy", tmp_path / "next")

    assert denied(result)["pids-limit"] == "at most 120"


def test_the_examples_of_a_rule_in_the_bundle_are_run(judge: Judge, tmp_path: Path) -> None:
    content = {"site.json": b'{"pids-max": 100}', "rules/images/mine.json": b"{}"}
    files = {**content, signature.NAME: signature.sign(content, 1, DATE, KEY, "web")}
    published = signed(bundle_archive.pack(files))
    with server(lambda handler: answer_bundle(handler, published)) as url:
        tested = portero("test", "--policy", f"{url}/policy.tar.gz", "--trusted", tmp_path / "key.pub")

    assert "rules/images/mine.json: " in fault_of(tested)


@pytest.mark.parametrize(
    ("published", "groups", "why"),
    [
        (bundle(key=OTHER_KEY), "", "which is not trusted"),
        (signed(b"no archive", OTHER_KEY), "", "which is not trusted"),
        (bundle_archive.Bundle(bundle().data, ""), "", "the bundle has no signature"),
        (bundle(group="db"), "web", "the bundle is signed for db, this host takes web"),
    ],
)
def test_a_bundle_that_cannot_be_trusted_is_named_with_the_reason(
    judge: Judge, published: bundle_archive.Bundle, groups: str, why: str
) -> None:
    with server(lambda handler: answer_bundle(handler, published)) as url:
        result = judge(f"{url}/policy.tar.gz", PORTERO_HOST_GROUPS=groups)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"portero: {url}/policy.tar.gz: ")
    assert why in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_bundle_that_cannot_be_had_is_exit_status_2(judge: Judge) -> None:
    assert fault_of(judge("oci://127.0.0.1:9/policy:prod")).startswith("portero: 127.0.0.1:9: not reached (Connection")
    assert "oci://policy: write oci://registry/name:tag" in fault_of(judge("oci://policy"))
    with server(lambda handler: answer(handler, 404)) as url:
        assert fault_of(judge(f"{url}/none")).endswith(f"status 404 for {url}/none\n")


def test_keys_are_needed_for_a_bundle_and_are_for_nothing_else(judge: Judge, tmp_path: Path) -> None:
    with server(lambda handler: answer_bundle(handler, bundle())) as url:
        assert "no trusted key: name one with --trusted FILE" in fault_of(judge(f"{url}/x", PORTERO_TRUSTED_KEYS=""))
    assert "--trusted: is for a bundle" in fault_of(judge(str(tmp_path)))
