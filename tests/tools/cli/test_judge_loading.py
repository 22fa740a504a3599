"""Which commands load a judge, and what an invalid policy ends them with."""

import subprocess
import sys
from pathlib import Path

import pytest

from portero.decide.identity.caller import Identity
from portero.serve.application.loading import judge_of
from portero.serve.settings.settings import Settings
from portero.tools.cli.judge_loading import find_caller
from tests.tools.cli.running import fault_of, portero


@pytest.mark.parametrize(("command", "judges"), [("status_command", False), ("login", False), ("check", True)])
def test_only_commands_that_judge_load_a_judge(command: str, *, judges: bool) -> None:
    loaded = f"import sys, portero.tools.cli.{command}; print('portero.decide.judging.judge' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)

    assert done.stdout == f"{judges}\n"


@pytest.mark.parametrize("command", [["explain"], ["explain", "no-privileged"], ["serve", "--check"]])
def test_an_invalid_policy_ends_a_command_with_two_and_one_line_a_fault(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text('{"acshuns": {}, "runtimes": 7}')

    fault = fault_of(portero(*command, "--schemas", str(tmp_path)))

    assert len(fault.splitlines()) == 2
    assert all(line.startswith(f"portero: {tmp_path / 'site.json'}: ") for line in fault.splitlines())


def test_a_caller_is_known_as_the_users_door_knows_the_account(tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text(
        '{"ownership": "owner", "doors": [{"name": "users", "groups": ["root"]}], "user-groups": {"bob": ["dev"]}}'
    )
    judge = judge_of(Settings.read({}, {"profile": "baseline", "host_root": "none", "schemas": str(tmp_path)}))

    assert find_caller(judge, "") == (judge, Identity())
    assert find_caller(judge, "bob") == (judge, Identity("bob", ("dev",)))
    labelled, root = find_caller(judge, "unix:root")
    assert root == Identity("unix:root", ("root",), "door", account="root")
    assert labelled.policy.site_actions["owner-label-own"] == "audit"
    assert find_caller(judge, "unix:of-another-host")[1].user == "unix:of-another-host"
