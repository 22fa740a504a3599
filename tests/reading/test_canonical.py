import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.reading import go_json
from portero.reading.canonical import MAX_ENTRIES, MAX_LONG, Canonical, Dropped, canonical
from portero.reading.case_folding import fold
from portero.reading.shapes import Shapes, Struct
from portero.refusals import Refused
from portero.types import JSON
from tests.paths import SCHEMAS

_SHAPES = Shapes.load(SCHEMAS / "api")


def _read(operation: str, body: str | dict[str, object]) -> Canonical:
    text = body if isinstance(body, str) else json.dumps(body)
    return canonical(_SHAPES.by_operation[operation], go_json.parse(text.encode()))


def _refused(operation: str, body: str | dict[str, object]) -> tuple[str, str]:
    with pytest.raises(Refused) as refused:
        _read(operation, body)
    return refused.value.code, refused.value.at


@pytest.mark.parametrize(
    "name", ["hostconfig", "HOSTCONFIG", "Ho\u017ftConfig", "\\u0048ostConfig", "ho\\u017ftconfiG"], ids=ascii
)
def test_a_name_is_matched_as_go_folds_it(name: str) -> None:
    read = _read("ContainerCreate", f'{{"{name}": {{"PRIVILEGED": true}}}}')

    assert read == Canonical({"HostConfig": {"Privileged": True}}, ())


def test_the_kelvin_sign_is_a_k() -> None:
    assert _read("ContainerCreate", {"HostConfig": {"Networ\u212aMode": "host"}}).body == {
        "HostConfig": {"NetworkMode": "host"}
    }


def test_a_letter_that_only_python_folds_does_not_make_a_known_name() -> None:
    assert _read("ContainerCreate", {"HostConfig": {"Pr\u0131vileged": True}}) == Canonical(
        {"HostConfig": {}}, ("HostConfig.*",)
    )


def test_both_spellings_of_the_cpu_limit_are_one_field() -> None:
    assert _read("ContainerUpdate", {"NanoCPUs": 5}).body == {"NanoCpus": 5}
    assert _refused("ContainerUpdate", {"NanoCPUs": 5, "NanoCpus": 6}) == ("body-duplicate-name", "NanoCpus")


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ('{"Image":"a","image":"b"}', "Image"),
        ('{"HostConfig":{},"HostConfig":{}}', "HostConfig"),
        ('{"HostConfig":{"Privileged":true,"Privileged":null}}', "HostConfig.Privileged"),
        ('{"HostConfig":{"Mounts":[{},{"Source":"/","\\u017fource":"/"}]}}', "HostConfig.Mounts[1].Source"),
        ('{"Labels":{"a":"1","a":"2"}}', "Labels[*]"),
        ('{"Labels":{"a":"1","a":"2","b":3}}', "Labels[*]"),
        ('{"Privileged":false,"privileged":false}', "Privileged"),
        ('{"Foo":1,"foo":2}', "foo"),
        ('{"Foo":{"a":[{"b":1,"b":2}]}}', "Foo.a[0].b"),
        ('{"Foo":{"a":1,"a":2}}', "Foo.a"),
        ('{"HostConfig":{"Foo":[{"a b":1,"a b":2}]}}', "HostConfig.Foo[0].*"),
    ],
)
def test_a_name_that_stands_twice_is_refused_at_its_place(body: str, place: str) -> None:
    assert _refused("ContainerCreate", body) == ("body-duplicate-name", place)


def test_names_of_a_map_are_data_and_never_folded() -> None:
    read = _read("ContainerCreate", {"Labels": {"A": "1", "a": "2", "\u017f": "3"}})

    assert read == Canonical({"Labels": {"A": "1", "a": "2", "\u017f": "3"}}, ())


def test_names_below_an_unknown_name_are_not_folded() -> None:
    assert _read("ContainerCreate", {"Foo": {"a": 1, "A": 2}}) == Canonical({}, ("Foo",))


