"""Reloading: the new policy, or the old one with the faults of the folder."""

import errno
import json
import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import cast

import jsonschema_rs
import pytest

from portero.observe.process import package_files
from portero.serve.application import first_policy, last_policy, loading
from portero.serve.application.application import Application
from portero.serve.application.reloading import reload, restore_policy
from portero.serve.settings import own_files
from tests.failing import fail_with
from tests.serve.application.test_application import ask, built, create


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """An empty site.json in a policy folder."""
    file = tmp_path / "policy" / "site.json"
    file.parent.mkdir()
    file.write_text("{}")
    return file


def reloaded(application: Application) -> Application:
    in_force = reload(application)
    assert in_force is not None
    return replace(application, in_force=in_force)


def test_a_reload_takes_over_a_changed_policy(tmp_path: Path, site: Path) -> None:
    site.write_text('{"actions": {"no-privileged": "off"}}')
    before = built(tmp_path, schemas=str(site.parent))
    site.write_text('{"actions": {"no-privileged": "deny"}}')

    after = reloaded(before)

    assert ask(before, create(Privileged=True))["Allow"] is True
    assert "no-privileged" in ask(after, create(Privileged=True))["Msg"]
    assert after.health()["policy"] != before.health()["policy"]
    assert after.log is before.log


def test_a_reload_keeps_the_built_in_rules_that_belong_to_the_code_that_runs(
    tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builtin = tmp_path / "schemas"
    shutil.copytree(package_files.schemas(), builtin)
    monkeypatch.setattr(package_files, "schemas", lambda: builtin)
    site.write_text('{"actions": {"no-host-pid": "off"}}')
    before = built(tmp_path, schemas=str(site.parent))
    # Another version is unpacked, whose rule looks at a fact that the code before does not find.
    rule = next(builtin.glob("rules/*/no-privileged.json"))
    rule.write_text(rule.read_text().replace('"privileged"', '"privileges"'))
    site.write_text("{}")

    after = reloaded(before)

    assert "no-privileged" in ask(after, create(Privileged=True))["Msg"]
    assert "no-host-pid" in ask(after, create(PidMode="host"))["Msg"]
    shutil.rmtree(builtin)
    assert reloaded(after).health()["reloadFaults"] == []


@pytest.mark.parametrize("key", ["protected-paths", "protected-from-writing"])
def test_a_reload_protects_what_lies_behind_the_link_that_a_site_names(tmp_path: Path, site: Path, key: str) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "keys")
    before = built(tmp_path, schemas=str(site.parent), host_root="/")
    named = [*before.in_force.judge.policy.site[key], str(tmp_path / "link")]  # type: ignore[misc]  # a list of texts
    site.write_text(json.dumps({key: named}))

    after = reloaded(before)

    mounted = create(Binds=[f"{tmp_path / 'keys'}:/keys"])
    assert "protected-paths" not in ask(before, mounted)["Msg"]
    assert "protected-paths" in ask(after, mounted)["Msg"]


LINKS = {
    "site.json": "site.json",
    "exceptions": "exceptions",
    "exceptions/web.json": "web.json",
    "rules/site": "site",
    "rules/site/no-such.json": "no-such.json",
    "keys/issuer.pem": "issuer.pem",
}


@pytest.mark.parametrize("link", LINKS)
def test_what_a_link_in_a_policy_folder_leads_to_is_portero_s_own_from_the_start_and_after_a_reload(
    tmp_path: Path, link: str
) -> None:
    policy, elsewhere = tmp_path / "policy", tmp_path / "elsewhere"
    policy.mkdir()
    elsewhere.mkdir()
    (policy / "site.json").write_text("{}")
    before = built(tmp_path, schemas=str(policy), host_root="/")
    (policy / link).unlink(missing_ok=True)
    (policy / link).parent.mkdir(parents=True, exist_ok=True)
    (policy / link).symlink_to(elsewhere / LINKS[link])
    if link == "site.json":
        (elsewhere / "site.json").write_text("{}")
    elif not link.endswith(".json") and not link.endswith(".pem"):
        (elsewhere / LINKS[link]).mkdir()

    # Of what cannot be loaded too: what a container writes there could be loaded next.
    after = reloaded(before)

    mounted = create(Binds=[f"{elsewhere}:/x"])
    assert ask(before, mounted)["Allow"] is True
    assert "no-daemon-sockets" in ask(after, mounted)["Msg"]
    if not after.in_force.state.faults:
        assert "no-daemon-sockets" in ask(built(tmp_path, schemas=str(policy), host_root="/"), mounted)["Msg"]


def test_links_that_cannot_be_looked_for_are_those_of_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy, elsewhere = tmp_path / "policy", tmp_path / "elsewhere"
    policy.mkdir()
    elsewhere.mkdir()
    (elsewhere / "site.json").write_text("{}")
    (policy / "site.json").symlink_to(elsewhere / "site.json")
    before = built(tmp_path, schemas=str(policy), host_root="/")

    with monkeypatch.context() as patched:
        patched.setattr(own_files.os, "lstat", fail_with(errno.ENFILE))
        after = reloaded(before)

    assert "Too many open files in system" in after.in_force.state.faults[0]
    assert after.in_force.judge is before.in_force.judge


