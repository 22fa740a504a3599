"""A policy is loaded whole or not at all, and every fault is named at once."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from portero.decide.engine import Check, Engine
from portero.decide.policy.folder import parse_folder
from portero.decide.values.errors import LoadError
from portero.observe.stores.policy_loader import load_policy
from portero.tools.proof.rule_examples import ENGINES
from tests.decide.policy.conftest import BUILT_IN, OPERATIONS, loaded, write
from tests.decide.policy.test_positions import without_position

PRIVILEGED = {"operation": "ContainerCreate", "facts": {"privileged": {"value": True, "at": "HostConfig.Privileged"}}}


def faults(*folders: Path) -> tuple[str, ...]:
    with pytest.raises(LoadError) as broken:
        loaded(*folders)
    assert str(broken.value) == "\n".join(broken.value.faults)
    return tuple(map(without_position, broken.value.faults))


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_a_loaded_policy_checks_requests(built_in: Path, engine: Engine) -> None:
    policy = load_policy([built_in], OPERATIONS, engine=engine)

    assert [(v.rule, v.at) for v in policy.check(PRIVILEGED, "baseline")] == [
        ("no-privileged", "HostConfig.Privileged")
    ]
    assert policy.rules["no-privileged"].file == str(built_in / "rules/privileges/no-privileged.json")


def test_a_read_me_among_the_rules_is_no_rule(built_in: Path) -> None:
    write(built_in, "rules/README.md", "x")
    write(built_in, "rules/privileges/README.md", "x")

    assert set(loaded(built_in).rules) == {"no-privileged"}


def test_a_linked_topic_folder_is_followed(built_in: Path, tmp_path: Path, written: dict[str, Any]) -> None:
    write(tmp_path, "elsewhere/linked.json", written)
    (built_in / "rules" / "more").symlink_to(tmp_path / "elsewhere")

    assert set(loaded(built_in).rules) == {"no-privileged", "linked"}


def test_a_later_folder_adds_rules_and_overrides_them_by_id(built_in: Path, own: Path, written: dict[str, Any]) -> None:
    write(own, "rules/mine/no-privileged.json", {**written, "level": "restricted"})
    write(own, "rules/mine/another.json", written)

    policy = loaded(built_in, own)

    assert {id: rule.level for id, rule in policy.rules.items()} == {
        "no-privileged": "restricted",
        "another": "baseline",
    }
    assert policy.rules["no-privileged"].topic == "mine"


def test_a_later_site_overrides_values_key_by_key(built_in: Path, own: Path, values: dict[str, Any]) -> None:
    write(own, "site.json", {"runtimes": ["kata"], "actions": {"no-privileged": "audit"}})

    policy = loaded(built_in, own)

    assert (policy.site["runtimes"], policy.site["sysctls"]) == (["kata"], values["sysctls"])
    assert [violation.action for violation in policy.check(PRIVILEGED, "baseline")] == ["audit"]


def test_a_rule_sees_the_value_of_the_later_site(built_in: Path, own: Path, written: dict[str, Any]) -> None:
    runtime = {"properties": {"value": {"$ref": "site#/$defs/runtimes"}}}
    write(own, "rules/mine/runtime.json", {**written, "properties": {"facts": {"properties": {"runtime": runtime}}}})
    request = {"operation": "ContainerCreate", "facts": {"runtime": {"value": "kata", "at": "HostConfig.Runtime"}}}

    before = loaded(built_in, own).check(request, "baseline")
    write(own, "site.json", {"runtimes": ["kata"]})
    after = loaded(built_in, own).check(request, "baseline")

    assert ([violation.at for violation in before], after) == (["HostConfig.Runtime"], ())


def test_the_digest_changes_with_every_file_of_the_policy(built_in: Path, own: Path, written: dict[str, Any]) -> None:
    digests = [loaded(built_in).digest]
    for folder, name in [(built_in, name) for name in (*BUILT_IN, "rules/privileges/no-privileged.json")]:
        (folder / name).write_text((folder / name).read_text() + "\n")
        digests.append(loaded(built_in).digest)
    (built_in / "rules/privileges").rename(built_in / "rules/other")
    digests.append(loaded(built_in).digest)
    write(own, "rules/mine/another.json", written)
    digests.append(loaded(built_in, own).digest)

    assert len(set(digests)) == len(digests)
    assert loaded(built_in, own).digest == digests[-1]


def test_a_missing_folder_and_an_empty_one_are_refused(built_in: Path, own: Path) -> None:
    assert faults(built_in, own / "no") == (f"{own / 'no'}: is not there: name a folder with rules/ or site.json",)
    assert faults(built_in, own) == (f"{own}: holds no policy: name a folder with rules/ or site.json",)


def test_a_built_in_folder_without_its_schemas_or_rules_is_refused(built_in: Path) -> None:
    for name in BUILT_IN:
        (built_in / name).unlink()
    shutil.rmtree(built_in / "rules" / "privileges")

    assert faults(built_in) == (
        f"{built_in}: holds no policy: name a folder with rules/ or site.json",
        *(f"{built_in / name}: is missing: restore it" for name in BUILT_IN),
        f"{built_in / 'rules'}: holds no rule: restore the rules",
    )


def test_all_faults_are_named_at_once(built_in: Path, own: Path, written: dict[str, Any]) -> None:
    write(own, "rules/mine/a.json", {**written, "propertis": {}})
    del written["remedy"]
    write(own, "rules/mine/b.json", written)
    write(own, "site.json", {"runtime": [], "actions": {"no-privilege": "off"}})

    assert faults(built_in, own) == (
        f"{own / 'site.json'}: 'runtime' is unknown: did you mean 'runtimes'?",
        f"{own / 'rules/mine/a.json'}: 'propertis' is unknown: did you mean 'properties'?",
        f"{own / 'rules/mine/b.json'}: 'remedy' is missing",
        f"{own / 'site.json'}: actions: unknown rule 'no-privilege': did you mean 'no-privileged'?",
    )


def test_a_fault_says_the_line_and_column(built_in: Path, own: Path, written: dict[str, Any]) -> None:
    write(own, "rules/mine/a.json", json.dumps({**written, "propertis": {}}, indent=2))
    write(own, "site.json", '{\n  "memory-max": "1gg",\n  "actions": {"no-privilege": "off"}\n}')

    with pytest.raises(LoadError) as broken:
        loaded(built_in, own)

    lines = (own / "rules/mine/a.json").read_text().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "propertis" in text)
    assert [fault.rpartition(" (")[2] for fault in broken.value.faults] == [
        "line 2, column 3)",
        f"line {line}, column 3)",
        "line 3, column 15)",
    ]


def test_a_key_without_a_value_is_a_fault(built_in: Path, values: dict[str, Any]) -> None:
    write(built_in, "site.json", {key: value for key, value in values.items() if key != "runtimes"})

    assert faults(built_in) == (f"{built_in / 'site.json'}: 'runtimes' is missing: give it a value",)


MISNAMED = "is not named as a rule: call it rules/<topic>/<rule-id>.json, of a-z, 0-9 and -"


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("rules/mine/a.jsn", "{}", f"rules/mine/a.jsn: {MISNAMED}"),
        ("rules/mine/A.json", "{}", f"rules/mine/A.json: {MISNAMED}"),
        ("rules/Mine/a.json", "{}", f"rules/Mine/a.json: {MISNAMED}"),
        ("rules/a.json", "{}", f"rules/a.json: {MISNAMED}"),
        ("rules/mine/deeper/a.json", "{}", f"rules/mine/deeper: {MISNAMED}"),
        ("rules/mine/a.json~", "{}", "rules/mine/a.json~: is a backup of a.json: remove it"),
        (
            "rules/mine/a.json",
            "{",
            "rules/mine/a.json: is not JSON at line 1, column 2: it ends too early; close what is open",
        ),
    ],
)
def test_a_file_that_is_no_rule_is_a_fault_and_not_overlooked(
    built_in: Path, own: Path, name: str, content: str, fault: str
) -> None:
    write(own, name, content)

    assert faults(built_in, own) == (f"{own}/{fault}",)


def test_a_file_larger_than_a_policy_s_is_not_parsed(own: Path) -> None:
    found: list[str] = []
    parse_folder(own, {"site.json": b"[" * ((1 << 20) + 1)}, found)

    assert found == [f"{own}/site.json: has more than 1 MiB: make it smaller"]


def test_two_rules_of_one_id_in_one_folder_are_a_fault(built_in: Path, written: dict[str, Any]) -> None:
    write(built_in, "rules/zoo/no-privileged.json", written)

    assert faults(built_in) == (
        f"{built_in / 'rules/zoo/no-privileged.json'}: has the id of "
        f"{built_in / 'rules/privileges/no-privileged.json'}: rename one of them",
    )


@pytest.mark.parametrize("actions", ["x", 5, [["no-privileged", "off"]], None])
def test_actions_of_another_type_are_a_fault(built_in: Path, own: Path, actions: object) -> None:
    write(own, "site.json", {"actions": actions})

    assert faults(built_in, own) == (f"{own / 'site.json'}: actions: must be of type object",)


def test_a_rule_that_the_engine_cannot_compile_is_a_fault(built_in: Path) -> None:
    def compile_one(schema: object) -> Check:
        raise RuntimeError("the library's own words")

    with pytest.raises(LoadError) as broken:
        load_policy([built_in], OPERATIONS, engine=Engine("stubborn", lambda resources: compile_one))

    file = built_in / "rules/privileges/no-privileged.json"
    assert broken.value.faults == (f"{file}: the stubborn engine cannot compile it (RuntimeError)",)


def test_a_proposal_that_the_sites_values_do_not_fit_is_a_fault(built_in: Path, own: Path, written: Any) -> None:
    write(own, "rules/privileges/own.json", {**written, "try": {"add": ["--memory {runtimes}"]}})

    assert faults(built_in, own) == (
        f"{own / 'rules/privileges/own.json'}: try: --memory does not take the value: write it as docker takes it",
    )


def test_a_proposal_is_no_part_of_the_condition(built_in: Path, own: Path, written: Any) -> None:
    write(own, "rules/privileges/own.json", {**written, "try": {"drop": ["--privileged"]}})

    rule = loaded(built_in, own).rules["own"]

    assert rule.proposal is not None
    assert rule.proposal.drop == ("--privileged",)
    assert "try" not in rule.schema