def test_unknown_names_are_listed_with_their_place_and_their_values_dropped() -> None:
    read = _read(
        "ContainerCreate",
        {
            "name": "web",
            "HostConfig": {"Foo": {"Bar": 1}, "Mounts": [{"Type": "bind", "Size": 1}], "Init": True},
            "ExposedPorts": {"80/tcp": {"x": 1}},
            "MacAddre\u00df": "secret",
            "x" * 65: 1,
        },
    )

    assert read.body == {
        "HostConfig": {"Mounts": [{"Type": "bind"}], "Init": True},
        "ExposedPorts": {"80/tcp": {}},
    }
    assert read.unknown == ("name", "HostConfig.Foo", "HostConfig.Mounts[0].Size", "ExposedPorts[*].x", "*", "*")


def test_a_field_that_is_null_is_absent() -> None:
    assert _read("ContainerCreate", '{"Image":null,"Cmd":null,"HostConfig":null,"Labels":null}').body == {}


def test_an_empty_list_is_not_an_absent_one() -> None:
    assert _read("ContainerCreate", {"HostConfig": {"MaskedPaths": [], "ReadonlyPaths": None}}).body == {
        "HostConfig": {"MaskedPaths": []}
    }


@pytest.mark.parametrize(
    ("operation", "body", "read"),
    [
        ("ContainerCreate", '{"Env":[null]}', {"Env": [""]}),
        ("ContainerCreate", '{"Cmd":[null]}', {"Cmd": [""]}),
        ("ContainerCreate", '{"Labels":{"a":null}}', {"Labels": {"a": ""}}),
        ("ContainerCreate", '{"Volumes":{"/a":null}}', {"Volumes": {"/a": {}}}),
        ("ContainerCreate", '{"HostConfig":{"Mounts":[null]}}', {"HostConfig": {"Mounts": [{}]}}),
        ("ContainerCreate", '{"HostConfig":{"ConsoleSize":[null,1]}}', {"HostConfig": {"ConsoleSize": [0, 1]}}),
        (
            "ContainerCreate",
            '{"HostConfig":{"PortBindings":{"80/tcp":null}}}',
            {"HostConfig": {"PortBindings": {"80/tcp": []}}},
        ),
        (
            "ContainerCreate",
            '{"NetworkingConfig":{"EndpointsConfig":{"net":null}}}',
            {"NetworkingConfig": {"EndpointsConfig": {"net": {}}}},
        ),
        ("ContainerCreate", "null", {}),
        ("PluginSet", "null", []),
        ("PluginSet", "[null]", [""]),
    ],
)
def test_an_element_that_is_null_is_the_zero_value(operation: str, body: str, read: JSON) -> None:
    assert _read(operation, body) == Canonical(read, ())


@pytest.mark.parametrize("name", ["CapAdd", "CapDrop"])
def test_a_capability_may_be_one_string(name: str) -> None:
    assert _read("ContainerCreate", {"HostConfig": {name: "ALL"}}).body == {"HostConfig": {name: ["ALL"]}}


@pytest.mark.parametrize("name", ["Cmd", "Entrypoint", "Shell"])
def test_a_command_may_be_one_string(name: str) -> None:
    assert _read("ContainerCreate", {name: "sh"}).body == {name: ["sh"]}


_SERVICE = {"CapabilityAdd", "Command", "Args", "Env"}


