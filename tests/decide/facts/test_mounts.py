import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.decide.facts import mounts
from portero.decide.values.json_fields import JSON, Fact
from portero.decide.values.refusals import Refused
from portero.observe.host.fixed_host import FixedHost
from tests.paths import SCHEMAS
from tests.refusing import find_refusal

SCHEMA = json.loads((SCHEMAS / "request.json").read_text(encoding="utf-8"))
FACT = jsonschema.Draft202012Validator({"type": "array", "items": {"$ref": "#/$defs/mount"}, "$defs": SCHEMA["$defs"]})
VOLUMES_FROM = jsonschema.Draft202012Validator(
    SCHEMA["$defs"]["facts"]["properties"]["volumesFrom"] | {"$defs": SCHEMA["$defs"]}
)
HOST = FixedHost({"links": {"/tmp/rootlink": "/"}})


def created(**host_config: JSON) -> list[Fact]:
    return mounts.read_create({"HostConfig": host_config}, HOST)


def served(mount: dict[str, JSON]) -> Fact:
    (fact,) = mounts.read_service({"TaskTemplate": {"ContainerSpec": {"Mounts": [mount]}}}, HOST)
    return fact


def volume(**body: JSON) -> list[Fact]:
    return mounts.read_volume(body, HOST)


def inline(**options: JSON) -> dict[str, JSON]:
    config: JSON = {"Name": "local", "Options": options}
    return {"Type": "volume", "Source": "v", "Target": "/x", "VolumeOptions": {"DriverConfig": config}}


def test_a_bind_says_everything() -> None:
    (fact,) = created(Binds=["/tmp/rootlink/etc:/mnt/x/:ro,rslave,z"])

    assert fact == json.loads(Path(__file__).with_name("bind.json").read_text())


def test_a_missing_source_has_the_folder_of_the_distribution_in_which_dockerd_makes_it() -> None:
    missing = FixedHost({"kinds": dict.fromkeys(("/new", "/new/x", "/var/log/new", "/srv/new"), "missing")})
    binds = ["/new/x:/a", "/var/log/new:/b", "/srv/new:/c", "/var/log/there:/d"]
    mount: dict[str, JSON] = {"Type": "bind", "Source": "/new", "Target": "/x"}
    makes = mount | {"BindOptions": {"CreateMountpoint": True}}

    made = mounts.read_create({"HostConfig": {"Binds": [*binds], "Mounts": [mount, makes]}}, missing)
    service = {"TaskTemplate": {"ContainerSpec": {"Mounts": [mount, makes]}}}

    assert [fact["madeIn"] for fact in made] == ["/", "/var/log", "", "", "", "/"]
    assert [fact["madeIn"] for fact in mounts.read_service(service, missing)] == ["", "/"]


def test_a_request_without_mounts_has_none() -> None:
    assert mounts.read_create({"Image": "busybox"}, HOST) == []
    assert mounts.read_service({"Name": "web"}, HOST) == []


def test_the_volume_driver_counts_for_named_and_anonymous_volumes() -> None:
    body: dict[str, JSON] = {"Volumes": {"/d": {}}, "HostConfig": {"Binds": ["v:/v", "/s:/s"], "VolumeDriver": "x/y"}}

    assert [fact["driver"] for fact in mounts.read_create(body, HOST)] == ["x/y", None, "x/y"]


@pytest.mark.parametrize(
    ("source", "path"),
    [
        *((path, path) for path in ("/proc", "/run/docker.sock", "/proc/1/root")),
        *(("/etc/../etc", "/etc"), ("\\x/../../../etc", "/etc"), ("", "/")),
    ],
)
def test_a_mount_of_a_host_path_is_a_bind(source: str, path: str) -> None:
    mount: JSON = {"Type": "bind", "Source": source, "Target": "/mnt/x", "ReadOnly": True}
    (fact,) = created(Mounts=[mount | {"BindOptions": {"Propagation": "rshared"}}])

    assert (fact["type"], fact["via"], fact["source"], fact["writable"]) == ("bind", "mount", path, False)
    assert (fact["propagation"], fact["at"]) == ("rshared", "HostConfig.Mounts[0]")


def test_a_host_whose_files_are_not_visible_is_reported() -> None:
    body: dict[str, JSON] = {"HostConfig": {"Binds": ["/var/run:/x"]}}
    (fact,) = mounts.read_create(body, FixedHost({"visible": False}))

    assert (fact["paths"], fact["resolution"], fact["kind"]) == (["/var/run"], "unseen", "unknown")
    assert fact["holds"] == ["/var/run/docker.sock"]


