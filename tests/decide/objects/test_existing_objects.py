"""Existing objects are judged when a request uses them: bad ones refuse it, their harmless twins do not."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from portero.decide.decision import Decision
from portero.decide.interfaces.daemon import ObjectKind
from portero.decide.interfaces.host import HostRoutes
from portero.decide.judging.enforcement import Enforcement
from portero.decide.judging.judge import Judge
from portero.decide.objects.existing_objects import Existing
from portero.decide.objects.object_use import ObjectFindings
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused
from tests.decide.judging.requests import envelope, list_refusing, make_exception, write_files
from tests.judges import make_judge
from tests.observe.host.fixed_objects import FixedHost, FixedObjects

NOON = 1_800_000_000.0


def container(name: str, *, mounts: tuple[Any, ...] = (), **host_config: Any) -> dict[str, Any]:
    """What docker inspect shows of a plain container, with this HostConfig."""
    filled = {"NetworkMode": "bridge", "Runtime": "runc", "ShmSize": 64 << 20, "CgroupnsMode": "private"}
    return {
        "Id": name.encode().hex().ljust(64, "0"),
        "Name": f"/{name}",
        "Config": {"Image": "busybox", "User": "", "Cmd": ["true"]},
        "HostConfig": {**filled, "LogConfig": {"Type": "json-file", "Config": {}}, **host_config},
        "Mounts": [*mounts],
        "NetworkSettings": {"Networks": {"bridge": {"IPAMConfig": None}}},
    }


def volume(name: str, driver: str = "local", **options: str) -> dict[str, Any]:
    return {"Name": name, "Driver": driver, "Mountpoint": f"/x/{name}", "Options": options or None, "Scope": "local"}


def network(name: str, driver: str = "bridge", subnet: str = "172.20.0.0/16", **options: str) -> dict[str, Any]:
    ipam = {"Driver": "default", "Config": [{"Subnet": subnet}]}
    return {"Name": name, "Id": "d" * 64, "Driver": driver, "IPAM": ipam, "Scope": "local", "Options": options}


def service(former: Any) -> dict[str, Any]:
    return {"ID": "s" * 25, "Spec": {"Name": "web"}, "Endpoint": {}, "PreviousSpec": former}


def spec(*mounts: Any) -> dict[str, Any]:
    return {"Name": "web", "TaskTemplate": {"ContainerSpec": {"Image": "busybox", "Mounts": [*mounts]}}}


def kept(name: str, data: str = "", templating: Any = MappingProxyType({"Name": "golang"}), **more: Any) -> Any:
    """A secret or a config."""
    made = {"Name": name, "Labels": {}, **({"Templating": {**templating}} if templating else {}), **more}
    return {"ID": "", "Spec": {**made, **({"Data": b64encode(data.encode()).decode()} if data else {})}}


def given(**fields: str) -> dict[str, Any]:
    """A service with Configs or Secrets of these IDs."""
    made = spec()
    for field, letters in fields.items():
        made["TaskTemplate"]["ContainerSpec"][field] = [{f"{field[:-1]}ID": letter * 25} for letter in letters]
    return made


def log(driver: str, option: str, value: str) -> dict[str, Any]:
    return {"LogConfig": {"Type": driver, "Config": {option: value}}}


INHERITED = {"Type": "bind", "Source": "/etc", "Destination": "/x", "RW": True, "Propagation": "rprivate"}
HARMLESS = {"Type": "bind", "Source": "/srv/data", "Destination": "/x", "RW": True, "Propagation": "rprivate"}
WRITES = {"Type": "bind", "Source": "/srv/media", "Destination": "/data", "RW": True}
READS = {"Type": "bind", "Source": "/srv/media/movies", "Destination": "/m", "RW": False}
NEW, LONG_AGO = "2026-11-01T00:00:00.5Z", "2025-01-01T00:00:00Z"
OLD = {
    "container": {
        "plain": container("plain"),
        "priv": container("priv", Privileged=True, PidMode="host"),
        "binds": container("binds", Binds=["/etc:/x"]),
        "linked": container("linked", Binds=["/srv/link:/x"]),
        "swappable": container("swappable", Binds=["/home/alicia/data:/x:ro"]),
        "heir": container("heir", mounts=(INHERITED,), VolumesFrom=["binds"]),
        "child": container("child", mounts=(HARMLESS,), VolumesFrom=["plain"]),
        "user": container("user", mounts=({"Type": "volume", "Name": "evil", "Driver": "local"},)),
        "reader": container("reader", mounts=({"Type": "volume", "Name": "data", "Driver": "local"},)),
        "tender": container("tender", mounts=({"Type": "volume", "Name": "opened", "Driver": "local"},)),
        "unlimited": container("unlimited", Memory=0),
        "writer": {**container("writer", Binds=["/srv/media:/data"], mounts=(WRITES,)), "Created": LONG_AGO},
        "reader2": {**container("reader2", Binds=["/srv/media/movies:/m:ro"], mounts=(READS,)), "Created": LONG_AGO},
    },
    "volume": {
        "data": volume("data"),
        "scratch": volume("scratch", type="tmpfs", device="tmpfs", o="size=16m"),
        "opened": volume("opened", type="none", o="bind", device="/srv/opened"),
        "evil": volume("evil", type="none", o="bind", device="/"),
    },
    "network": {
        "app": network("app"),
        "named": network("named", **{"com.docker.network.bridge.name": "br-app"}),
        "foreign": network("foreign", "acme/bridge"),
        "public": network("public", subnet="10.9.0.0/16"),
    },
    "exec": {
        "ready": {"ContainerID": "plain", "ProcessConfig": {"privileged": False, "user": "1000"}},
        "prepared": {"ContainerID": "plain", "ProcessConfig": {"privileged": True}},
        "inpriv": {"ContainerID": "priv", "ProcessConfig": {"privileged": False}},
        "lost": {"ContainerID": "gone", "ProcessConfig": {"privileged": False}},
    },
    "config": {
        "c" * 25: kept("grown", "{{range 9}}x{{end}}"),
        "d" * 25: kept("mild", "{{.Service.Name}}"),
        "e" * 25: kept("plain", "{{range 9}}x{{end}}", templating=None),
    },
    "secret": {
        "c" * 25: kept("shown to nobody"),
        "d" * 25: kept("foreign", Driver={"Name": "acme/secrets"}),
    },
    "service": {
        "mounted": service(spec({"Type": "volume", "Source": "evil", "Target": "/x"})),
        "joined": service({**spec(), "Networks": [{"Target": "foreign"}]}),
        "configured": service(given(Configs="c")),
        "web": service(spec({"Type": "bind", "Source": "/", "Target": "/x"})),
        "fine": service(spec({"Type": "volume", "Source": "data", "Target": "/x"})),
        "new": service(None),
    },
}
HOST = FixedHost(
    {
        "objects": OLD,
        "links": {"/srv/link": "/etc"},
        "owners": {"/home/alicia": "user alicia (1000)"},
        "routes": ["172.20.0.0/16", "10.0.0.0/8"],
        "interfaces": ["br-app"],
    }
)


def judge_with(tmp_path: Path, files: Mapping[str, Any]) -> Judge:
    """The judge at baseline, with these files in the site's folder."""
    folder = str(write_files(tmp_path, files))
    return make_judge(HOST, profile="baseline", schemas=folder)


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    return judge_with(tmp_path_factory.mktemp("site"), {"site.json": {}})


