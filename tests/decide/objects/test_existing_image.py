"""The image of a create is judged as the daemon has it, and asked for only where a rule in force reads it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portero.decide.decision import Decision
from portero.decide.judging.enforcement import Enforcement
from portero.decide.judging.judge import Judge
from tests.decide.judging.requests import list_refusing, make_exception
from tests.decide.judging.test_lookup_costs import CountingHost
from tests.decide.objects.test_existing_objects import SilentHost, decide, judge_with
from tests.observe.host.fixed_objects import FixedHost

ID = f"sha256:{'a' * 64}"
CHECK = {"Test": ["CMD", "true"]}
TAGGED = "/images/{}/tag?repo={}&tag=16"
LISTED = {"site.json": {"registries": ["registry.example.com"]}}


def image(**config: Any) -> dict[str, Any]:
    return {"Id": ID, "RepoTags": [], "Config": config}


IMAGES = {
    "root": image(User=""),
    "numeric": image(User="10001", Healthcheck=CHECK),
    "both": image(User="10001:10001"),
    "group": image(User="10001:0"),
    "named": image(User="app"),
    "zero": image(User="0"),
    "many": image(Volumes={f"/v/{n}/": {} for n in range(129)}),
    "long": image(Volumes={f"/{n:0200}": {} for n in range(82)}),
    "fits": image(Volumes={f"/v/{n}": {} for n in range(128)}),
    "ports": image(ExposedPorts={f"{port}/tcp": {} for port in range(8000, 8300)}),
    ID: {**image(), "RepoTags": ["app:1", "registry.example.com/app:1"]},
    "abcd": {**image(), "RepoTags": ["registry.example.com/app:1"]},
    "cafe": {**image(), "RepoTags": ["cafe:latest"]},
    "app": {**image(), "RepoTags": ["app:latest", "registry.example.com/app:1"]},
}


def judge(tmp_path: Path, profile: str, files: Mapping[str, Any] | None = None) -> Judge:
    loaded = judge_with(tmp_path, files or {"site.json": {}})
    return replace(loaded, host=CountingHost({"image": IMAGES}), enforcement=Enforcement(profile, "enforce"))


def create(judge: Judge, reference: str, query: str = "", **body: Any) -> Decision:
    return decide(judge, "POST", f"/containers/create{query}", {"Image": reference, **body})


@pytest.mark.parametrize(
    ("reference", "user", "at"),
    [
        *((reference, "", []) for reference in ("numeric", "both", "missing")),
        ("root", "10001", []),
        *((reference, "", ["Image"]) for reference in ("root", "group", "named", "zero")),
        *(("numeric", user, ["User"]) for user in ("0", "app")),
    ],
)
def test_the_user_of_the_image_counts_where_the_request_names_none(
    tmp_path: Path, reference: str, user: str, at: list[str]
) -> None:
    decision = create(judge(tmp_path, "restricted"), reference, User=user)

    assert [v.at for v in decision.violations if v.rule == "non-root-user"] == at


@pytest.mark.parametrize("blind", [FixedHost(), FixedHost({"objects": {"image": IMAGES}})], ids=["off", "platform"])
def test_where_the_image_is_not_known_only_the_request_counts(tmp_path: Path, blind: FixedHost) -> None:
    found = create(replace(judge(tmp_path, "restricted"), host=blind), "numeric", "?platform=linux%2Farm64")

    assert "non-root-user" in list_refusing(found)


@pytest.mark.parametrize(
    ("reference", "refused"),
    [
        *((reference, False) for reference in (ID, "abcd", "registry.example.com/app:1")),
        *((reference, True) for reference in ("cafe", "beef", f"sha256:{'f' * 64}", "app")),
    ],
)
def test_an_id_counts_as_the_names_of_its_image(tmp_path: Path, reference: str, refused: bool) -> None:
    assert ("image-registries" in list_refusing(create(judge(tmp_path, "restricted", LISTED), reference))) is refused


@pytest.mark.parametrize(
    ("source", "name", "refused"),
    [
        *(
            (source, "registry.example.com/postgres", True)
            for source in ("evil", f"sha256:{'e' * 64}", "cafe", "missing")
        ),
        *((source, "registry.example.com/postgres", False) for source in (ID, "abcd", "registry.example.com/app:1")),
        ("evil", "mine", False),
    ],
)
def test_only_an_image_from_a_listed_registry_gets_another_name_there(
    tmp_path: Path, source: str, name: str, refused: bool
) -> None:
    decision = decide(judge(tmp_path, "restricted", LISTED), "POST", TAGGED.format(source, name))

    assert [(v.rule, v.at) for v in decision.denials] == ([("image-registries", "?repo")] if refused else [])


@pytest.mark.parametrize("blind", [FixedHost(), SilentHost()], ids=["off", "unanswered"])
def test_without_lookups_only_the_name_of_a_source_counts(tmp_path: Path, blind: FixedHost) -> None:
    listed = judge(tmp_path, "restricted", LISTED)
    blinded = replace(listed, host=blind)

    assert list_refusing(decide(blinded, "POST", TAGGED.format(ID, "registry.example.com/postgres")))
    target = TAGGED.format("registry.example.com/app:1", "registry.example.com/b")
    named = list_refusing(decide(blinded, "POST", target))
    assert named == (["lookup-failed"] if isinstance(blind, SilentHost) else [])


@pytest.mark.parametrize(
    ("target", "refused"),
    [
        ("/commit?container=web&repo=registry.example.com/postgres&tag=16", True),
        ("/commit?container=web&repo=mine&tag=16", False),
        ("/commit?container=web", False),
        ("/images/create?fromSrc=-&repo=registry.example.com/postgres:16", True),
        ("/images/create?fromSrc=-&repo=mine:16", False),
        ("/images/busybox/push?tag=1", True),
        ("/images/registry.example.com/app/push", False),
    ],
)
def test_what_gives_or_sends_an_image_is_judged_by_its_name(tmp_path: Path, target: str, refused: bool) -> None:
    site = {"registries": ["registry.example.com"], "actions": {"image-registries": "deny"}}
    listed = judge(tmp_path, "hardened", {"site.json": site})
    assert ("image-registries" in list_refusing(decide(listed, "POST", target))) is refused

    anything = judge(tmp_path, "restricted", {"site.json": {}})
    assert "image-registries" not in list_refusing(decide(anything, "POST", target))


@pytest.mark.parametrize(("mounted", "refused"), [("evil:1", True), (ID, True), ("registry.example.com/data:1", False)])
def test_a_mounted_image_comes_from_a_listed_registry_by_name(tmp_path: Path, mounted: str, refused: bool) -> None:
    listed = judge(tmp_path, "restricted", LISTED)
    mounts = [{"Type": "image", "Source": mounted, "Target": "/m"}]

    decision = create(listed, "registry.example.com/app:1", HostConfig={"Mounts": mounts})
    found = [v.at for v in decision.violations if v.rule == "image-registries"]
    assert found == (["HostConfig.Mounts[0]"] if refused else [])


@pytest.mark.parametrize(
    ("profile", "site", "asked"),
    [
        ("baseline", {}, False),
        ("hardened", {}, False),
        ("hardened", {"actions": {"image-registries": "deny"}}, False),
        ("hardened", {"actions": {"image-registries": "deny"}, "registries": ["registry.example.com"]}, True),
        ("restricted", {}, True),
        ("restricted", {"actions": {"non-root-user": "audit"}}, False),
        ("baseline", {"actions": {"non-root-user": "deny"}}, True),
    ],
    ids=str,
)
def test_the_image_is_asked_for_only_where_a_rule_in_force_reads_it(
    tmp_path: Path, profile: str, site: Any, asked: bool
) -> None:
    judging = judge(tmp_path, profile, {"site.json": site})
    create(judging, "numeric")

    # What a suggestion names is asked for too.
    assert ("image numeric" in judging.host.asked) is asked  # type: ignore[attr-defined]


def test_an_exception_by_the_image_makes_it_asked_for(tmp_path: Path) -> None:
    image = {"properties": {"user": {"const": "app"}}}
    waiver = make_exception(["no-privileged"], objects={"properties": {"image": image}})
    judging = judge(tmp_path, "baseline", {"exceptions/a.json": waiver})

    assert "no-privileged" not in list_refusing(create(judging, "named", HostConfig={"Privileged": True}))
    assert "no-privileged" in list_refusing(create(judging, "root", HostConfig={"Privileged": True}))


@pytest.mark.parametrize(
    ("reference", "publish", "refused"),
    [("ports", True, True), ("ports", False, False), ("numeric", True, False), ("missing", True, False)],
)
def test_the_ports_of_the_image_count_with_publish_all(
    tmp_path: Path, reference: str, publish: bool, refused: bool
) -> None:
    judging = judge(tmp_path, "baseline")

    found = list_refusing(create(judging, reference, HostConfig={"PublishAllPorts": publish}))
    assert ("published-ports-limited" in found) is refused
    assert bool(judging.host.asked) is publish  # type: ignore[attr-defined]


def test_without_an_answer_the_create_is_refused_where_the_image_is_read(tmp_path: Path) -> None:
    silent = replace(judge(tmp_path, "restricted"), host=SilentHost())

    decision = create(silent, "numeric")
    (violation,) = decision.violations
    assert (violation.rule, violation.at) == ("lookup-failed", "Image")
    assert decision.subject.image == "numeric"
    assert list_refusing(create(replace(silent, enforcement=Enforcement("baseline", "enforce")), "numeric")) == []


def test_a_create_without_an_image_asks_for_none(tmp_path: Path) -> None:
    judging = judge(tmp_path, "restricted")
    create(judging, "")

    assert not [asked for asked in judging.host.asked if asked.startswith("image")]  # type: ignore[attr-defined]


@pytest.mark.parametrize("query", ["", "?platform=linux%2Famd64"])
@pytest.mark.parametrize(
    ("reference", "config", "refused"),
    [
        ("many", {}, True),
        ("long", {}, True),
        ("fits", {}, False),
        ("fits", {"Tmpfs": {"/one-more": ""}}, True),
        # What is mounted there takes the place of the image's volume.
        ("many", {"Tmpfs": {"/v/1": ""}, "Binds": ["data:/v/2"]}, True),
        ("fits", {"Tmpfs": {"/v/1": ""}, "Binds": ["data:/v/2"]}, False),
    ],
)
def test_the_volumes_that_an_image_declares_are_counted(
    tmp_path: Path, query: str, reference: str, config: dict[str, Any], refused: bool
) -> None:
    decision = create(judge(tmp_path, "restricted"), reference, query, HostConfig=config)

    assert [v.at for v in decision.violations if v.rule == "mounts-limited"] == ["Image"] * refused