@pytest.mark.parametrize(
    ("kind", "source"), [("image", "busybox"), ("cluster", "group:x"), ("npipe", "x"), ("volume", "pgdata")]
)
def test_a_mount_of_something_named_opens_no_host_path(kind: str, source: str) -> None:
    (fact,) = created(Mounts=[{"Type": kind, "Source": source, "Target": "/y"}])

    assert (fact["type"], fact["source"], fact["paths"], fact["resolution"]) == (kind, source, [], "none")
    assert fact["driver"] == ("local" if kind == "volume" else None)


@pytest.mark.parametrize("kind", ["", "Bind", "glusterfs"])
def test_an_unknown_type_still_has_its_host_path(kind: str) -> None:
    absolute, named = created(Mounts=[{"Type": kind, "Source": "/etc"}, {"Type": kind, "Source": "etc"}])

    assert (absolute["type"], absolute["paths"]) == ("other", ["/etc"])
    assert (named["type"], named["paths"]) == ("other", [])


def test_a_volume_mount_is_writable_unless_it_says_otherwise_and_an_anonymous_one_has_no_source() -> None:
    facts = created(Mounts=[{"Type": "volume", "Target": "/d"}, {"Type": "volume", "Target": "/e", "ReadOnly": True}])

    assert [(fact["source"], fact["writable"]) for fact in facts] == [(None, True), (None, False)]


@pytest.mark.parametrize(
    ("options", "read_only", "writable"),
    [("bind", False, True), ("bind,ro", False, False), ("bind", True, False), ("bind,ro", True, False)],
)
def test_a_volume_that_binds_is_a_bind_which_mount_and_driver_each_make_read_only(
    options: str, read_only: bool, writable: bool
) -> None:
    (fact,) = created(Mounts=[inline(type="none", o=options, device="//srv/.") | {"ReadOnly": read_only}])

    assert (fact["type"], fact["via"], fact["source"], fact["paths"]) == ("bind", "driver-options", "/srv", ["/srv"])
    assert (fact["writable"], fact["at"]) == (writable, "HostConfig.Mounts[0]")


@pytest.mark.parametrize(
    ("at", "options", "size"),
    [
        ("rw,noexec,nodev,nosuid,size=8m", ["rw", "noexec", "nodev", "nosuid", "size=8m"], 8 << 20),
        ("mode=1777", ["mode=1777"], None),
        ("", [], None),
        ("size=50%,NoExec", ["size=50%", "NoExec"], None),
    ],
)
def test_a_tmpfs_keeps_its_options_as_given(at: str, options: list[str], size: int | None) -> None:
    (fact,) = created(Tmpfs={"/run": at})

    assert (fact["type"], fact["via"], fact["options"], fact["sizeBytes"]) == ("tmpfs", "tmpfs", options, size)
    assert fact["writable"] is True


def test_a_tmpfs_mount_tells_the_same() -> None:
    options: JSON = {"SizeBytes": 67108864, "Mode": 1016, "Options": [["noexec"]]}
    (fact,) = created(Mounts=[{"Type": "tmpfs", "Target": "/cache", "ReadOnly": True, "TmpfsOptions": options}])

    assert (fact["type"], fact["via"], fact["sizeBytes"], fact["writable"]) == ("tmpfs", "mount", 64 << 20, False)
    assert fact["options"] == ["ro", "mode=1770", "size=67108864", "noexec"]


@pytest.mark.parametrize(
    ("config", "at"),
    [
        ({"Binds": ["/a", "/e\ntc:/x"]}, "HostConfig.Binds[1]"),
        ({"Mounts": [{}, {"Type": "bind", "Source": "/e\0"}]}, "HostConfig.Mounts[1]"),
        ({"Mounts": [{}, inline(type="overlay", o="lowerdir=/e\tc", device="x")]}, "HostConfig.Mounts[1]"),
        ({"Binds": ["/odd-link:/x"]}, "HostConfig.Binds[0]"),
    ],
    ids=["bind", "mount", "driver", "link to such a path"],
)
def test_a_host_path_with_a_control_character_is_refused(config: dict[str, JSON], at: str) -> None:
    host = FixedHost({"links": {"/odd-link": "/a\nb"}})

    assert find_refusal(mounts.read_create, {"HostConfig": config}, host) == ("path-control-character", at)


@pytest.mark.parametrize("path", ["/", "/srv/data", "..", "./data", "a/../b", "a//b", "a/."])
def test_a_path_is_no_name_of_a_volume(path: str) -> None:
    mounted: list[JSON] = [{"Type": "volume", "Source": path, "Target": "/x"}]

    assert find_refusal(created, Mounts=mounted) == ("volume-name", "HostConfig.Mounts[0]")


def test_a_relative_path_in_binds_is_no_name_of_a_volume() -> None:
    assert find_refusal(created, Binds=["data:/a", "./data:/b"]) == ("volume-name", "HostConfig.Binds[1]")