def decide(judge: Judge, method: str, target: str, body: Any = None) -> Decision:
    return judge.decide(envelope(method, target, body), "d-1", NOON)


def refuse(judge: Judge, method: str, target: str, body: Any = None) -> list[str]:
    """The rules that refuse the request."""
    return list_refusing(decide(judge, method, target, body))


def create(**host_config: Any) -> tuple[str, str, Any]:
    return "POST", "/containers/create", {"Image": "busybox", "HostConfig": host_config}


USES = [
    ("POST", "/v1.45/containers/{}/start", None),
    *(("POST", f"/containers/{{}}/{verb}", None) for verb in ("restart", "unpause", "attach", "rename?name=x")),
    *(("GET", f"/containers/{{}}/{what}", None) for what in ("attach/ws", "archive?path=/", "export")),
    ("PUT", "/containers/{}/archive?path=/", None),
    ("POST", "/containers/{}/exec", {"Cmd": ["id"]}),
    ("POST", "/containers/{}/update", {"RestartPolicy": {"Name": "always"}}),
    ("POST", "/containers/{}/update", {"Memory": 1 << 28, "RestartPolicy": {"Name": "no"}}),
    ("POST", "/containers/{}/checkpoints", {"CheckpointID": "c1"}),
    ("POST", "/commit?container={}", {}),
]
PASSES = [
    *(("POST", f"/containers/{{}}/{verb}", None) for verb in ("stop", "kill", "wait", "pause")),
    ("DELETE", "/containers/{}?force=1", None),
    ("GET", "/containers/{}/logs?stdout=1", None),
    ("GET", "/containers/{}/json", None),
    ("POST", "/containers/{}/update", {"CpuShares": 0, "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}}),
]


@pytest.mark.parametrize(("method", "target", "body"), USES, ids=[use[1] for use in USES])
def test_a_use_of_a_bad_container_is_refused_and_its_twin_is_not(
    judge: Judge, method: str, target: str, body: Any
) -> None:
    assert refuse(judge, method, target.format("priv"), body) == ["existing-container"]
    assert refuse(judge, method, target.format("plain"), body) == []
    assert refuse(judge, method, target.format("missing"), body) == []


@pytest.mark.parametrize(("method", "target", "body"), PASSES, ids=[use[1] for use in PASSES])
def test_ending_and_looking_at_a_bad_container_always_passes(judge: Judge, method: str, target: str, body: Any) -> None:
    assert refuse(judge, method, target.format("priv"), body) == []


def test_the_refusal_names_the_container_the_rules_and_their_places(judge: Judge) -> None:
    (violation,) = decide(judge, "POST", "/containers/priv/start").violations

    assert violation.at == "path.id"
    assert violation.reason == (
        "Container priv exists already, and could not be created now: "
        "no-host-pid (HostConfig.PidMode), no-privileged (HostConfig.Privileged)."
    )


@pytest.mark.parametrize("name", ["binds", "linked", "heir", "user"])
def test_what_a_container_opens_now_counts(judge: Judge, name: str) -> None:
    assert refuse(judge, "POST", f"/containers/{name}/start") == ["existing-container"]


@pytest.mark.parametrize("name", ["swappable", "child", "reader", "unlimited"])
def test_old_harmless_containers_go_on_starting(judge: Judge, name: str) -> None:
    for profile in ("baseline", "restricted"):
        strict = replace(judge, enforcement=Enforcement(profile, "enforce"))
        assert refuse(strict, "POST", f"/containers/{name}/start") == []


@pytest.mark.parametrize(("depth", "rules"), [(100, []), (5000, ["lookup-failed"])])
def test_an_object_that_is_nested_too_deep_could_not_be_read(judge: Judge, depth: int, rules: list[str]) -> None:
    value: Any = {}
    for _ in range(depth):
        value = {"a": value}
    deep = container("deep", New=value)

    asking = replace(judge, host=FixedHost({"objects": {"container": {"deep": deep, deep["Id"]: deep}}}))
    assert refuse(asking, "POST", "/containers/deep/start") == rules


@pytest.mark.parametrize(
    ("exec", "rules"), [("ready", []), ("prepared", ["existing-container"]), ("inpriv", ["existing-container"])]
)
def test_an_exec_is_judged_with_its_container(judge: Judge, exec: str, rules: list[str]) -> None:
    assert refuse(judge, "POST", f"/exec/{exec}/start", {"Detach": True}) == rules


@pytest.mark.parametrize(
    ("shown", "rules"),
    [("inpriv", ["existing-container"]), ("ready", []), ("none", []), (None, ["lookup-failed"])],
    ids=["of a privileged container", "of a harmless one", "that is gone", "of which dockerd does not answer"],
)
def test_an_exec_whose_container_is_gone_is_what_dockerd_shows_now(
    judge: Judge, monkeypatch: pytest.MonkeyPatch, shown: str | None, rules: list[str]
) -> None:
    def inspect_briefly(self: FixedObjects, kind: ObjectKind, name: str) -> Mapping[str, JSON] | None:
        if shown is None:
            raise Refused("lookup-failed")
        return self.inspect(kind, shown)

    monkeypatch.setattr(FixedObjects, "inspect_briefly", inspect_briefly)
    assert refuse(judge, "POST", "/exec/lost/start", {"Detach": True}) == rules


@pytest.mark.parametrize(
    ("host_config", "rules"),
    [
        ({"Binds": ["evil:/x"]}, ["existing-volume"]),
        *(({"Binds": [f"{name}:/x"]}, []) for name in ("data", "scratch", "missing")),
        ({"Mounts": [{"Type": "volume", "Source": "evil", "Target": "/x"}]}, ["existing-volume"]),
        ({"Mounts": [{"Type": "volume", "Source": "data", "Target": "/x"}]}, []),
        ({"NetworkMode": "foreign"}, ["existing-network"]),
        *(({"NetworkMode": name}, []) for name in ("app", "named", "public", "bridge")),
        ({"VolumesFrom": ["binds:ro"]}, ["existing-container"]),
        ({"VolumesFrom": ["plain"]}, []),
        ({"PidMode": "container:priv"}, ["existing-container", "no-host-pid"]),
        ({"IpcMode": "container:plain"}, []),
    ],
    ids=str,
)
def test_a_create_is_judged_with_what_it_names(judge: Judge, host_config: Any, rules: list[str]) -> None:
    assert sorted(refuse(judge, *create(**host_config))) == rules


def test_containers_that_name_each_other_are_judged_wherever_a_request_names_them(judge: Judge) -> None:
    bad, other = container("a", Privileged=True, NetworkMode="container:b"), container("b", PidMode="container:a")
    judge = replace(judge, host=FixedHost({"objects": {"container": {"a": bad, "b": other}}}))
    decision = decide(judge, *create(NetworkMode="container:a", PidMode="container:a"))

    assert {violation.at for violation in decision.violations if violation.rule == "existing-container"} == {
        "HostConfig.NetworkMode",
        "HostConfig.PidMode",
    }


def test_a_proposal_asks_anew_where_containers_name_each_other(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[ObjectFindings] = []
    describe = Existing.describe
    monkeypatch.setattr(Existing, "describe", lambda self: given.append(self.use.findings) or describe(self))
    for joined, documents in (("container:plain", 1), ("container:a", 2)):
        ids = {name: f"container:{container(name)['Id']}" for name in "ab"}
        a, b = container("a", NetworkMode=ids["b"]), container("b", PidMode=ids["a"])
        other = {"a": a, "b": b, a["Id"]: a, b["Id"]: b}
        host = FixedHost({"objects": {"container": {"plain": container("plain"), **other}}})
        given.clear()
        decide(replace(judge, host=host), *create(NetworkMode=joined, Privileged=True))

        assert (len(given), len({*map(id, given)})) == (2, documents)


@pytest.mark.parametrize(
    ("used", "rules"),
    [
        ({"Configs": "c"}, ["existing-config"]),
        ({"Configs": "dc"}, ["existing-config"]),
        ({"Secrets": "d"}, ["existing-config"]),
        *(({"Configs": letters}, []) for letters in ("", "d", "e", "z")),
        ({"Secrets": "c"}, []),
    ],
    ids=str,
)
def test_a_service_gets_no_config_that_could_not_be_created_now(judge: Judge, used: Any, rules: list[str]) -> None:
    for target in ("/services/create", "/services/web/update?version=7"):
        assert refuse(judge, "POST", target, given(**used)) == rules


class TooMany(FixedObjects):
    """So many secrets and configs that they cannot be looked up."""

    def gather(self, kind: str, ids: Any) -> None:
        raise Refused("too-many-objects")


def test_a_service_with_too_much_is_refused_for_that(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(HOST), "objects", lambda host: TooMany(OLD))

    decision = decide(judge, "POST", "/services/create", given(Secrets="dc", Configs="dd"))

    assert list_refusing(decision) == ["too-many-objects"]
    (violation,) = decision.violations
    assert violation.at == "TaskTemplate.ContainerSpec.Secrets[0]"
    assert refuse(judge, "POST", "/services/configured/update?version=7&rollback=previous", spec()) == [
        "existing-service"
    ]
    assert refuse(judge, "POST", "/services/create", given(Configs="d")) == []


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        *((name, ["existing-service"]) for name in ("web", "mounted", "joined", "configured")),
        *((name, list[str]()) for name in ("fine", "new", "missing")),
    ],
)
def test_a_rollback_is_judged_by_what_comes_back(judge: Judge, name: str, rules: list[str]) -> None:
    target = f"/services/{name}/update?version=7"

    assert refuse(judge, "POST", f"{target}&rollback=previous", spec()) == rules
    assert refuse(judge, "POST", target, spec()) == []


@pytest.mark.parametrize(("action", "is_refused"), [("rollback", True), ("pause", False), ("continue", False)])
def test_an_update_that_goes_back_when_it_fails_is_judged_by_what_is_there(
    judge: Judge, action: str, *, is_refused: bool
) -> None:
    bad, fine = spec({"Type": "bind", "Source": "/etc", "Target": "/x"}), spec()
    services = {"web": {"ID": "w" * 25, "Spec": bad, "PreviousSpec": fine, "Endpoint": {}}}
    services["fine"] = {"ID": "f" * 25, "Spec": fine, "PreviousSpec": bad, "Endpoint": {}}
    judge = replace(judge, host=FixedHost({"objects": {"service": services}}))
    body = {**spec(), "UpdateConfig": {"FailureAction": action}}

    refused = decide(judge, "POST", "/services/web/update?version=7", body)
    assert list_refusing(refused) == (["existing-service"] if is_refused else [])
    assert refuse(judge, "POST", "/services/fine/update?version=7", body) == []


def test_an_exception_that_admits_the_create_admits_the_use(tmp_path: Path) -> None:
    named = {"properties": {"name": {"contains": {"const": "priv"}}}}
    waiver = make_exception(["no-privileged", "no-host-pid"], query=named)
    judge = judge_with(tmp_path, {"exceptions/priv.json": waiver})

    started = decide(judge, "POST", "/containers/priv/start")
    assert [violation.entry() for violation in started.violations] == [
        {"rule": rule, "level": "baseline", "at": "path.id", "action": "waived", "exception": "priv"}
        for rule in ("no-host-pid", "no-privileged")
    ]
    assert refuse(judge, "POST", "/containers/binds/start") == ["existing-container"]


def test_an_exception_for_a_volume_is_named_when_its_container_is_used(tmp_path: Path) -> None:
    waiver = make_exception(["no-bind-volumes"], query={"properties": {"name": {"contains": {"const": "opened"}}}})
    judge = judge_with(tmp_path, {"exceptions/opened.json": waiver})

    started = decide(judge, "POST", "/containers/tender/start")
    assert [(v.rule, v.at, v.exception) for v in started.violations] == [("no-bind-volumes", "path.id", "opened")]
    created = decide(judge, *create(Binds=["opened:/x"]))
    assert ("no-bind-volumes", "HostConfig.Binds[0]", "opened") in [
        (v.rule, v.at, v.exception) for v in created.violations
    ]
    assert list_refusing(created) == []


@pytest.mark.parametrize(
    ("site", "rules"),
    [
        ({"rules/site/old-tag.json": {"atUse": True}}, ["existing-container"]),
        ({"rules/site/old-tag.json": {}}, []),
        ({"rules/site/old-tag.json": {"atUse": True}, "site.json": {"actions": {"old-tag": "audit"}}}, []),
    ],
    ids=["counts", "does not", "only reports"],
)
def test_a_rule_of_the_site_says_whether_it_counts_at_use(
    tmp_path: Path, written: dict[str, Any], site: Any, rules: list[str]
) -> None:
    of_site = written | {
        "threats": ["confidentiality"],
        "operations": ["ContainerCreate"],
        "properties": {"facts": {"properties": {"image": {"properties": {"repository": {"enum": ["app"]}}}}}},
        "allows": {"docker run example.com/app": {"body": {"Image": "example.com/app"}}},
        "denies": {"docker run busybox": {"body": {"Image": "busybox"}}},
    }
    judge = judge_with(tmp_path, {file: of_site | part if "rules" in file else part for file, part in site.items()})

    assert refuse(judge, "POST", "/containers/plain/start") == rules


@pytest.mark.parametrize(
    ("bad", "fine"),
    [
        (log("fluentd", "fluentd-buffer-limit", "100g"), log("fluentd", "fluentd-buffer-limit", "1m")),
        (log("local", "max-file", "2000000000"), log("local", "max-file", "9")),
        (log("syslog", "syslog-tls-ca-cert", "/root/x"), log("syslog", "syslog-facility", "daemon")),
        ({"PublishAllPorts": True}, {"PublishAllPorts": False}),
        ({"OomKillDisable": True}, {"OomKillDisable": False}),
        ({"OomScoreAdj": -500}, {"OomScoreAdj": 500}),
    ],
    ids=str,
)
def test_a_container_that_would_take_the_host_its_memory_is_not_started(judge: Judge, bad: Any, fine: Any) -> None:
    for config, rules in ((bad, ["existing-container"]), (fine, [])):
        old = container("old", **config)
        old["Config"]["ExposedPorts"] = {f"{port}/tcp": {} for port in range(1000, 1300)}
        host = FixedHost({"objects": {"container": {"old": old}}})

        assert refuse(replace(judge, host=host), "POST", "/containers/old/start") == rules


def test_no_service_goes_back_to_more_tasks_than_the_site_has(judge: Judge) -> None:
    for count, rules in ((2_000_000, ["existing-service"]), (3, [])):
        former = {**spec(), "Mode": {"Replicated": {"Replicas": count}}}
        host = FixedHost({"objects": {"service": {"web": service(former)}}})

        target = "/services/web/update?version=7&rollback=previous"
        assert refuse(replace(judge, host=host), "POST", target, spec()) == rules


def test_a_rule_that_the_site_switches_off_is_no_reason_at_use(tmp_path: Path) -> None:
    judge = judge_with(tmp_path, {"site.json": {"actions": {"no-privileged": "off", "no-host-pid": "audit"}}})

    assert refuse(judge, "POST", "/containers/priv/start") == []


@pytest.mark.parametrize(
    ("binds", "rules"),
    [
        (["/srv/media/movies:/m:ro"], ["no-sources-nested-with-containers"]),
        (["/srv/media/music:/m"], ["no-sources-nested-with-containers"]),
        (["/srv:/m"], ["no-sources-nested-with-containers"]),
        (["/srv:/m:ro"], []),
        (["/srv/media:/m"], ["no-sources-nested-with-containers"]),  # above the other one
        (["/srv/media:/m:ro"], []),
        (["/srv/mediathek:/m"], []),
        (["data:/m"], []),
    ],
    ids=str,
)
def test_a_create_is_judged_with_the_sources_of_other_containers(judge: Judge, binds: Any, rules: list[str]) -> None:
    assert refuse(judge, *create(Binds=binds)) == rules


def test_the_refusal_of_a_pair_names_both_folders_and_containers(judge: Judge) -> None:
    (violation,) = decide(judge, *create(Binds=["/srv/media/movies:/m:ro"])).denials

    assert violation.at == "HostConfig.Binds[0]"
    assert violation.reason == (
        "Through /srv/media, container writer can replace /srv/media/movies, which this container mounts, "
        "by a link to any file of this host, and the next start mounts what the link names."
    )


@pytest.mark.parametrize(
    ("binds", "line"),
    [
        (["/srv:/m"], "docker run -v /srv:/m:ro …  (instead of -v /srv:/m)"),
        (["/srv/media/movies:/m:ro", "data:/d"], "docker run …  (without -v /srv/media/movies:/m:ro)"),
    ],
)
def test_what_is_proposed_is_judged_with_its_own_pairs(judge: Judge, binds: Any, line: str) -> None:
    suggestion = decide(judge, *create(Binds=binds)).suggestion

    assert suggestion is not None
    assert suggestion.line == line


def pair(created: Any, other_created: Any) -> FixedHost:
    """A host with both containers of a pair."""
    writer = {**container("writer", Binds=["/srv/media:/data"], mounts=(WRITES,)), "Created": created}
    reader = {**container("reader", mounts=(READS,)), "Created": other_created}
    return FixedHost({"objects": {"container": {"writer": writer, "reader": {**reader, "Id": "e" * 64}}}})


@pytest.mark.parametrize("use", ["start", "restart"])
def test_of_two_containers_that_were_created_at_once_neither_starts(judge: Judge, use: str) -> None:
    judge = replace(judge, host=pair(NEW, NEW))
    for name in ("writer", "reader"):
        (violation,) = decide(judge, "POST", f"/containers/{name}/{use}").violations
        assert violation.rule == "existing-container"
        assert "no-sources-nested-with-containers (Mounts[0])" in violation.reason
        assert refuse(judge, "POST", f"/containers/{name}/exec", {"Cmd": ["id"]}) == []


@pytest.mark.parametrize("created", [(LONG_AGO, NEW), (NEW, LONG_AGO)])
def test_a_pair_with_a_container_from_before_portero_started_goes_on_starting(judge: Judge, created: Any) -> None:
    judge = replace(judge, host=pair(*created))
    for name in ("writer", "reader"):
        assert refuse(judge, "POST", f"/containers/{name}/start") == []


@pytest.mark.parametrize(
    ("upper", "rules"), [("/srv/media", []), ("/srv/other", ["no-sources-nested-with-containers"])]
)
def test_an_exception_waives_one_pair(tmp_path: Path, upper: str, rules: list[str]) -> None:
    folders = {"upper": {"const": upper}, "lower": {"const": "/srv/media/movies"}}
    listed = {"properties": {"nestedSources": {"contains": {"properties": folders}}}}
    waiver = make_exception(["no-sources-nested-with-containers"], objects=listed)
    judge = replace(judge_with(tmp_path, {"exceptions/pair.json": waiver}), host=pair(NEW, NEW))
    music = {"Binds": ["/srv/media/movies:/m:ro", "/srv/media/music:/n:ro"]}

    assert refuse(judge, *create(Binds=["/srv/media/movies:/m:ro"])) == rules
    assert refuse(judge, *create(**music)) == ["no-sources-nested-with-containers"] * (1 + len(rules))
    assert bool(refuse(judge, "POST", "/containers/writer/start")) is bool(rules)


@pytest.mark.parametrize(("driver", "rules"), [("acme", ["existing-container"]), ("local", [])])
def test_a_start_is_judged_with_the_drivers_of_its_volumes(judge: Judge, driver: str, rules: list[str]) -> None:
    mounted = {"Type": "volume", "Name": "data", "Driver": driver}
    old = {"web": container("web", Binds=["data:/d"], mounts=(mounted,))}
    # The plugin of the driver is dead: dockerd does not find the volume.
    judge = replace(judge, host=FixedHost({"objects": {"container": old}}))

    assert refuse(judge, "POST", "/containers/web/start") == rules


def on(mode: str, **networks: str) -> dict[str, Any]:
    """A container on these networks, each with its ID, which dockerd writes there once it was on it."""
    joined = {name: {"NetworkID": id} for name, id in networks.items()}
    return {**container("web", NetworkMode=mode), "NetworkSettings": {"Networks": joined}}


GONE = "a" * 64
NETWORKS = {
    "foreign": {**network("foreign", "acme/bridge"), "Id": "f" * 64},
    "app": {**network("app"), "Id": "b" * 64},
    "d" * 64: network("former", "acme/bridge"),
}


@pytest.mark.parametrize(
    ("made", "rules"),
    [
        (on("foreign", foreign=""), "existing-network (HostConfig.NetworkMode)"),
        (on("app", app="d" * 64), "existing-network (HostConfig.NetworkMode)"),  # it is looked up by its ID
        (on("app", app="", foreign=""), "existing-network (NetworkingConfig.EndpointsConfig[*])"),
        (on("foreign"), ""),  # it was disconnected: a start does not bring it back
        (on("foreign", foreign=GONE), ""),  # dockerd does not start it
        (on("bridge", bridge="d" * 64), ""),
        (on("app", app=""), ""),
        (on("missing", missing=""), ""),
        (on("none"), ""),
        (on("container:" + GONE), ""),
    ],
)
@pytest.mark.parametrize("use", ["start", "exec", "rename?name=x"])
def test_a_container_is_judged_with_its_networks(judge: Judge, made: Any, rules: str, use: str) -> None:
    judge = replace(judge, host=FixedHost({"objects": {"container": {"web": made}, "network": NETWORKS}}))

    decision = decide(judge, "POST", f"/containers/web/{use}", {"Cmd": ["id"]} if use == "exec" else None)

    assert list_refusing(decision) == (["existing-container"] if rules else [])
    assert all(one.reason.endswith(f": {rules}.") for one in decision.denials)


BRIDGE = {"com.docker.network.bridge.name": "br-app"}


@pytest.mark.parametrize(
    ("copied", "rules"),
    [
        ({**network("old", "null", **BRIDGE), "ConfigOnly": True}, ["existing-network"]),
        ({**network("old", "null"), "ConfigOnly": True}, []),
        (network("old", **BRIDGE), []),  # the bridge is its own
    ],
    ids=["takes over a bridge", "harmless", "own bridge"],
)
def test_a_network_that_takes_old_options_is_judged_with_them(judge: Judge, copied: Any, rules: list[str]) -> None:
    judge = replace(judge, host=FixedHost({"objects": {"network": {"old": copied}}, "interfaces": ["br-app"]}))
    body = {"Name": "new", "ConfigFrom": {"Network": "old"}}

    assert refuse(judge, "POST", "/networks/create", body) == rules


class WithoutRoutes(FixedHost):
    """The routes of this host cannot be read."""

    def routes(self) -> HostRoutes:
        raise Refused("host-unreadable")


def test_routes_of_the_host_are_read_for_options_of_a_new_network_and_not_for_one_that_exists(judge: Judge) -> None:
    old = {"shop": network("shop", **BRIDGE), "old": {**network("old", "null", **BRIDGE), "ConfigOnly": True}}
    judge = replace(judge, host=WithoutRoutes({"objects": {"network": old}}))
    body = {"Name": "new", "ConfigFrom": {"Network": "old"}}

    assert refuse(judge, *create(NetworkMode="shop")) == []
    assert refuse(judge, "POST", "/networks/shop/connect", {"Container": "web"}) == []
    assert refuse(judge, "POST", "/networks/create", body) == ["lookup-failed"]


class SilentObjects:
    """A daemon that does not answer."""

    members = pending = None

    def inspect(self, kind: str, name: str) -> Any:
        raise Refused("lookup-failed")

    def refresh(self) -> bool:
        return False

    def info(self) -> Any:
        raise Refused("lookup-failed")

    def list_all(self, kind: str) -> Any:
        raise Refused("lookup-failed")


class SilentHost(FixedHost):
    """A host with such a daemon."""

    def objects(self) -> Any:
        return SilentObjects()


def test_without_an_answer_the_use_is_refused_with_a_code_and_the_rest_is_not(judge: Judge) -> None:
    silent = replace(judge, host=SilentHost())

    (violation,) = decide(silent, "POST", "/containers/plain/start").violations
    assert (violation.rule, violation.at) == ("lookup-failed", "path.id")
    for bind in ("data:/x", "/srv/data:/x"):
        assert refuse(silent, *create(Binds=[bind])) == ["lookup-failed"]
    for harmless in (create(Tmpfs={"/x": ""}), create(), ("POST", "/containers/plain/stop", None)):
        assert refuse(silent, *harmless) == []


def test_without_lookups_names_are_taken_as_they_are(judge: Judge) -> None:
    blind = replace(judge, host=FixedHost())

    assert refuse(blind, "POST", "/containers/priv/start") == []


def test_an_object_that_cannot_be_read_is_no_harmless_one(judge: Judge) -> None:
    odd = FixedHost({"objects": {"container": {"odd": container("odd", Binds="/etc:/x")}}})

    assert refuse(replace(judge, host=odd), "POST", "/containers/odd/start") == ["lookup-failed"]
