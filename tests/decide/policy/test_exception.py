"""Exceptions waive what they name, for what matches, until their day; what they may not waive is a fault."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.decide.decision import Violation, make_refusal
from portero.decide.engine import Check, Engine, rust
from portero.decide.engine.rust import RUST
from portero.decide.policy.exception import MAX_TRIES, Waiver, list_warnings, waive
from portero.decide.policy.exception_match import looks_into_lists, make_strict
from portero.decide.values.errors import LoadError
from portero.decide.values.json_fields import JSON
from portero.observe.stores.policy_loader import load_policy
from portero.tools.proof.rule_examples import ENGINES
from tests.cases import cases
from tests.decide.policy.conftest import OPERATIONS, loaded, write
from tests.decide.policy.test_exception_match import REQUEST
from tests.decide.policy.test_positions import without_position
from tests.paths import SCHEMAS

DAY = date(2030, 6, 30)


def within(*names: str, condition: JSON) -> dict[str, JSON]:
    """A match for what stands below these names of a request."""
    for name in reversed(names):
        condition = {"properties": {name: condition}}
    assert isinstance(condition, dict)
    return condition


BY_ALICE = within("identity", "user", condition={"const": "alice"})


def at(day: date, clock: str = "12:00:00") -> float:
    return datetime.fromisoformat(f"{day.isoformat()}T{clock}+00:00").timestamp()


def violation(rule: str, action: str = "deny") -> Violation:
    return Violation(rule, "baseline", "HostConfig", action, "Reason.", {"docker": "remedy"})  # type: ignore[arg-type]


def waiver(match: JSON, *rules: str, id: str = "mine", expires: date = DAY, engine: Engine = RUST) -> Waiver:
    read = make_strict(match)
    assert isinstance(read, dict)
    check = engine.compile(read, {})
    return Waiver(
        id,
        f"exceptions/{id}.json",
        rules or ("no-privileged",),
        check,
        "Reason.",
        "alice",
        expires,
        looks_into_lists(match),
    )


def outcome(found: tuple[Violation, ...]) -> list[tuple[str, str, str | None]]:
    return [(violation.rule, violation.action, violation.exception) for violation in found]


# -- what is waived


@pytest.mark.parametrize("action", ["deny", "audit"])
def test_what_an_exception_covers_is_waived_by_its_name_and_nothing_else_is(action: str) -> None:
    broken = (violation("no-privileged", action), violation("no-host-pid", action))

    found = waive([waiver(BY_ALICE)], broken, REQUEST, at(DAY))

    assert outcome(found) == [("no-privileged", "waived", "mine"), ("no-host-pid", action, None)]


def test_the_first_exception_by_id_that_matches_and_covers_a_rule_is_named() -> None:
    broken = (violation("no-privileged"), violation("no-host-pid"))
    by_bob = within("identity", "user", condition={"const": "bob"})
    open_to = [
        waiver(by_bob, "no-privileged", id="a"),
        waiver(BY_ALICE, "no-privileged", id="b"),
        waiver(BY_ALICE, "no-privileged", "no-host-pid", id="c"),
    ]

    assert outcome(waive(open_to[:1], broken, REQUEST, at(DAY))) == [(one.rule, "deny", None) for one in broken]
    assert outcome(waive(open_to, broken, REQUEST, at(DAY))) == [
        ("no-privileged", "waived", "b"),
        ("no-host-pid", "waived", "c"),
    ]


@pytest.mark.parametrize(
    ("day", "clock", "action"),
    [
        pytest.param(DAY, "00:00:00", "waived", id="on its last day"),
        pytest.param(DAY, "23:59:59.999", "waived", id="in the last moment of it"),
        pytest.param(DAY + timedelta(days=1), "00:00:00", "deny", id="on the day after"),
    ],
)
def test_an_exception_works_to_the_end_of_its_day(day: date, clock: str, action: str) -> None:
    (found,) = waive([waiver(BY_ALICE)], (violation("no-privileged"),), REQUEST, at(day, clock))

    assert found.action == action


@given(st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 1, 1)))
def test_no_exception_works_after_its_day(day: date) -> None:
    state = waiver(BY_ALICE).find_state(at(day))

    assert (state == "expired") == (day > DAY)
    assert (state == "expiring") == (DAY - timedelta(days=14) <= day <= DAY)


def test_the_day_is_one_of_utc_wherever_the_host_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")

    assert waiver(BY_ALICE).find_state(datetime(2030, 6, 30, 23, 0, tzinfo=UTC).timestamp()) == "expiring"


def test_what_has_expired_and_what_expires_soon_is_reported_with_its_owner() -> None:
    told = [
        waiver(BY_ALICE, id="gone", expires=DAY - timedelta(days=1)),
        waiver(BY_ALICE, id="soon", expires=DAY + timedelta(days=3)),
        waiver(BY_ALICE, id="later", expires=DAY + timedelta(days=4)),
    ]

    assert list_warnings(told, at(DAY)) == [
        "exceptions/gone.json: expired on 2030-06-29 and waives nothing: renew it with alice, or delete it",
        "exceptions/soon.json: expires at the end of 2030-07-03: renew it with alice, or delete it",
    ]


# -- which entry of a list is waived

APP = within("facts", "mounts", condition={"contains": within("source", condition={"const": "/etc/app.d"})})


def mounting(*sources: str) -> dict[str, JSON]:
    mounts: list[JSON] = [
        {"source": source, "at": f"HostConfig.Binds[{index}]"} for index, source in enumerate(sources)
    ]
    return {**REQUEST, "facts": {"mounts": mounts}, "body": {"HostConfig": {"Binds": [*sources]}}}


def refused_mount(*indices: int) -> Violation:
    paths = tuple(("facts", "mounts", index, "source") for index in indices)
    return replace(violation("no-privileged"), at=f"HostConfig.Binds[{indices[0]}]", paths=paths)


BY_BODY = within("body", "HostConfig", "Binds", condition={"contains": {"const": "/etc/app.d"}})
BY_LABEL: dict[str, JSON] = {"properties": {"labels": {"contains": {"const": "trusted"}}}}


@pytest.mark.parametrize(
    ("match", "second"),
    [(APP, "deny"), (BY_BODY, "deny"), (BY_ALICE, "waived"), (BY_LABEL, "waived")],
    ids=["one entry", "an entry of the list of the body", "the whole request", "another list"],
)
def test_an_exception_waives_the_rule_at_the_entries_that_it_matches(match: JSON, second: str) -> None:
    asked = {**mounting("/etc/app.d", "/etc/shadow"), "labels": ["trusted"]}

    found = waive([waiver(match)], (refused_mount(0), refused_mount(1)), asked, at(DAY))

    assert [one.action for one in found] == ["waived", second]


def test_two_exceptions_may_each_waive_their_entry() -> None:
    other = json.loads(json.dumps(APP).replace("app.d", "other"))
    both = mounting("/etc/app.d", "/etc/other")

    found = waive([waiver(APP), waiver(other, id="other")], (refused_mount(0), refused_mount(1)), both, at(DAY))

    assert [one.exception for one in found] == ["mine", "other"]


SHARED = refused_mount(0, 1)
WHOLE_LIST = replace(violation("no-privileged"), paths=(("facts", "mounts"),))


@pytest.mark.parametrize(
    ("refused", "sources", "action"),
    [
        (SHARED, ["/etc/app.d", "/etc/shadow"], "deny"),
        (SHARED, ["/etc/app.d", "/etc/app.d"], "waived"),
        (WHOLE_LIST, ["/etc/app.d", "/etc/shadow"], "deny"),
        (WHOLE_LIST, ["/etc/app.d"], "waived"),
    ],
    ids=["paths of one overlay volume", "and all match", "a rule that fails at the list", "and every entry matches"],
)
def test_entries_that_share_their_place_in_the_request_are_waived_together_or_not(
    refused: Violation, sources: list[str], action: str
) -> None:
    (found,) = waive([waiver(APP)], (refused,), mounting(*sources), at(DAY))

    assert found.action == action


def test_a_request_with_very_many_entries_is_tried_so_often_and_no_more() -> None:
    many = MAX_TRIES + 10
    request_ = mounting(*["/etc/app.d"] * many)

    found = waive([waiver(APP)], tuple(refused_mount(index) for index in range(many)), request_, at(DAY))

    assert [one.action for one in found].count("waived") == MAX_TRIES


# -- what a match means


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
@pytest.mark.parametrize(("match", "request_", "covered"), cases(__file__, "named-in-matches.jsonl"))
def test_what_a_match_names_must_be_there(
    match: JSON, request_: dict[str, JSON], covered: bool, engine: Engine
) -> None:
    (found,) = waive([waiver(match, engine=engine)], (violation("no-privileged"),), request_, at(DAY))

    assert (found.action == "waived") is covered


# -- what nearly matches


def near(rule_folder: Path, content: dict[str, Any], request: dict[str, JSON], day: date = DAY) -> str:
    write(rule_folder, "exceptions/mine.json", content)
    policy = loaded(rule_folder)
    violations = policy.waived(policy.check(request, "baseline"), request, at(day))
    return next(str(one.near_miss or "") for one in violations if one.rule == "no-privileged")


def test_a_violation_that_refuses_names_the_exception_that_nearly_matches(
    built_in: Path, exception: dict[str, Any]
) -> None:
    create = {"properties": {"operation": {"const": "ContainerCreate"}}}
    asked = exception | {"match": {"allOf": [create, BY_ALICE]}}
    by_bob = {**REQUEST, "identity": {"user": "bob"}}

    assert near(built_in, asked, by_bob) == "mine matches all but identity.user: bob is not alice"
    assert near(built_in, asked, REQUEST) == ""
    assert near(built_in, asked, REQUEST, DAY + timedelta(days=1)) == "mine matches, but expired on 2030-06-30"
    assert near(built_in, asked, by_bob, DAY + timedelta(days=1)) == ""


def test_an_entry_that_an_exception_does_not_cover_is_a_near_miss() -> None:
    mounts = (refused_mount(0), refused_mount(1))

    app, shadow = waive([waiver(APP)], mounts, mounting("/etc/app.d", "/etc/shadow"), at(DAY))

    assert app.near_miss is None
    assert str(shadow.near_miss) == "mine matches the request, but not this entry of it alone"


# -- how they are loaded


@pytest.fixture
def exception() -> dict[str, Any]:
    return {
        "$schema": "../exception.json",
        "dialect": 2,
        "rules": ["no-privileged"],
        "match": BY_ALICE,
        "reason": "The old installer needs it.",
        "owner": "José Núñez, operations",
        "expires": "2030-06-30",
    }


@pytest.fixture
def built_in(built_in: Path, written: dict[str, Any]) -> Path:
    write(built_in, "rules/self-protection/protected-paths.json", written)
    return built_in


def faults(folder: Path) -> list[str]:
    with pytest.raises(LoadError) as broken:
        loaded(folder)
    return [
        without_position(fault.removeprefix(f"{folder / 'exceptions/mine.json'}: ")) for fault in broken.value.faults
    ]


def test_an_exception_is_loaded_with_its_words_and_day(built_in: Path, exception: dict[str, Any]) -> None:
    write(built_in, "exceptions/mine.json", exception)
    write(built_in, "exceptions/README.md", "x")

    (read,) = loaded(built_in).waivers

    assert (read.id, read.rules, read.owner) == ("mine", ("no-privileged",), "José Núñez, operations")
    assert (read.file, read.expires) == (str(built_in / "exceptions/mine.json"), DAY)


def test_a_loaded_exception_waives_in_the_policy(built_in: Path, exception: dict[str, Any]) -> None:
    write(built_in, "exceptions/mine.json", exception)
    policy = loaded(built_in)

    found = policy.waived(policy.check(REQUEST, "baseline"), REQUEST, at(DAY))

    assert outcome(found) == [("no-privileged", "waived", "mine"), ("protected-paths", "deny", None)]


def test_what_is_waived_of_each_object_is_reported_once_where_the_request_names_it(built_in: Path) -> None:
    waived = {"rule": "no-privileged", "field": "HostConfig.Privileged", "exception": "admins"}
    web = {"name": "web", "at": "path.id", "waived": [waived, waived, {**waived, "rule": "gone"}]}
    used = {"containers": [web, {"name": "old", "at": "HostConfig.VolumesFrom[0]"}], "volumes": [web | {"at": "x"}]}

    reported = loaded(built_in).waived((), {**REQUEST, "objects": used}, at(DAY))

    assert [(each.rule, each.at, each.action, each.exception) for each in reported] == [
        ("no-privileged", "path.id", "waived", "admins"),
        ("no-privileged", "x", "waived", "admins"),
    ]


def test_only_exceptions_about_a_violated_rule_are_tried(built_in: Path, exception: dict[str, Any]) -> None:
    for number in range(20):
        write(built_in, f"exceptions/other-{number}.json", exception | {"rules": ["other-rule"]})
    write(built_in, "rules/privileges/other-rule.json", (built_in / "rules/privileges/no-privileged.json").read_text())
    write(built_in, "exceptions/mine.json", exception)
    policy = loaded(built_in)
    tried: list[JSON] = []
    for check in (waiver.match for waiver in policy.waivers):
        genuine = check.is_satisfied
        noting: Any = lambda request, genuine=genuine: tried.append(request) or genuine(request)  # noqa: E731
        object.__setattr__(check, "is_satisfied", noting)

    found = policy.waived((violation("no-privileged"),), REQUEST, at(DAY))

    assert outcome(found) == [("no-privileged", "waived", "mine")]
    assert len(tried) == 1


def test_the_resources_are_read_once_for_all_exceptions(
    built_in: Path, exception: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    genuine = rust.to_portable
    monkeypatch.setattr(rust, "to_portable", lambda schema: read.append(str(schema.get("title"))) or genuine(schema))

    def count_readings(number: int) -> int:
        read.clear()
        for place in range(number):
            write(built_in, f"exceptions/mine-{place}.json", exception)
        assert len(loaded(built_in).waivers) == number
        return read.count("Request")

    assert count_readings(1) == count_readings(30) > 0


def test_a_match_may_refer_to_the_values_of_the_site(built_in: Path, exception: dict[str, Any]) -> None:
    listed = within("facts", "runtime", "value", condition={"$ref": "site#/$defs/runtimes"})
    write(built_in, "exceptions/mine.json", exception | {"match": listed})
    asked = {**REQUEST, "facts": {"runtime": {"value": "runc", "at": "HostConfig.Runtime"}}}

    assert outcome(loaded(built_in).waived((violation("no-privileged"),), asked, at(DAY))) == [
        ("no-privileged", "waived", "mine")
    ]


def test_a_later_folder_adds_exceptions_and_overrides_them_by_id(
    built_in: Path, tmp_path: Path, exception: dict[str, Any]
) -> None:
    write(built_in, "exceptions/mine.json", exception)
    write(tmp_path / "own", "exceptions/mine.json", exception | {"expires": "2031-01-01"})
    write(tmp_path / "own", "exceptions/another.json", exception)

    assert [(one.id, one.expires.year) for one in loaded(built_in, tmp_path / "own").waivers] == [
        ("another", 2030),
        ("mine", 2031),
    ]


def test_an_exception_may_have_the_name_of_a_rule(built_in: Path, exception: dict[str, Any]) -> None:
    write(built_in, "exceptions/no-privileged.json", exception)

    assert [one.id for one in loaded(built_in).waivers] == ["no-privileged"]


def test_the_digest_changes_with_every_exception_and_with_its_schema(built_in: Path, exception: dict[str, Any]) -> None:
    digests = [loaded(built_in).digest]
    write(built_in, "exceptions/mine.json", exception)
    digests.append(loaded(built_in).digest)
    write(built_in, "exceptions/mine.json", exception | {"owner": "somebody else"})
    digests.append(loaded(built_in).digest)
    write(built_in, "exception.json", (built_in / "exception.json").read_text() + "\n")
    digests.append(loaded(built_in).digest)

    assert len(set(digests)) == len(digests)


@pytest.mark.parametrize(("changes", "fault"), cases(__file__, "faults-of-exceptions.jsonl"), ids=str)
def test_an_invalid_exception_is_a_fault_of_the_policy(
    built_in: Path, exception: dict[str, Any], written: dict[str, Any], changes: dict[str, Any], fault: str
) -> None:
    write(built_in, "host/daemon/live-restore.json", written)
    write(built_in, "exceptions/mine.json", exception | changes)

    assert faults(built_in) == [fault]


@pytest.mark.parametrize("name", ["$schema", "dialect", "rules", "match", "reason", "owner", "expires"])
def test_an_exception_without_one_of_its_parts_is_a_fault(built_in: Path, exception: dict[str, Any], name: str) -> None:
    del exception[name]
    write(built_in, "exceptions/mine.json", exception)

    cures = {
        "$schema": ": write ../exception.json",
        "dialect": ': add "dialect": 2',
        "expires": ": write the day as 2030-12-31",
    }
    assert faults(built_in) == [f"'{name}' is missing{cures.get(name, '')}"]


def test_an_unsafe_pattern_in_a_match_is_a_fault(built_in: Path, exception: dict[str, Any]) -> None:
    write(built_in, "exceptions/mine.json", exception | {"match": {"properties": {"x": {"pattern": "^(a+)+$"}}}})

    (fault,) = faults(built_in)

    assert fault.startswith("match: properties.x.pattern: the pattern ")


def test_a_rule_of_self_protection_stays_protected_when_a_later_folder_moves_it(
    built_in: Path, tmp_path: Path, exception: dict[str, Any], written: dict[str, Any]
) -> None:
    own = tmp_path / "own"
    write(own, "rules/mine/protected-paths.json", written)
    write(own, "exceptions/mine.json", exception | {"rules": ["protected-paths"]})

    with pytest.raises(LoadError, match="'protected-paths' protects Portero itself"):
        loaded(built_in, own)


BY_DIGEST = within("facts", "image", "digest", condition={"const": "sha256:" + "a" * 64})


@pytest.mark.parametrize(
    ("rule", "match", "needs"),
    [
        ("docker-data", BY_DIGEST, "an image by digest: add facts.image.digest to match, with a whole digest"),
        *(
            (
                "no-daemon-sockets",
                match,
                "an image by digest, or a user: add facts.image.digest with a whole digest, or identity.user, to match",
            )
            for match in (BY_DIGEST, BY_ALICE)
        ),
    ],
    ids=["docker's data, for an image by digest alone", "docker's socket, for an image", "or for a user"],
)
def test_what_gives_the_host_is_waived(
    built_in: Path, exception: dict[str, Any], written: dict[str, Any], rule: str, match: JSON, needs: str
) -> None:
    write(built_in, f"rules/self-protection/{rule}.json", written)
    by_tag = {name: {"const": "x"} for name in ("registry", "repository", "tag")}
    by_tag = within("facts", "image", condition={"properties": by_tag})
    # A user does not waive docker's data.
    for other in [by_tag, *([BY_ALICE] if rule == "docker-data" else [])]:
        write(built_in, "exceptions/mine.json", exception | {"rules": [rule], "match": other})
        assert faults(built_in) == [f"rules: '{rule}' needs {needs}"]

    write(built_in, "exceptions/mine.json", exception | {"rules": [rule], "match": match})
    assert [waiver.rules for waiver in loaded(built_in).waivers] == [(rule,)]


@pytest.mark.parametrize("name", ["exceptions/Mine.json", "exceptions/mine.jsn", "exceptions/team/mine.json"])
def test_a_misnamed_exception_is_a_fault_and_not_overlooked(built_in: Path, name: str) -> None:
    write(built_in, name, "{}")

    named = built_in / ("exceptions/team" if "team" in name else name)
    assert faults(built_in) == [
        f"{named}: is not named as an exception: call it exceptions/<id>.json, of a-z, 0-9 and -"
    ]


def test_a_match_that_the_engine_cannot_compile_is_a_fault(built_in: Path, exception: dict[str, Any]) -> None:
    def prepare(resources: Any) -> Any:
        def compile_one(schema: Any) -> Check:
            if "required" in schema:
                raise RuntimeError("the library's own words")
            return RUST.compile(schema, resources)

        return compile_one

    write(built_in, "exceptions/mine.json", exception)

    with pytest.raises(LoadError) as broken:
        load_policy([built_in], OPERATIONS, engine=Engine("stubborn", prepare))

    assert broken.value.faults == (
        f"{built_in / 'exceptions/mine.json'}: match: the stubborn engine cannot compile it (RuntimeError)",
    )


def test_every_refusal_code_stays_what_it_is_whatever_an_exception_says() -> None:
    """Loading refuses such a file; the judge does not even ask about codes."""
    code = make_refusal("unknown-field", "HostConfig.X")

    assert waive([waiver(BY_ALICE)], (code,), REQUEST, at(DAY)) == (code,)


@pytest.mark.parametrize("page", ["schemas/exceptions/README.md", "docs/exceptions.md"])
def test_the_example_in_the_documentation_can_be_loaded_as_it_stands(tmp_path: Path, page: str) -> None:
    example = (SCHEMAS.parent / page).read_text().partition("```json\n")[2].partition("```")[0]
    write(tmp_path, "exceptions/netops-probe.json", example)

    (read,) = loaded(SCHEMAS, tmp_path).waivers

    assert read.rules == ("no-host-network",)


def test_nothing_is_waived_as_shipped() -> None:
    assert loaded(SCHEMAS).waivers == ()