@pytest.mark.parametrize("name", ["data", "data/sub", "a..b", ".data", "..data"])
def test_a_name_with_dots_or_a_slash_is_one(name: str) -> None:
    (fact,) = created(Mounts=[{"Type": "volume", "Source": name, "Target": "/x"}])

    assert (fact["type"], fact["source"]) == ("volume", name)


@pytest.mark.parametrize("kind", ["bind", "Bind", "BIND", "b\u0131nd", None])
def test_a_service_takes_a_bind_in_any_case_and_without_a_type(kind: str | None) -> None:
    entry: dict[str, JSON] = {"Source": "/var/run/docker.sock", "BindOptions": {"Propagation": "R\u017fHARED"}}
    fact = served(entry | ({} if kind is None else {"Type": kind}))

    assert (fact["type"], fact["holds"], fact["propagation"]) == ("bind", ["/run/docker.sock"], "rshared")
    assert fact["at"] == "TaskTemplate.ContainerSpec.Mounts[0]"


def test_a_services_mounts_are_reported_like_a_containers() -> None:
    entries: list[JSON] = [
        {"Type": "volume", "Source": "sv", "Target": "/data"},
        {"Type": "bind", "Source": "/tmp/capdata/conf", "Target": "/c", "ReadOnly": True},
        {"Type": "tmpfs", "Target": "/tmp", "TmpfsOptions": {"SizeBytes": 10485760}},
        inline(type="none", o="bind", device="/etc"),
        {"Type": "image", "Source": "busybox"},
    ]
    facts = mounts.read_service({"TaskTemplate": {"ContainerSpec": {"Mounts": entries}}}, HOST)

    assert [fact["type"] for fact in facts] == ["volume", "bind", "tmpfs", "bind", "image"]
    assert facts == [
        fact | {"at": f"TaskTemplate.ContainerSpec.Mounts[{n}]"} for n, fact in enumerate(created(Mounts=entries))
    ]


@pytest.mark.parametrize(
    "entry",
    [
        {"Type": "bind", "Source": '/srv/{{"../etc"}}', "Target": "/x"},
        {"Source": "{{.Node.Hostname}}", "Target": "/x"},
        inline(type='{{"none"}}', o='{{"bind,ro"}}', device="/"),
    ],
    ids=["source", "no-type", "driver"],
)
def test_a_path_that_swarm_makes_later_is_refused_for_its_template(entry: dict[str, JSON]) -> None:
    assert find_refusal(served, entry) == ("mount-template", "TaskTemplate.ContainerSpec.Mounts[0]")


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ({"Type": "volume", "Source": "{{.Service.Name}}"}, "volume"),
        *(({"Type": kind, "Source": "{{.Node.ID}}"}, "other") for kind in ("a", "c")),
        *((inline(type='{{"none"}}', o='{{"bind,ro"}}', device="/") | {"Type": kind}, "other") for kind in ("a", "w")),
        (
            {"Type": "volume", "VolumeOptions": {"DriverConfig": {"Name": "x/y", "Options": {"size": "{{.Node.ID}}"}}}},
            "volume",
        ),
    ],
    ids=["a name", "an odd type", "another one", "no volume", "nor this", "options of another driver"],
)
def test_a_template_counts_only_where_the_type_uses_it_as_a_path(entry: dict[str, JSON], kind: str) -> None:
    assert (served(entry)["type"], served(entry)["paths"]) == (kind, [])


def test_a_container_knows_no_templates() -> None:
    (fact,) = created(Mounts=[{"Type": "bind", "Source": "/srv/{{x}}", "Target": "/x"}])

    assert fact["paths"] == ["/srv/{{x}}"]


@pytest.mark.parametrize("body", [{}, {"Driver": "local"}, {"Name": "v", "Driver": "rexray/ebs"}])
def test_a_plain_volume_tells_its_driver(body: dict[str, JSON]) -> None:
    (fact,) = volume(**body)

    assert (fact["type"], fact["via"], fact["at"]) == ("volume", "volume", "Driver")
    assert (fact["source"], fact["driver"]) == (body.get("Name"), body.get("Driver", "local"))


@pytest.mark.parametrize(
    ("options", "kind", "paths"),
    [
        ({"device": "/", "o": "bind", "type": "none"}, "bind", ["/"]),
        ({"type": "none", "o": "bind", "device": "/run/docker/plugins"}, "bind", ["/run/docker/plugins"]),
        ({"type": "xfs", "device": "/dev/nvme0n1p1"}, "volume", ["/dev/nvme0n1p1"]),
        ({"device": "tmpfs", "o": "size=100m,uid=1000", "type": "tmpfs"}, "tmpfs", []),
        ({"device": ":/export", "o": "addr=10.0.0.1,rw", "type": "nfs"}, "volume", []),
    ],
    ids=lambda value: str(value),
)
def test_a_volume_tells_what_its_options_open(options: dict[str, JSON], kind: str, paths: list[str]) -> None:
    (fact,) = volume(Name="v", Driver="local", DriverOpts=options)

    assert (fact["type"], fact["via"], fact["paths"]) == (kind, "driver-options", paths)
    assert fact["at"] == "DriverOpts"


