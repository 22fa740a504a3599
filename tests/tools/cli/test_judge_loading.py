"""Which commands load a judge, and what an invalid policy ends them with."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from portero.decide.identity.caller import Identity
from portero.decide.judging.judge import Judge
from portero.tools.cli.judge_loading import find_caller
from tests.decide.judging.requests import envelope
from tests.judges import make_judge
from tests.paths import SCHEMAS
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


def find(folder: Path, user: str, label: str = "") -> tuple[Judge, Identity]:
    """The judge and the caller under a policy with a door for users."""
    door = f'{{"name": "users", "groups": ["root"]{label}}}'
    (folder / "site.json").write_text(f'{{"ownership": "owner", "doors": [{door}], "user-groups": {{"bob": ["dev"]}}}}')
    judge = make_judge(profile="baseline", schemas=str(folder))
    return find_caller(judge, user)


def test_a_caller_is_known_as_the_users_door_knows_the_account(tmp_path: Path) -> None:
    assert find(tmp_path, "")[1] == Identity()
    assert find(tmp_path, "bob")[1] == Identity("bob", ("dev",))
    assert find(tmp_path, "unix:root")[1] == Identity("unix:root", ("root",), "door", account="root")
    assert find(tmp_path, "unix:of-another-host")[1].user == "unix:of-another-host"


@pytest.mark.parametrize(
    ("written", "labels", "refused"),
    [
        (', "label": false', {}, ["Labels.owner"]),
        ("", {}, []),
        ("", {"owner": "unix:root"}, []),
        ("", {"owner": "unix:bob"}, ["Labels.owner"]),
        ("", {"owner": ""}, ["Labels.owner"]),
    ],
)
def test_a_door_writes_the_label_of_an_owner_only_where_there_is_none(
    tmp_path: Path, written: str, labels: dict[str, str], refused: list[str]
) -> None:
    judge, caller = find(tmp_path, "unix:root", written)

    decision = judge.decide(
        envelope("POST", "/containers/create", {"Image": "a", "Labels": labels}), "check", 0.0, identity=caller
    )

    denials = [one for one in decision.denials if one.rule == "owner-label-own"]
    assert [one.at for one in denials] == refused


def test_where_the_door_writes_labels_the_rule_of_a_site_is_still_asked_the_rest(tmp_path: Path) -> None:
    rule = json.loads(next(SCHEMAS.rglob("owner-label-own.json")).read_text())
    rule["properties"]["body"] = {"properties": {"Labels": {"required": ["team"]}}}
    (tmp_path / "rules/site").mkdir(parents=True)
    (tmp_path / "rules/site/owner-label-own.json").write_text(json.dumps(rule))
    judge, caller = find(tmp_path, "unix:root")

    def list_places(labels: dict[str, str]) -> list[str]:
        asked = envelope("POST", "/containers/create", {"Image": "a", "Labels": labels})
        violations = judge.decide(asked, "check", 0.0, identity=caller).violations
        return [one.at for one in violations if one.action == "deny" and one.rule == "owner-label-own"]

    assert list_places({"team": "web"}) == []
    assert list_places({"team": "web", "owner": "unix:bob"}) == ["Labels.owner"]
    assert list_places({"other": "web"}) == ["Labels"]
