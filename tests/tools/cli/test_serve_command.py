"""`portero serve`: settings from options and the environment, its check, and what ends it as a managed plugin."""

import json
import os
import signal
from pathlib import Path

import pytest

from portero.serve.settings.setting_values import GONE as GONE_SETTINGS
from tests.serve.server.commands import ask, command, create, run, serve
from tests.serve.server.running import started
from tests.serve.server.test_service import LIST, serve_through
from tests.waiting import soon


def test_mode_audit_is_shown_and_status_finds_it(tmp_path: Path) -> None:
    path = tmp_path / "portero.sock"
    with started(serve(tmp_path, "--mode", "audit"), path) as running:
        assert ask(running, create(Privileged=True)) == {"Allow": True, "Msg": ""}
        told = run("status", "--socket", str(path))
        _, errors = running.stop()

    assert told.returncode == 1
    assert (
        "portero: warning: NOTHING IS ENFORCED: mode audit allows and logs every request that does not turn Portero off"
        in errors
    )
    assert told.stdout.splitlines()[0].split(maxsplit=1) == [
        "attention",
        "NOTHING IS ENFORCED: mode audit allows and logs every request that does not turn Portero off",
    ]


def test_the_environment_sets_it_too(tmp_path: Path) -> None:
    path = tmp_path / "portero.sock"
    environ = {"PORTERO_SOCKET": str(path), "PORTERO_PROFILE": "restricted", "PORTERO_HOST_ROOT": "none"}
    with started(command("serve"), path, **environ) as running:
        assert running.ask("GET", "/healthz")[1]["profile"] == "restricted"


PING = {"RequestMethod": "HEAD", "RequestUri": "/_ping"}


GONE = "gone since 2026-11-28: use PORTERO_THREADS, or nothing: one process decides"


@pytest.mark.parametrize(
    "typo", [{"PORTERO_MODE": "audti"}, {"PORTERO_MOD": ""}, {"PORTERO_THREADS": "many"}, {"PORTERO_WORKERS": "2"}]
)
def test_with_settings_that_cannot_be_used_it_refuses_with_the_reason(tmp_path: Path, typo: dict[str, str]) -> None:
    (name,) = typo
    path = tmp_path / "portero.sock"
    checked = run(*serve(tmp_path, "--check")[2:], **typo)
    with started(serve(tmp_path, "--profile", "baseline"), path, **typo) as running:
        assert running.ask("POST", "/Plugin.Activate")[1] == {"Implements": ["authz"]}
        assert ask(running, json.dumps(PING).encode())["Allow"] is True
        refused = ask(running, json.dumps(LIST).encode())["Msg"]
        # The setting that was meant may be another one: the strictest that Portero has by default.
        assert "no-privileged" in ask(running, create(Privileged=True))["Msg"]
        told = run("status", "--socket", str(path))
        metrics = running.text("/metrics")
        running.process.send_signal(signal.SIGHUP)
        os.kill(running.decider(), signal.SIGKILL)
        assert soon(lambda: "settings-unusable" in ask(running, json.dumps(LIST).encode())["Msg"])
        _, errors = running.stop()

    assert (checked.returncode, checked.stdout) == (2, "")
    assert checked.stderr.startswith(f"portero: {name}: ")
    assert "settings-unusable" in refused
    assert f"Portero has no usable settings: {name}:" in " ".join(refused.split())
    assert told.returncode == 1
    assert "NOTHING IS ALLOWED: the settings cannot be used" in told.stdout
    shown = [" ".join(text.split()) for text in (checked.stderr, refused, told.stdout)]
    assert [GONE in text for text in shown] == [name == "PORTERO_WORKERS"] * 3
    assert "portero_policy_usable 0.0" in metrics
    until = "until this is fixed and portero is restarted"
    assert f"portero: error: no settings, and nothing is allowed {until}: {name}" in errors


@pytest.mark.parametrize("option", ["--workers", "--engine", "--metrics-address"])
def test_an_option_that_is_gone_is_answered_as_its_setting(option: str) -> None:
    done = run("serve", option, "2")

    said = GONE_SETTINGS["PORTERO_" + option.removeprefix("--").upper().replace("-", "_")]
    assert (done.returncode, done.stdout) == (2, "")
    assert " ".join(done.stderr.split()) == f"portero: {option}: {said}"
    assert option not in run("serve", "--help").stdout


def test_a_check_names_a_fault_of_the_policy_and_one_of_the_log(tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text('{"acshuns": {}}')

    told = run(*serve(tmp_path, "--schemas", str(tmp_path), "--log", "/proc/none/log", "--check")[2:])

    assert told.returncode == 2
    assert [line.split(": ")[1] for line in told.stderr.splitlines()] == [f"{tmp_path}/site.json", "PORTERO_LOG"]
    assert not (tmp_path / "portero.sock").exists()


@pytest.mark.parametrize(
    ("typo", "said"),
    [({"PORTERO_MODE": "audti"}, "PORTERO_MODE"), ({"PORTERO_SCHEMAS": "/none"}, "/none: is not there")],
)
def test_a_managed_plugin_needs_settings_and_a_policy(tmp_path: Path, typo: dict[str, str], said: str) -> None:
    code = (
        "import sys; from portero.tools.cli import main, serve_command as serve\n"
        "serve.is_managed_plugin = lambda: True\nmain(sys.argv[3:])"
    )

    assert said in serve_through(code, *serve(tmp_path), **typo)
    assert not (tmp_path / "portero.sock").exists()