@pytest.mark.parametrize(
    ("operation", "body", "place"),
    [
        ("ContainerCreate", [], ""),
        ("ContainerCreate", "a", ""),
        ("PluginSet", {}, ""),
        ("PluginPull", [{"Name": 1}], "[0].Name"),
        ("ContainerExec", {"Cmd": "sh"}, "Cmd"),
        ("ContainerCreate", {"OnBuild": "RUN"}, "OnBuild"),
        ("ContainerCreate", {"Healthcheck": {"Test": "true"}}, "Healthcheck.Test"),
        ("ContainerCreate", {"Env": [1]}, "Env[0]"),
        ("ContainerCreate", {"Env": {}}, "Env"),
        ("ContainerCreate", {"Labels": []}, "Labels"),
        ("ContainerCreate", {"Labels": {"password": 1}}, "Labels[*]"),
        ("ContainerCreate", {"HostConfig": []}, "HostConfig"),
        ("ContainerCreate", {"HostConfig": {"Privileged": 1}}, "HostConfig.Privileged"),
        ("ContainerCreate", {"HostConfig": {"Privileged": "true"}}, "HostConfig.Privileged"),
        ("ContainerCreate", {"HostConfig": {"Memory": 1.0}}, "HostConfig.Memory"),
        ("ContainerCreate", {"HostConfig": {"Mounts": [{}, {"Type": {}}]}}, "HostConfig.Mounts[1].Type"),
        (
            "ContainerCreate",
            {"HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": 80}]}}},
            "HostConfig.PortBindings[*][0].HostPort",
        ),
        ("SecretCreate", {"Data": "%"}, "Data"),
        ("SecretCreate", {"Data": [1]}, "Data"),
    ]
    + [
        ("ServiceCreate", {"TaskTemplate": {"ContainerSpec": {name: "a"}}}, f"TaskTemplate.ContainerSpec.{name}")
        for name in sorted(_SERVICE)
    ],
)
def test_a_value_of_another_type_is_refused_at_its_place(operation: str, body: object, place: str) -> None:
    assert _refused(operation, json.dumps(body)) == ("body-wrong-type", place)


@pytest.mark.parametrize(
    ("operation", "body", "place"),
    [
        ("ContainerCreate", {"HostConfig": {"BlkioWeight": 65536}}, "HostConfig.BlkioWeight"),
        ("ContainerCreate", {"HostConfig": {"Memory": 2**63}}, "HostConfig.Memory"),
        (
            "ContainerUpdate",
            {"BlkioDeviceReadBps": [{"Path": "/dev/sda", "Rate": -1}]},
            "BlkioDeviceReadBps[0].Rate",
        ),
        ("SwarmInit", {"DataPathPort": 2**32}, "DataPathPort"),
        ("ServiceCreate", {"UpdateConfig": {"MaxFailureRatio": 1e300}}, "UpdateConfig.MaxFailureRatio"),
    ],
)
def test_a_number_that_does_not_fit_is_refused_at_its_place(
    operation: str, body: dict[str, object], place: str
) -> None:
    assert _refused(operation, body) == ("body-number", place)


_LEGACY_ZEROS: list[object] = [None, False, 0, "", [], {}]


@pytest.mark.parametrize("operation", ["ContainerCreate", "ImageCommit"])
@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"Privileged": True}, "Privileged"),
        ({"privileged": True}, "Privileged"),
        ({"Bind\u017f": ["/:/host"]}, "Binds"),
        ({"CapAdd": "ALL", "HostConfig": {}}, "CapAdd"),
        ({"Memory": 1}, "Memory"),
        ({"NanoCPUs": 1}, "NanoCpus"),
        ({"Cpuset": "0"}, "Cpuset"),
        ({"RestartPolicy": {"Name": ""}}, "RestartPolicy"),
        ({"MaskedPaths": []}, "MaskedPaths"),
        ({"ReadonlyPaths": []}, "ReadonlyPaths"),
        ({"MemorySwappiness": 0}, "MemorySwappiness"),
        ({"Init": False}, "Init"),
    ],
)
def test_a_host_setting_outside_host_config_is_refused(operation: str, body: dict[str, object], place: str) -> None:
    assert _refused(operation, body) == ("body-legacy-field", place)


@pytest.mark.parametrize("zero", _LEGACY_ZEROS)
@pytest.mark.parametrize("name", ["Privileged", "Binds", "Memory", "CpuShares", "Cpuset", "Dns", "PortBindings"])
def test_a_host_setting_outside_host_config_that_says_nothing_is_dropped(name: str, zero: object) -> None:
    assert _read("ContainerCreate", {"Image": "a", name: zero}) == Canonical({"Image": "a"}, ())


def test_every_field_of_host_config_is_refused_outside_of_it() -> None:
    create = _SHAPES.by_operation["ContainerCreate"]
    assert isinstance(create, Struct)
    host_config = create.fields[fold("HostConfig")].shape
    assert isinstance(host_config, Struct)

    for name in [field.name for field in host_config.fields.values()] + ["Cpuset"]:
        assert _refused("ContainerCreate", {name: "x"}) == ("body-legacy-field", name)


