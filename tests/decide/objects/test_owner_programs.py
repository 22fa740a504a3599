"""Nothing is copied where Docker 24 to 27 could be made to run a container's getent; everything else is."""

import itertools
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from portero.decide.interfaces.effects import BUILT, MADE, Effects, NameUse
from portero.decide.interfaces.host_notes import HostNotes
from portero.decide.judging.judge import Judge
from portero.decide.objects.object_use import Meanings, ObjectFindings
from portero.decide.objects.owner_programs import describe_owner_programs
from portero.decide.values.refusals import Refused
from portero.observe.pending.under_way import UnderWay
from tests.decide.judging.requests import envelope, list_refusing
from tests.decide.objects.test_existing_objects import SilentObjects, container, decide, judge
from tests.judges import make_judge
from tests.observe.host.fixed_objects import FixedHost, FixedObjects
from tests.observe.pending.test_under_way import enter

__all__ = ["judge"]  # a fixture
RULE = "no-owner-programs"
LONG = "web.1.0123456789abcdefghijklmno"


def of_user(shown: Any, user: Any) -> Any:
    return {**shown, "Config": {**shown["Config"], "User": user}}


PLAIN, WITH_USER = container("web"), of_user(container("shop"), "1000:1000")
SHORT, OTHER = PLAIN["Id"][:12], {**WITH_USER, "Id": "beef" + "1" * 60}
UNREAD = {**PLAIN, "Config": {"Image": "busybox"}}
PLAIN_NAMES = ("web", SHORT, PLAIN["Id"], "my_app", "happy_curie7", LONG, "Beef")
FLEETING = ("cafe", "c0ffee00000")
CONTAINERS = {
    **dict.fromkeys((*PLAIN_NAMES, *FLEETING), PLAIN),
    **{"shop": WITH_USER, "named": of_user(PLAIN, "nobody"), "odd": of_user(PLAIN, None), "unread": UNREAD},
}


class Daemon(FixedObjects):
    version: str = "26.1.5+dfsg1"

    def info(self) -> Any:
        return {**FixedObjects.info(self), "ServerVersion": self.version}


def daemon(version: str = "26.1.5+dfsg1", pending: Any = None, **others: Any) -> Any:
    made = Daemon({"container": {**CONTAINERS, **others}}, pending=pending)
    object.__setattr__(made, "version", version)
    return made


def use(names: UnderWay, id: str, name: NameUse) -> bool:
    return enter(names, id, Effects(names.number, uses=(name,)), agrees=True)


def find_why(objects: Any, id: str = "web", *, operation: str = "PutContainerArchive", **query: str) -> str:
    document: Any = {"operation": operation, "path": {"id": id}, "query": {key: [query[key]] for key in query}}
    meanings = Meanings(objects) if objects else None
    asked: Any = SimpleNamespace(
        operation=SimpleNamespace(id=operation), document=document, meanings=meanings, findings=ObjectFindings()
    )
    found: Any = describe_owner_programs(asked)
    (one,) = found.get("ownerPrograms", [{"why": ""}])
    return str(one["why"])


@pytest.mark.parametrize("name", PLAIN_NAMES)
@pytest.mark.parametrize("owned", ["", "true"])
def test_a_container_without_a_user_is_copied_to(name: str, owned: str) -> None:
    assert find_why(daemon(), name, copyUIDGID=owned) == ""


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("shop", "it has a user (1000:1000)"),
        ("named", "it has a user (nobody)"),
        ("odd", "it has a user (None)"),
        ("unread", "it has a user (None)"),
        *((name, "the ID of another container") for name in FLEETING),
    ],
)
@pytest.mark.parametrize("owned", ["", "1"])
def test_one_with_a_user_is_not_nor_one_whose_name_another_can_get(name: str, why: str, owned: str) -> None:
    assert find_why(daemon(), name, copyUIDGID=owned).startswith(why)


