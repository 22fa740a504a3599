"""Which commands load a judge, and what an invalid policy ends them with."""

import subprocess
import sys
from pathlib import Path

import pytest

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