def test_after_a_reload_no_request_waits_for_rules_to_be_compiled(
    tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = built(tmp_path, schemas=str(site.parent))
    site.write_text('{"actions": {"no-privileged": "audit"}}')
    after = reloaded(before)
    monkeypatch.setattr(jsonschema_rs, "Draft202012Validator", lambda *_, **__: pytest.fail("a rule is compiled"))

    assert "internal-error" not in ask(after, create(Privileged=True))["Msg"]


def test_an_invalid_policy_at_a_reload_leaves_the_old_one_in_force(tmp_path: Path, site: Path) -> None:
    before = built(tmp_path, schemas=str(site.parent))
    site.write_text('{"acshuns": {}}')

    after = reloaded(before)

    assert after.in_force.judge is before.in_force.judge
    (fault,) = cast(list[str], after.health()["reloadFaults"])
    assert str(site) in fault
    assert "acshuns" in fault


def test_a_fault_of_its_own_at_a_reload_leaves_the_old_policy_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    before = built(tmp_path)
    monkeypatch.setattr(loading, "load_policy", None)

    after = reloaded(before)

    assert after.in_force.judge is before.in_force.judge
    assert after.in_force.state.faults == ("internal error (TypeError); see the log on standard error",)
    assert "Traceback" in caplog.text


@pytest.fixture
def begun(tmp_path: Path, site: Path) -> Application:
    """What the arbiter has: the policy of the start."""
    site.write_text('{"actions": {"no-privileged": "off"}}')
    return built(tmp_path, schemas=str(site.parent))


def restored(application: Application) -> Application:
    return replace(application, in_force=restore_policy(application))


@pytest.fixture
def with_saved(begun: Application, site: Path) -> Application:
    """Another policy came into force since the start, which no longer lies in the folder."""
    site.write_text('{"actions": {"no-host-pid": "off"}}')
    state = reloaded(begun).in_force.state
    last_policy.save_policy(begun.settings, state.files, state.links)
    site.write_text("{")
    return begun


def test_a_decider_begins_with_the_folders_if_they_are_valid(with_saved: Application, site: Path) -> None:
    site.write_text('{"actions": {"no-privileged": "off"}}')

    assert ask(restored(with_saved), create(Privileged=True))["Allow"] is True


def test_a_decider_begins_with_the_last_policy_if_the_folders_are_invalid(with_saved: Application) -> None:
    after = restored(with_saved)

    assert ask(after, create(PidMode="host"))["Allow"] is True
    assert "no-privileged" in ask(after, create(Privileged=True))["Msg"]
    assert "site.json" in after.in_force.state.faults[0]


def test_a_decider_without_a_valid_policy_refuses_everything_and_says_what_else_is_wrong(
    begun: Application, site: Path
) -> None:
    site.write_text("{")
    after = restored(begun)

    assert "policy-unusable" in ask(after, create())["Msg"]
    both = ask(after, create(Privileged=True))["Msg"]
    assert "policy-unusable" in both
    assert "no-privileged" in both
    assert "site.json" in after.in_force.state.faults[0]
    # A reload with faults changes nothing about that, a valid one does.
    again = reloaded(after)
    assert ask(again, create())["Allow"] is False
    site.write_text("{}")
    assert ask(reloaded(again), create())["Allow"] is True


def test_a_decider_without_a_valid_policy_enforces_nothing_in_mode_audit(begun: Application, site: Path) -> None:
    site.write_text("{")
    audit = replace(begun, settings=replace(begun.settings, mode="audit"))
    judge = audit.in_force.judge
    audit.in_force = replace(audit.in_force, judge=replace(judge, enforcement=replace(judge.enforcement, mode="audit")))

    assert ask(restored(audit), create(Privileged=True))["Allow"] is True


def test_a_fault_of_its_own_at_the_folders_ends_no_decider(
    with_saved: Application, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(loading.policy_loader, "read_folder", None)

    assert ask(restored(with_saved), create(PidMode="host"))["Allow"] is True
    assert "Traceback" in caplog.text


def test_a_file_system_that_does_not_answer_keeps_no_decider_from_answering(
    with_saved: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = threading.Event()

    def hang(*_: object) -> None:
        answers.wait(30)

    monkeypatch.setattr(first_policy, "_TIMEOUT_SECONDS", 0.1)
    monkeypatch.setattr(loading.policy_loader, "read_folder", hang)
    monkeypatch.setattr(loading.own_files, "list_links", hang)
    after = restored(with_saved)
    answers.set()

    assert ask(after, create(PidMode="host"))["Allow"] is True
    assert after.in_force.state.faults == ("the policy folders do not answer: look at their file system",)