def test_a_name_that_begins_the_id_of_one_with_a_user_is_not_copied_to() -> None:
    name = OTHER["Id"][:12]

    assert find_why(daemon(**{name: PLAIN, "shop": OTHER, OTHER["Id"]: OTHER}), name) == "it has a user (1000:1000)"
    assert find_why(daemon(**{name: PLAIN}), name) == ""


def test_what_is_missing_is_left_to_dockerd_unless_a_slow_create_can_still_make_it() -> None:
    names = UnderWay()
    assert find_why(daemon(), "gone") == find_why(daemon(pending=names.at()), "gone") == ""
    use(names, "d-1", NameUse("gone", is_copy=False))
    names.end_uses("d-1", is_late=True)
    assert find_why(daemon(pending=names.at()), "gone").startswith("there is no such container, and a create")
    assert find_why(daemon(pending=names.at()), "other") == find_why(daemon(pending=names.at()), "web") == ""


@pytest.mark.parametrize(
    ("name", "is_given"),
    [
        ("happy_curie7", True),
        (LONG, True),
        ("web.node7.0123456789abcdefghijklmno", True),
        ("happy-curie7", False),
        (LONG[:-1], False),
        ("web.1.0123456789ABCDEFGHIJKLMNO", False),
    ],
)
def test_what_is_missing_is_refused_where_dockerd_gives_the_name_unasked(name: str, *, is_given: bool) -> None:
    """Swarm to the container of a task, a classic build to that of a step, a create while it is not there yet."""
    objects = replace(daemon(), by_name={})

    assert find_why(objects, name) == ("there is no such container yet" if is_given else "")


@pytest.mark.parametrize("version", ["20.10.24+dfsg1", "23.0.17", "28.5.2", "29.7.2", "119.0"])
def test_other_engines_copy_everywhere(version: str) -> None:
    for name in (*CONTAINERS, "gone"):
        assert find_why(daemon(version), name, copyUIDGID="1") == ""


@pytest.mark.parametrize("version", ["24.0.0", "27.5.1", "", "dev", "library-import", "v26.1"])
def test_an_unknown_version_counts_as_one_of_these(version: str) -> None:
    assert find_why(daemon(version), "shop").startswith("it has a user")
    assert find_why(daemon(version), "web") == ""


@pytest.mark.parametrize(
    ("owned", "is_refused"), [("1", True), ("True", True), ("x", True), ("", False), ("0", False), (" FALSE ", False)]
)
def test_where_the_daemon_cannot_be_asked_what_is_seen_counts(owned: str, *, is_refused: bool) -> None:
    assert find_why(None, copyUIDGID=owned).startswith("Portero cannot ask") is is_refused
    assert find_why(None, operation="ContainerRename", name="web") == ""


def test_a_daemon_that_does_not_answer_is_no_other_engine() -> None:
    with pytest.raises(Refused) as refused:
        find_why(SilentObjects())
    assert (refused.value.code, refused.value.at) == ("lookup-failed", "path.id")


@pytest.mark.parametrize("operation", ["ContainerCreate", "ContainerRename"])
def test_a_name_is_not_given_while_something_is_copied_to_it_nor_the_other_way_round(operation: str) -> None:
    names = UnderWay()
    assert use(names, "d-1", NameUse("web", is_copy=True))
    for spelt in ("web", "/web"):
        assert find_why(daemon(pending=names.at()), operation=operation, name=spelt).startswith(
            "another request copies"
        )
    for other in ("db", ""):
        assert find_why(daemon(pending=names.at()), operation=operation, name=other) == ""
    names.end_uses("d-1")
    assert use(names, "d-2", NameUse("web", is_copy=False))
    assert find_why(daemon(pending=names.at())).startswith("another request gives")
    assert find_why(daemon("28.0.0", pending=names.at())) == ""