def test_a_cluster_volume_is_reported_as_one() -> None:
    (fact,) = volume(Name="v", Driver="csi", ClusterVolumeSpec={})

    assert (fact["type"], fact["via"], fact["source"], fact["driver"]) == ("cluster", "volume", "v", "csi")
    assert fact["at"] == "ClusterVolumeSpec"


def test_a_cluster_volume_does_not_hide_driver_options_from_an_old_api_version() -> None:
    facts = volume(DriverOpts={"type": "none", "o": "bind", "device": "/"}, ClusterVolumeSpec={})

    assert [(fact["type"], fact["paths"]) for fact in facts] == [("cluster", []), ("bind", ["/"])]


def test_volumes_of_other_containers_are_reported_without_their_mode() -> None:
    body: dict[str, JSON] = {"HostConfig": {"VolumesFrom": ["vbase:ro", "web", ""]}}

    assert mounts.read_volumes_from(body) == [
        {"container": "vbase", "at": "HostConfig.VolumesFrom[0]"},
        {"container": "web", "at": "HostConfig.VolumesFrom[1]"},
        {"container": "", "at": "HostConfig.VolumesFrom[2]"},
    ]


words = st.text(alphabet="/.:,=\\\n{}%rowzbind0k", max_size=12) | st.sampled_from(
    ["/etc", "v", "ro", "bind", "tmpfs", "none", "size=8m", "local", "lowerdir=/a:/b"]
)
options = st.dictionaries(st.sampled_from(["type", "o", "device", "size"]) | words, words)


def fields(**of: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=of)


entries = st.lists(
    fields(
        Type=st.sampled_from(["bind", "volume", "tmpfs", "image", "cluster", "npipe", "BIND"]) | words,
        Source=words,
        Target=words,
        ReadOnly=st.booleans(),
        BindOptions=fields(Propagation=words),
        VolumeOptions=fields(Subpath=words, DriverConfig=fields(Name=words, Options=options)),
        TmpfsOptions=fields(
            SizeBytes=st.integers(-(2**63), 2**63 - 1),
            Mode=st.integers(0, 2**32 - 1),
            Options=st.lists(st.lists(words)),
        ),
    ),
    max_size=3,
)
creates = fields(
    Volumes=st.dictionaries(words, st.just({})),
    HostConfig=fields(
        Binds=st.lists(words),
        Mounts=entries,
        Tmpfs=st.dictionaries(words, words),
        VolumeDriver=words,
        VolumesFrom=st.lists(words),
    ),
)
hosts = st.booleans().map(lambda visible: FixedHost({"visible": visible}))


def found(of: Any, body: dict[str, Any], host: FixedHost) -> list[Fact]:
    """The facts; none when the body is refused, for a control character, a template, or a path for a volume."""
    try:
        facts: list[Fact] = of(body, host)
    except Refused as refused:
        if refused.code not in ("path-control-character", "mount-template", "volume-name"):
            raise
        return []
    return facts


@given(creates, hosts)
def test_any_container_has_facts_in_the_schema(body: dict[str, Any], host: FixedHost) -> None:
    FACT.validate(found(mounts.read_create, body, host))
    VOLUMES_FROM.validate(mounts.read_volumes_from(body))


@given(entries, hosts)
def test_any_service_has_facts_in_the_schema(mount_list: list[JSON], host: FixedHost) -> None:
    FACT.validate(found(mounts.read_service, {"TaskTemplate": {"ContainerSpec": {"Mounts": mount_list}}}, host))


@given(fields(Name=words, Driver=words, DriverOpts=options, ClusterVolumeSpec=st.just({})), hosts)
def test_any_volume_has_facts_in_the_schema(body: dict[str, Any], host: FixedHost) -> None:
    FACT.validate(found(mounts.read_volume, body, host))


@pytest.mark.parametrize(
    ("source", "options", "writable"),
    [
        ("/srv/data", {"ReadOnlyNonRecursive": True}, True),
        ("/srv/data", {"ReadOnlyNonRecursive": True, "NonRecursive": True}, False),
        ("/srv/data", {}, False),
        ("/srv/other", {"ReadOnlyNonRecursive": True}, False),
    ],
)
def test_read_only_on_top_leaves_mounts_below_writable(source: str, options: Any, writable: bool) -> None:
    host = FixedHost({"mounts": {"/srv/data/disk": "ext4"}})
    mount: Any = {"Type": "bind", "Source": source, "Target": "/d", "ReadOnly": True, "BindOptions": options}

    (found,) = mounts.read_create({"HostConfig": {"Mounts": [mount]}}, host)

    assert found["writable"] is writable
