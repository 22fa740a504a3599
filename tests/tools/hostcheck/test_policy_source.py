"""Which policy a command judges by: that of the running Portero, what users see of it, or another that is named."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from portero.serve.status import policy_page
from portero.tools.hostcheck import policy_source
from tests.decide.judging.requests import write_files
from tests.serve.application.test_application import built
from tests.tools.cli.running import portero
from tests.tools.cli.test_status_command import answering


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return write_files(tmp_path / "site", {"site.json": {"actions": {"no-privileged": "audit"}}})


def describe(tmp_path: Path, site: Path, describe: Any = policy_page.describe_policy, code: str = "") -> str:
    running = built(tmp_path, schemas=str(site), profile="baseline", mode="audit")
    in_force = running.in_force
    return json.dumps(describe(running.settings, in_force.state, in_force.judge.policy, code))


def action_of(rule: str, page: str, socket: Path, *options: str, **environ: str) -> tuple[str, str]:
    """What a violation of the rule does, and the line that says by which policy."""
    with answering(socket, 200, page):
        result = portero("explain", "--json", *options, PORTERO_SOCKET=str(socket), **environ)
    return find_action(result, rule), result.stderr


def find_action(result: Result, rule: str) -> str:
    rules: list[Mapping[str, str]] = json.loads(result.stdout)
    return next(each["action"] for each in rules if each["id"] == rule)


def test_it_is_the_one_in_force_whatever_the_folders_hold_by_now(tmp_path: Path, site: Path) -> None:
    page = describe(tmp_path, site)
    (site / "site.json").write_text("{broken")

    action, line = action_of("no-privileged", page, tmp_path / "s")

    assert action == "audit"
    digest = json.loads(page)["policy"][:12]
    about = f"in force on this host ({digest}, profile baseline, mode audit: nothing is enforced)"
    assert line == f"portero: judged by the policy {about}\n"


@pytest.mark.parametrize(
    ("options", "environ", "line"),
    [
        (("--schemas", ""), {}, "the built-in rules, profile baseline"),
        (("--schemas", "", "--profile", "restricted"), {}, "the built-in rules, profile restricted"),
        ((), {"PORTERO_SCHEMAS": "OTHER"}, "the policy in OTHER, profile baseline"),
    ],
)
def test_another_can_be_named(
    tmp_path: Path, site: Path, options: tuple[str, ...], environ: Mapping[str, str], line: str
) -> None:
    other = write_files(tmp_path / "other", {"site.json": {}})
    environ = {name: str(other) for name in environ}

    action, said = action_of("no-privileged", describe(tmp_path, site), tmp_path / "s", *options, **environ)

    assert (action, said) == ("deny", f"portero: judged by {line.replace('OTHER', str(other))}\n")


def test_a_portero_without_a_policy_is_named_and_the_built_in_rules_judge(tmp_path: Path, site: Path) -> None:
    page = json.loads(describe(tmp_path, site, code="policy-unusable")) | {"folders": {}}

    action, line = action_of("no-privileged", json.dumps(page), tmp_path / "s")

    assert action == "deny"
    assert "denies everything (policy-unusable: see portero status); judged by the built-in rules" in line


def test_what_does_not_answer_is_named(tmp_path: Path) -> None:
    with answering(tmp_path / "s", 404, "{}"):
        result = portero("explain", PORTERO_SOCKET=str(tmp_path / "s"))

    assert result.stderr.endswith(
        "does not say which policy is in force (the process that answers is not this portero)\n"
    )


def test_users_judge_by_what_they_are_shown(tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / "site.json").write_text('{"actions": {"no-privileged": "audit"}, "registries": ["r.example.com"]}')
    page = describe(tmp_path, site, policy_page.describe_summary)
    shown = write_files(tmp_path / "shown", {"policy.json": page.encode()})
    monkeypatch.setattr(policy_source, "SUMMARIES", (str(shown), str(tmp_path / "rootless")))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    result = portero("explain", "--json", HOME=str(tmp_path))

    assert find_action(result, "no-privileged") == "audit"
    assert result.stderr.endswith(", as far as users may see it, without its registries\n")


def test_of_a_managed_plugin_no_path_counts(tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTERO_SOCKET", f"/run/docker/plugins/{'a' * 64}/portero.sock")
    page = json.loads(describe(tmp_path, site))
    page["settings"] |= {"PORTERO_HOST_ROOT": "/host", "PORTERO_DAEMON_CONFIG": "/nowhere"}
    page["folders"] = {"/etc/portero/site": page["folders"][str(site)]}
    monkeypatch.setattr(policy_source, "ask_policy", lambda socket: page)

    chosen = policy_source.choose({})

    assert (str(chosen.host_root), chosen.daemon_config, chosen.profile) == ("auto", None, "baseline")
    assert [*map(str, chosen.schemas)] == ["/etc/portero/site"]
    assert len(chosen.readable_folders) == 1


def test_the_bundle_of_the_running_portero_is_the_one_that_is_pulled(tmp_path: Path, site: Path) -> None:
    page = json.loads(describe(tmp_path, site))
    page["settings"] |= {
        "PORTERO_BUNDLE": "https://127.0.0.1:1/policy.tar.gz",
        "PORTERO_TRUSTED_KEYS": str(tmp_path / "key.pub"),
        "PORTERO_HOST_GROUPS": "web",
        "PORTERO_BUNDLE_FOLDER": str(tmp_path / "bundle"),
    }
    with answering(tmp_path / "s", 200, json.dumps(page)):
        result = portero("bundle", "pull", PORTERO_SOCKET=str(tmp_path / "s"))

    assert f"{tmp_path}/key.pub: cannot be read" in result.output