@pytest.mark.parametrize(("name", "is_made"), [("happy_curie", True), ("happy_curie7", True), ("happy_curie77", False)])
def test_dockerd_makes_no_name_that_something_is_copied_to_but_what_it_makes_is_copied_to(
    name: str, *, is_made: bool
) -> None:
    names = UnderWay()
    assert use(names, "d-1", NameUse(name, is_copy=True))
    why = find_why(daemon(pending=names.at()), operation="ContainerCreate")
    assert why.startswith("another request copies to a name just now that dockerd can make") is is_made
    names.end_uses("d-1")
    assert use(names, "d-2", NameUse(MADE, is_copy=False))
    assert find_why(daemon(pending=names.at()), "happy_curie7") == ""


def test_nothing_is_copied_to_a_name_that_a_build_can_give_meanwhile_nor_the_other_way_round() -> None:
    names = UnderWay()
    assert find_why(daemon(pending=names.at()), operation="ImageBuild") == ""
    assert use(names, "d-1", NameUse("happy_curie7", is_copy=True))
    assert find_why(daemon(pending=names.at()), operation="ImageBuild").endswith("can make for a step of this build")
    assert find_why(daemon("28.0.0", pending=names.at()), operation="ImageBuild") == ""
    assert find_why(None, operation="ImageBuild") == ""
    names.end_uses("d-1")
    assert use(names, "d-2", NameUse(BUILT, is_copy=False))
    assert find_why(daemon(pending=names.at()), "happy_curie7").startswith("another request gives this name, or can")
    for name in ("web", SHORT, PLAIN["Id"], LONG):
        assert find_why(daemon(pending=names.at()), name) == ""


def test_a_build_where_the_daemon_does_not_answer_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        find_why(SilentObjects(), operation="ImageBuild")
    assert (refused.value.code, refused.value.at) == ("lookup-failed", "operation")


def test_others_see_an_allowed_request_and_no_refused_one(judge: Judge) -> None:
    names, host, numbers = UnderWay(), FixedHost(), itertools.count(1)

    def ask(method: str, target: str, body: Any = None, version: str = "26.1.5") -> list[str]:
        host.objects = lambda: daemon(version, pending=names.at())  # type: ignore[method-assign]
        decision = decide(replace(judge, host=host), method, target, body)
        assert enter(names, f"d-{next(numbers)}", decision.effects, agrees=True)
        return list_refusing(decision)

    assert ask("PUT", "/containers/shop/archive?path=/") == [RULE]
    assert names.at().allows(NameUse("shop", is_copy=False))
    assert ask("PUT", "/containers/web/archive?path=/", version="28.0.0") == []
    assert names.at().allows(NameUse("web", is_copy=False))
    assert ask("PUT", "/containers/web/archive?path=/&copyUIDGID=1") == []
    assert ask("POST", "/containers/shop/rename?name=web") == [RULE]
    assert ask("POST", "/containers/create?name=web", {"Image": "busybox"}) == [RULE]
    assert ask("POST", "/containers/create", {"Image": "busybox"}) == []
    names.end_uses("d-3")
    assert ask("POST", "/containers/shop/rename?name=web") == []
    assert ask("PUT", "/containers/web/archive?path=/") == [RULE]


def test_a_replay_knows_what_the_daemon_had(judge: Judge) -> None:
    notes, host, data = HostNotes(), FixedHost(), envelope("PUT", "/containers/shop/archive?path=/")
    host.objects = daemon  # type: ignore[method-assign]
    for each in (host, FixedHost()):
        decision = replace(judge, host=each).decide(data, "d-1", 0.0, notes=notes)
        assert list_refusing(decision) == [RULE]


def test_without_lookups_ordinary_copies_pass(tmp_path: Path) -> None:
    made = make_judge(FixedHost(), profile="baseline", lookups="off")
    for owned, allowed in (("false", True), ("true", False)):
        target = f"/containers/web/archive?path=/&copyUIDGID={owned}"
        assert decide(made, "PUT", target).allowed is allowed