def test_no_field_of_host_config_is_a_field_of_config_too() -> None:
    """Go would then set neither of the two embedded structs."""
    create = _SHAPES.by_operation["ContainerCreate"]
    assert isinstance(create, Struct)

    assert create.fields.keys() & create.legacy.keys() == set()


def test_strings_are_left_as_they_are() -> None:
    assert _read("ContainerCreate", {"Image": "a\u0000\u001b\n\u202e"}).body == {"Image": "a\u0000\u001b\n\u202e"}


_NAMES = st.sampled_from(["Privileged", "Binds", "Mounts", "Tmpfs", "PidMode", "ReadonlyRootfs"])
_SPELLINGS = {"S": "sS\u017f", "K": "kK\u212a"}


@given(_NAMES.flatmap(lambda name: st.tuples(st.just(name), st.tuples(*map(_spellings, name)).map("".join))))
def test_every_spelling_that_go_takes_for_a_field_is_that_field(case: tuple[str, str]) -> None:
    name, spelling = case

    assert _read("ContainerCreate", {"HostConfig": {spelling: None, "Foo": 1}}) == Canonical(
        {"HostConfig": {}}, ("HostConfig.Foo",)
    )
    assert _refused("ContainerCreate", {"HostConfig": {spelling: 1.5}}) == ("body-wrong-type", f"HostConfig.{name}")


def _spellings(letter: str) -> st.SearchStrategy[str]:
    return st.sampled_from(_SPELLINGS.get(letter.upper(), letter.lower() + letter.upper()))


_TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-1, 1) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["HostConfig", "Mounts", "Labels", "Cmd", "cmd", "Privileged", "x"]), inner)
    ),
)


@given(st.sampled_from(sorted(_SHAPES.by_operation)), _TREES)
def test_what_was_read_is_read_again_as_itself(operation: str, tree: object) -> None:
    try:
        once = _read(operation, json.dumps(tree))
    except Refused:
        return  # Which trees are refused, and where, is tested above.

    assert _read(operation, json.dumps(once.body)) == Canonical(once.body, ())


def test_a_name_that_stands_twice_in_a_map_of_strings_is_refused_however_the_map_is_read() -> None:
    for labels in (b'{"a": "1", "a": "2"}', b'{"a": "1", "a": null}'):
        with pytest.raises(Refused) as refused:
            canonical(_SHAPES.by_operation["VolumeCreate"], go_json.parse(b'{"Labels": ' + labels + b"}"))

        assert (refused.value.code, refused.value.at) == ("body-duplicate-name", "Labels[*]")


_SPEC = "TaskTemplate.ContainerSpec"
_PROTECTED = {
    "TaskTemplate": {
        "ContainerSpec": {
            "CapabilityDrop": ["ALL"],
            "Ulimits": [{"Name": "nofile", "Soft": 1, "Hard": 1}],
            "Privileges": {"NoNewPrivileges": True},
        },
        "Resources": {"Limits": {"Pids": 100}},
    }
}
_BELOW_1_41 = (
    Dropped("TaskTemplate.Resources.Limits.Pids", "1.41"),
    Dropped(f"{_SPEC}.CapabilityDrop", "1.41"),
    Dropped(f"{_SPEC}.Ulimits", "1.41"),
)
_BELOW_1_44 = (Dropped(f"{_SPEC}.Privileges.NoNewPrivileges", "1.44"),)


@pytest.mark.parametrize("operation", ["ServiceCreate", "ServiceUpdate"])
@pytest.mark.parametrize(
    ("version", "dropped"),
    [
        ("1.24", _BELOW_1_41 + _BELOW_1_44),
        ("1.40.99", _BELOW_1_41 + _BELOW_1_44),
        ("1.41", _BELOW_1_44),
        ("1.43", _BELOW_1_44),
        ("1.44", ()),
        ("1.100", ()),
        (None, ()),
    ],
)
def test_what_dockerd_drops_at_an_api_version_is_dropped(
    operation: str, version: str | None, dropped: tuple[Dropped, ...]
) -> None:
    tree = go_json.parse(json.dumps(_PROTECTED).encode())

    read = canonical(_SHAPES.by_operation[operation], tree, version)

    assert sorted(read.dropped, key=repr) == sorted(dropped, key=repr)
    text = json.dumps(read.body)
    assert [field for field in dropped if f'"{field.at.rpartition(".")[2]}"' in text] == []
    assert (read.body == _PROTECTED) == (not dropped)


