"""Existing things judged as if they were asked for now."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from portero.decide.facts.inspected import Inspected
from portero.decide.images.trust import DigestList, ImageTrust, TrustEntry
from portero.decide.values.json_fields import JSON
from portero.observe.stores.image_store import ImageStore
from portero.tools.scan.inventory import Inventory
from portero.tools.scan.judged_objects import JudgedObject, ObjectJudge, count_kinds
from tests.judges import make_judge
from tests.observe.host.fixed_objects import FixedHost
from tests.tools.scan.recorded_daemon import Daemon
from tests.tools.scan.scanning import found, refused, scan


def test_what_would_be_refused_now_is_found_and_the_rest_is_clean(daemon: Daemon) -> None:
    document = found(daemon)

    rules = refused(document)
    assert rules["priv"] == {"no-privileged"}
    assert rules["neth"] == {"no-host-network"}
    assert rules["caps"] == {"capabilities"}
    assert {"no-bind-volumes", "no-sensitive-paths"} <= rules["evil"]
    assert set(rules) == {"priv", "neth", "caps", "evil"}
    assert {thing["name"] for thing in document["objects"] if thing["allowed"]} == {
        "plain", "usesevil", "svc", "before", "tidy", "mynet",
    }  # fmt: skip


def test_an_answer_that_cannot_be_read_is_exit_status_2(daemon: Daemon) -> None:
    daemon.named("priv")["HostConfig"] = 7

    result = scan(daemon)

    assert (result.exit_code, result.stderr) == (2, "portero: cannot read what dockerd reports, at HostConfig\n")


@pytest.fixture
def bench() -> ObjectJudge:
    judge = make_judge(profile="baseline", mode="audit")
    info: dict[str, JSON] = {"CgroupVersion": "2", "LoggingDriver": "json-file", "DefaultRuntime": "runc"}
    return ObjectJudge(judge, Inventory(info, (), (), (), (), {}, {}))


def container(bench: ObjectJudge, label: str = "", **host_config: JSON) -> JudgedObject:
    found = Inspected("ContainerCreate", "web", {"Image": "busybox", "Labels": {"x": label}, "HostConfig": host_config})
    return bench.judge_object(found, {"Id": "ab", "State": {"Running": True}})


def test_a_thing_is_judged_in_mode_enforce_whatever_the_site_says(bench: ObjectJudge) -> None:
    judged = container(bench, Privileged=True)

    assert not judged.decision.allowed
    assert (judged.kind, judged.name, judged.id, judged.is_running) == ("container", "web", "ab", True)


def test_only_rules_that_keep_the_host_safe_are_escapes(bench: ObjectJudge) -> None:
    judged = container(bench, label="x" * 2_000_000, Privileged=True)

    assert {violation.rule for violation in judged.decision.denials} == {"no-privileged", "labels-size"}
    assert set(judged.list_escapes(bench.judge.policy)) == {"no-privileged"}
    assert container(bench).list_escapes(bench.judge.policy) == {}


def test_what_cannot_be_read_has_no_facts(bench: ObjectJudge) -> None:
    judged = container(bench, Privileged=7)

    assert judged.facts == {}
    assert not judged.decision.allowed


def test_things_are_counted_by_kind(bench: ObjectJudge) -> None:
    assert count_kinds([container(bench)] * 2) == {"container": 2, "service": 0, "volume": 0, "network": 0}


def test_a_container_is_judged_by_the_image_that_it_was_made_from(bench: ObjectJudge, tmp_path: Path) -> None:
    made, listed = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
    trust = ImageTrust([TrustEntry("*", ("team.pem",))], {}, [DigestList("ours.json", {listed: ""})])
    policy = replace(
        bench.judge.policy, images=trust, site={**bench.judge.policy.site, "actions": {"image-signed": "deny"}}
    )
    containers = {
        name: {"Id": name, "Image": id, "Config": {"Image": "web:1"}} for name, id in (("ab", made), ("cd", listed))
    }
    # The name means the listed image by now, for both.
    host = FixedHost({"objects": {"container": containers, "image": {"web:1": {"Id": listed}}}})
    judged = ObjectJudge(
        replace(bench.judge, policy=policy, images=partial(ImageStore, tmp_path), host=host), bench.inventory
    )
    request = Inspected("ContainerCreate", "web", {"Image": "web:1"})

    violated = {id: judged.judge_object(request, thing).decision.denials for id, thing in containers.items()}

    assert [one.rule for one in violated["ab"]] == ["image-signed"]
    assert violated["cd"] == []


def test_what_an_object_takes_over_is_judged_by_what_the_inventory_has(bench: ObjectJudge) -> None:
    shown: list[JSON] = [
        {"Id": "aa", "Name": "/nethost", "HostConfig": {"NetworkMode": "host"}},
        {"Id": "bb", "Name": "/plain", "HostConfig": {"NetworkMode": "bridge"}},
    ]
    seen = ObjectJudge(bench.judge, replace(bench.inventory, containers=shown))

    for name, rules in (("nethost", {"no-host-network"}), ("aa", {"no-host-network"}), ("plain", set()), ("bb", set())):
        judged = container(seen, NetworkMode=f"container:{name}")
        assert {violation.rule for violation in judged.decision.denials} == rules
