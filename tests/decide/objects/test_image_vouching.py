"""The image that would run is judged: of a create by its name, of a container by what it was made from."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from portero.decide.decision import Decision, Violation
from portero.decide.images import record
from portero.decide.images.record import Record, compute_digest
from portero.decide.images.trust import DigestList, ImageTrust, TrustEntry
from portero.decide.judging.enforcement import Enforcement
from portero.decide.judging.judge import Judge
from portero.observe.stores import image_store
from portero.observe.stores.image_store import ImageStore, locate_record
from tests.decide.images.signed import APP, Image, new_key, sign, simple_payload
from tests.decide.judging.requests import list_refusing
from tests.decide.objects.test_existing_objects import SilentHost, decide, judge_with
from tests.observe.host.fixed_objects import FixedHost

TEAM = new_key()
GOOD, BAD = Image.make("good"), Image.make("bad")
INDEX, MANIFEST, OTHER = map(compute_digest, GOOD.documents)
CONFIG, BUILT = compute_digest(GOOD.config), compute_digest(BAD.config)
ENTRY = TrustEntry("registry.example.com/*", ("team.pem",))
HEX = BUILT.removeprefix("sha256:")


def container(image: str, name: str = f"{APP}:1", **more: Any) -> dict[str, Any]:
    return {"Id": "c" * 64, "Name": "/web", "Image": image, "Config": {"Image": name}, "HostConfig": {}, **more}


def mount(source: str) -> dict[str, Any]:
    return {"Type": "image", "Source": source, "Target": "/x"}


def service(reference: str, *sources: str, id: str = "a" * 25) -> dict[str, Any]:
    previous = {"Image": reference, "Mounts": [mount(source) for source in sources]}
    return {"ID": id, "Spec": {}, "PreviousSpec": {"TaskTemplate": {"ContainerSpec": previous}}}


MOUNTED = {"digest": f"{APP}@{INDEX}", "tag": f"{APP}:1", "bad": BUILT}


def descriptor(digest: str) -> dict[str, Any]:
    return {"ImageManifestDescriptor": {"digest": digest}}


OBJECTS: Mapping[str, Any] = {
    "image": {
        f"{APP}:1": {"Id": CONFIG, "RepoDigests": [f"{APP}@{INDEX}"]},
        f"{APP}:index": {"Id": INDEX},
        f"{APP}:bad": {"Id": BUILT},
        f"{APP}:old": {"Id": BUILT, "RepoDigests": [f"{APP}@{compute_digest(BAD.index)}", f"evil.io/x@{INDEX}"]},
        f"{APP}x:1": {"Id": CONFIG},
        CONFIG: {"Id": CONFIG},
        BUILT: {"Id": BUILT},
        CONFIG[7:19]: {"Id": CONFIG},
        CONFIG[:19]: {"Id": CONFIG},
        HEX[:12]: {"Id": BUILT},
    },
    "container": {
        "good": container(CONFIG),
        "bad": container(BUILT),
        "moved": container(BUILT, f"{APP}:1"),
        "index": container(INDEX),
        "platform": container(compute_digest(BAD.index), **descriptor(MANIFEST)),
        "other": container(compute_digest(BAD.index), **descriptor(OTHER)),
        "id": container(CONFIG, CONFIG[7:19]),
        "bad-id": container(BUILT, BUILT),
        **{
            f"mounts-{name}": container(CONFIG, HostConfig={"Mounts": [mount(source)]})
            for name, source in MOUNTED.items()
        },
    },
    "exec": {"1": {"ContainerID": "good"}, "2": {"ContainerID": "bad"}},
    "service": {
        "web": service(f"{APP}:1"),
        "pinned": service(f"{APP}@{INDEX}"),
        **{f"mounts-{name}": service(f"{APP}@{INDEX}", source) for name, source in MOUNTED.items()},
        "bb": service(f"{APP}@{INDEX}"),
        "b" * 25: service(f"{APP}:1", id="b" * 25),
    },
}
ACTIONS = {"image-signed": "deny", "image-not-denied": "deny", "image-registries": "off"}


def judge(tmp_path: Path, host: Any = None, *, actions: Mapping[str, str] = ACTIONS, trust: Any = None) -> Judge:
    state = tmp_path / "state"
    state.mkdir(exist_ok=True)
    signed = Record((sign(TEAM, simple_payload(INDEX)), sign(TEAM, simple_payload(MANIFEST))), GOOD.documents)
    for digest in (INDEX, MANIFEST, CONFIG):
        locate_record(state, digest).write_bytes(record.spell_record(signed))
    images = trust or ImageTrust([ENTRY], {"team.pem": [TEAM.public_key()]})
    made = judge_with(tmp_path, {"site.json": {"actions": actions}})
    policy = replace(made.policy, images=images)
    return replace(
        made,
        policy=policy,
        host=host or FixedHost({"objects": OBJECTS}),
        images=partial(ImageStore, state),
        enforcement=Enforcement("baseline", "enforce"),
    )


def find(decision: Decision, rule: str) -> Violation:
    (violation,) = [one for one in decision.violations if one.rule == rule]
    return violation


def create(judged: Judge, name: str, query: str = "") -> Decision:
    return decide(judged, "POST", f"/containers/create{query}", {"Image": name})


def refuses(decision: Decision) -> bool:
    refusing = list_refusing(decision)
    assert set(refusing) <= {"image-signed"}
    return bool(refusing)


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        *((name, False) for name in (f"{APP}:1", f"{APP}:index", CONFIG, CONFIG[7:19], CONFIG[:19])),
        *((name, True) for name in (f"{APP}:bad", f"{APP}:old", BUILT, HEX[:12])),
        # Signed, as another repository.
        (f"{APP}x:1", True),
        # The daemon answers 404; docker run pulls it, and asks again.
        (f"{APP}:missing", False),
    ],
)
@pytest.mark.parametrize("query", ["", "?platform=linux/amd64"])
def test_a_create_is_judged_by_what_the_daemon_has_under_the_name(
    tmp_path: Path, name: str, refused: bool, query: str
) -> None:
    assert refuses(create(judge(tmp_path), name, query)) is refused


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        *((name, False) for name in ("good", "index", "id", "platform", "mounts-digest")),
        *((name, True) for name in ("bad", "moved", "other", "bad-id", "mounts-tag", "mounts-bad")),
    ],
)
def test_a_container_is_judged_by_the_image_that_it_was_made_from(tmp_path: Path, name: str, refused: bool) -> None:
    judged = judge(tmp_path)
    for way in ("start", "restart", "unpause", "rename?name=x"):
        assert refuses(decide(judged, "POST", f"/v1.24/containers/{name}/{way}", None)) is refused, way
    assert refuses(decide(judged, "POST", f"/containers/{name}/exec", {"Cmd": ["id"]})) is refused
    for restart, is_use in (("always", True), ("no", False)):
        updated = decide(judged, "POST", f"/containers/{name}/update", {"RestartPolicy": {"Name": restart}})
        assert refuses(updated) is (refused and is_use)
    # What ends it is never refused.
    assert not refuses(decide(judged, "POST", f"/containers/{name}/stop", None))
    assert not refuses(decide(judged, "DELETE", f"/containers/{name}", None))


def test_a_name_that_is_not_there_yet_is_not_started(tmp_path: Path) -> None:
    judged = judge(tmp_path)
    for way in ("start", "restart"):
        decision = decide(judged, "POST", f"/containers/missing/{way}", None)
        assert list_refusing(decision) == ["image-signed"], way
        assert say(decision) == (
            "missing: there is no such container; team.pem must have signed it: make it before you start missing"
        )
        unenforced = judge(tmp_path, actions={**ACTIONS, "image-signed": "audit"})
        assert list_refusing(decide(unenforced, "POST", f"/containers/missing/{way}", None)) == []
    # These act on one that runs, and was started.
    for way in ("unpause", "rename?name=x", "stop"):
        assert not refuses(decide(judged, "POST", f"/containers/missing/{way}", None)), way
    assert not refuses(decide(judged, "POST", "/containers/missing/exec", {"Cmd": ["id"]}))


def test_an_exec_that_was_made_before_is_judged_at_its_start(tmp_path: Path) -> None:
    judged = judge(tmp_path)
    assert not refuses(decide(judged, "POST", "/exec/1/start", {}))
    assert refuses(decide(judged, "POST", "/exec/2/start", {}))


@pytest.mark.parametrize(
    ("reference", "refused"),
    [(f"{APP}:1@{INDEX}", False), (f"{APP}@{BUILT}", True), (f"{APP}:1", True), (APP, True)],
)
def test_a_service_is_judged_by_the_digest_in_the_request(tmp_path: Path, reference: str, refused: bool) -> None:
    body = {"Name": "web2", "TaskTemplate": {"ContainerSpec": {"Image": reference}}}
    judged = judge(tmp_path)
    assert refuses(decide(judged, "POST", "/services/create", body)) is refused
    assert refuses(decide(judged, "POST", "/services/web/update?version=1", body)) is refused


@pytest.mark.parametrize(
    ("service", "refused"),
    [
        *((name, False) for name in ("pinned", "mounts-digest")),
        *((name, True) for name in ("web", "missing", "mounts-tag", "mounts-bad")),
        # The beginning of the ID of another one.
        ("bb", True),
    ],
)
def test_a_rollback_is_judged_by_what_comes_back(tmp_path: Path, service: str, refused: bool) -> None:
    body = {"Name": service, "TaskTemplate": {"ContainerSpec": {"Image": f"{APP}@{INDEX}"}}}
    decision = decide(judge(tmp_path), "POST", f"/services/{service}/update?version=1&rollback=previous", body)
    assert ("image-signed" in list_refusing(decision)) is refused


@pytest.mark.parametrize(("action", "refused"), [("rollback", True), ("pause", False)])
def test_an_update_that_goes_back_when_it_fails_is_judged_by_what_is_there(
    tmp_path: Path, action: str, *, refused: bool
) -> None:
    body = {"Name": "pinned", "TaskTemplate": {"ContainerSpec": {"Image": f"{APP}@{INDEX}"}}}
    body |= {"UpdateConfig": {"FailureAction": action}}
    decision = decide(judge(tmp_path), "POST", "/services/missing/update?version=1", body)
    assert ("image-signed" in list_refusing(decision)) is refused


NEEDS_DIGEST = "a mounted image needs a digest here: nothing looks at it again"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (f"{APP}@{INDEX}", ""),
        (CONFIG, ""),
        # dockerd takes them by a name that may have moved by then.
        (f"{APP}:1", NEEDS_DIGEST),
        (f"{APP}:missing", NEEDS_DIGEST),
        (f"{APP}@{BUILT}", "no signature of it was fetched"),
        ("nginx", ""),
    ],
)
def test_an_image_that_is_mounted_counts_too_and_by_its_digest(tmp_path: Path, source: str, found: str) -> None:
    body = {"Image": f"{APP}:1", "HostConfig": {"Mounts": [mount(source)]}}
    trust = ImageTrust([ENTRY, TrustEntry("docker.io/library/nginx", ())], {"team.pem": [TEAM.public_key()]})
    decision = decide(judge(tmp_path, trust=trust), "POST", "/containers/create", body)
    assert [one.at for one in decision.violations if one.rule == "image-signed"] == ["HostConfig.Mounts[0]"] * bool(
        found
    )
    assert not found or found in say(decision)
    if source == f"{APP}:1":
        assert say(decision).endswith(f"team.pem must have signed it: name it by digest: {APP}@{INDEX}")


def test_a_mounted_image_that_is_named_by_its_tag_is_denied_by_what_is_there(tmp_path: Path) -> None:
    denied = ImageTrust((), {}, (), [DigestList("scan.json", {BUILT: "CVE-2026-1"})])
    for source, refusing in ((f"{APP}:bad", ["image-not-denied"]), (f"{APP}:1", [])):
        body = {"Image": f"{APP}:1", "HostConfig": {"Mounts": [mount(source)]}}
        assert list_refusing(decide(judge(tmp_path, trust=denied), "POST", "/containers/create", body)) == refusing


@pytest.mark.parametrize(
    ("host", "actions", "refusing"),
    [
        (SilentHost({}), ACTIONS, ["lookup-failed"]),
        (SilentHost({}), {**ACTIONS, "image-signed": "audit", "image-not-denied": "audit"}, []),
        (FixedHost({}), ACTIONS, ["image-signed"]),
        (FixedHost({}), {**ACTIONS, "image-signed": "audit"}, []),
    ],
)
def test_where_the_daemon_cannot_be_asked_it_is_refused_if_that_is_enforced(
    tmp_path: Path, host: Any, actions: Mapping[str, str], refusing: list[str]
) -> None:
    judged = judge(tmp_path, host, actions=actions)
    assert list_refusing(create(judged, f"{APP}:1")) == refusing


@pytest.mark.parametrize(
    ("name", "denied", "asks"),
    [
        (f"{APP}:1@{INDEX}", (), False),
        (CONFIG, (), False),
        (f"{APP}:1", (), True),
        (f"{APP}@{BUILT}", (), True),
        (BUILT, (), True),
        # By what its registry calls it.
        (f"{APP}@{INDEX}", (DigestList("scan.json", {BUILT: "CVE"}),), True),
    ],
)
def test_a_create_that_names_a_signed_digest_asks_the_daemon_nothing(
    tmp_path: Path, name: str, denied: Any, asks: bool
) -> None:
    trust = ImageTrust([ENTRY], {"team.pem": [TEAM.public_key()]}, (), denied)
    judged = judge(tmp_path, SilentHost({}), trust=trust)
    assert list_refusing(create(judged, name)) == ["lookup-failed"] * asks


@pytest.mark.parametrize(
    "name", ["busybox", "docker.io/busybox:latest", "index.docker.io/library/busybox", f"library/busybox:1@{INDEX}"]
)
@pytest.mark.parametrize("repository", ["docker.io/library/busybox", "registry.example.com:5000/library/busybox"])
def test_all_spellings_of_a_name_are_one(tmp_path: Path, name: str, repository: str) -> None:
    trust = ImageTrust([TrustEntry("docker.io/*", ("team.pem",))], {"team.pem": [TEAM.public_key()]})
    # Another port, another case: another registry.
    others = ("registry.example.com:5001/library/busybox", "Docker.io/library/busybox")
    there = {each: {"Id": INDEX} for each in (name, *others)}
    judged = judge(tmp_path, FixedHost({"objects": {"image": there}}), trust=trust)
    text = record.spell_record(Record((sign(TEAM, simple_payload(INDEX, repository)),)))
    locate_record(tmp_path / "state", INDEX).write_bytes(text)
    assert refuses(create(judged, name)) is (repository != "docker.io/library/busybox")
    assert all(refuses(create(judged, other)) for other in others)


def test_a_container_that_cannot_be_looked_up_may_have_a_name_that_needs_a_signature(tmp_path: Path) -> None:
    open_to_all = ImageTrust([ENTRY, TrustEntry("*", ())], {"team.pem": [TEAM.public_key()]})
    judged = judge(tmp_path, FixedHost({}), trust=open_to_all)
    assert "image-signed" in list_refusing(decide(judged, "POST", "/containers/bad/start", None))
    # What a create is called is known.
    assert list_refusing(create(judged, "nginx")) == []


def test_what_one_request_has_verified_is_bounded_and_it_gets_further_when_it_comes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_store, "_ROOM", 1)
    judged = judge(tmp_path)
    body = {"Image": f"{APP}:1", "HostConfig": {"Mounts": [mount(f"{APP}@{INDEX}"), mount(f"{APP}@{MANIFEST}")]}}
    asked = "one request names too many images that were not used before; team.pem must have signed it"
    for refused in ([INDEX, MANIFEST], [MANIFEST], []):
        decision = decide(judged, "POST", "/containers/create", body)
        said = [one.wording.text for one in decision.violations if one.rule == "image-signed" and one.wording]
        wanted = [f"{APP}@{each}: {asked}: repeat the command, or leave out {APP}@{each}" for each in refused]
        assert said == wanted
        assert list_refusing(decision) == ["image-signed"] * len(refused)


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    judged = judge(tmp_path)
    locate_record(tmp_path / "state", CONFIG).write_text("{")
    violation = find(create(judged, f"{APP}:1"), "image-signed")
    assert violation.reason == f"No trusted key of the site has signed {APP}:1: what was fetched is damaged."
    denied = ImageTrust((), {}, (), [DigestList("scan.json", {BUILT: "CVE"})])
    judged = judge(tmp_path, trust=denied)
    locate_record(tmp_path / "state", CONFIG).write_text("{")
    assert list_refusing(create(judged, f"{APP}:1")) == ["host-unreadable"]


def say(decision: Decision) -> str:
    violation = find(decision, "image-signed")
    assert violation.wording is not None
    return violation.wording.text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            f"{APP}:old",
            f"{APP}@{compute_digest(BAD.index)}: no signature of it was fetched; team.pem must have signed it:"
            f" sudo portero images fetch {APP}@{compute_digest(BAD.index)}",
        ),
        (
            f"{APP}:bad",
            f"{APP} {BUILT}: it was built or loaded here, and is not signed; team.pem must have signed it:"
            f" sign it where it is pushed, or list {APP} {BUILT}",
        ),
        (
            f"{APP}x:1",
            f"{APP}x {CONFIG}: it is signed for {APP}; team.pem must have signed it:"
            f" if you built it, cosign sign --key KEY {APP}x {CONFIG}",
        ),
    ],
)
def test_the_denial_names_repository_digest_key_and_what_helps(tmp_path: Path, name: str, words: str) -> None:
    assert say(create(judge(tmp_path), name)) == words


def test_a_denied_digest_is_refused_by_its_own_rule_and_by_what_its_registry_calls_it(tmp_path: Path) -> None:
    denied = ImageTrust((), {}, (), [DigestList("scan.json", {compute_digest(BAD.index): "CVE-2026-1"})])
    judged = judge(tmp_path, trust=denied)
    violation = find(create(judged, f"{APP}:old"), "image-not-denied")
    assert violation.at == "Image"
    assert violation.reason == f"{APP}:old is on the list scan.json: CVE-2026-1."
    assert list_refusing(create(judged, f"{APP}:1")) == []


def test_a_site_that_asks_nothing_costs_no_lookup(tmp_path: Path) -> None:
    judged = judge(tmp_path, SilentHost({}), trust=ImageTrust())
    assert list_refusing(create(judged, f"{APP}:1")) == []


def test_another_policy_brings_its_own_trust(tmp_path: Path) -> None:
    judged = judge(tmp_path)
    assert list_refusing(create(judged, f"{APP}:1")) == []
    other = replace(judged.policy.images, keys={"team.pem": [new_key().public_key()]})
    changed = replace(judged, policy=replace(judged.policy, images=other))
    assert list_refusing(create(changed, f"{APP}:1")) == ["image-signed"]