def test_a_field_that_grants_counts_at_every_version() -> None:
    asked = {"TaskTemplate": {"ContainerSpec": {"CapabilityAdd": ["SYS_ADMIN"], "Sysctls": {"kernel.x": "1"}}}}

    read = canonical(_SHAPES.by_operation["ServiceCreate"], go_json.parse(json.dumps(asked).encode()), "1.24")

    assert read == Canonical(asked, ())


def test_a_zero_value_is_no_loss() -> None:
    asked = {"TaskTemplate": {"ContainerSpec": {"Privileges": {"NoNewPrivileges": False}, "Ulimits": []}}}

    read = canonical(_SHAPES.by_operation["ServiceCreate"], go_json.parse(json.dumps(asked).encode()), "1.40")

    assert read.dropped == ()


def test_a_list_holds_1024_entries_and_some_ten_times_as_many() -> None:
    assert (MAX_ENTRIES, MAX_LONG) == (1_024, 10_240)


_BOUNDS: list[tuple[str, object, int]] = [
    *((name, "A=1", MAX_LONG) for name in ("Cmd", "Entrypoint", "Env")),
    ("HostConfig.ExtraHosts", "web:192.0.2.1", MAX_LONG),
    ("HostConfig.Mounts", {}, MAX_ENTRIES),
    *((f"HostConfig.{name}", "x", MAX_ENTRIES) for name in ("Binds", "CapAdd", "VolumesFrom", "DeviceCgroupRules")),
]


@pytest.mark.parametrize(("at", "entry", "most"), _BOUNDS)
def test_a_list_has_a_bound(at: str, entry: object, most: int) -> None:
    def body(count: int) -> dict[str, object]:
        *outer, name = at.split(".")
        listed: dict[str, object] = {name: [entry] * count}
        return {outer[0]: listed} if outer else listed

    _read("ContainerCreate", body(most))

    assert _refused("ContainerCreate", body(most + 1)) == ("body-too-many", at)


@pytest.mark.parametrize(
    ("name", "value", "most"),
    [("Labels", "", MAX_LONG), ("ExposedPorts", {}, MAX_LONG), ("Volumes", {}, MAX_ENTRIES)],
)
def test_a_map_has_a_bound(name: str, value: object, most: int) -> None:
    entries = {f"l{number}": value for number in range(most)}
    _read("ContainerCreate", {name: entries})

    assert _refused("ContainerCreate", {name: entries | {"one": value}}) == ("body-too-many", name)


@pytest.mark.parametrize(
    ("name", "value", "most"),
    [("PortBindings", [], MAX_LONG), ("Tmpfs", "", MAX_ENTRIES), ("Annotations", "", MAX_ENTRIES)],
)
def test_a_map_of_the_host_config_has_a_bound(name: str, value: object, most: int) -> None:
    entries = {f"l{number}": value for number in range(most)}
    _read("ContainerCreate", {"HostConfig": {name: entries}})

    refused = _refused("ContainerCreate", {"HostConfig": {name: entries | {"one": value}}})
    assert refused == ("body-too-many", f"HostConfig.{name}")


@pytest.mark.parametrize("name", ["Args", "Command", "Env", "Hosts"])
def test_a_list_of_a_service_may_be_long(name: str) -> None:
    asked = {"TaskTemplate": {"ContainerSpec": {name: ["x"] * MAX_LONG}}}

    assert _read("ServiceCreate", asked).body == asked


@pytest.mark.parametrize(("length", "shown"), [(1, "x"), (64, "x" * 64), (65, "*")])
def test_an_unknown_name_is_shown_up_to_64_characters(length: int, shown: str) -> None:
    assert _read("ContainerCreate", {"x" * length: 1}).unknown == (shown,)
