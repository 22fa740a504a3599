"""Bodies are read as Go reads them into Docker's structs, or refused with the place.

bodies.tsv: a line for each body. `read`: what it is read as; `at`: the places of unknown names, or of what is refused.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.decide.reading import go_json
from portero.decide.reading.body_decoder import MAX_ENTRIES, MAX_LONG, Canonical, Dropped, canonicalize
from portero.decide.reading.go_json import fold
from portero.decide.reading.shapes import Struct
from portero.decide.values.refusals import Refused
from portero.observe.stores.api_tables import load_shapes
from tests.captured import table
from tests.paths import SCHEMAS
from tests.refusing import find_refusal

_SHAPES = load_shapes(SCHEMAS / "api")


def _read(operation: str, body: str | dict[str, object]) -> Canonical:
    text = body if isinstance(body, str) else json.dumps(body)
    return canonicalize(_SHAPES.by_operation[operation], go_json.parse_json(text.encode()))


def _refused(operation: str, body: str | dict[str, object]) -> tuple[str, str]:
    return find_refusal(_read, operation, body)


LINES = table(Path(__file__).with_name("bodies.tsv"))


# What the group of a body shows; the other groups have the code of a refusal.
READ = {
    "name": "a name is matched as Go folds it, and names of a map are data",
    "one string": "a capability may be one string",
    "null": "an element that is null is the zero value, and a field is absent",
}


def _chosen(*, read: bool) -> pytest.MarkDecorator:
    chosen = [line for line in LINES if (line["group"] in READ) is read]
    return pytest.mark.parametrize(
        "line", chosen, ids=lambda line: f"{READ.get(line['group'], line['group'])}: {line['operation']} {line['body']}"
    )


@_chosen(read=True)
def test_a_body_is_read_as_go_reads_it(line: dict[str, str]) -> None:
    unknown = tuple(line["at"].split(",")) if line["at"] else ()

    assert _read(line["operation"], line["body"]) == Canonical(json.loads(line["read"]), unknown)


@_chosen(read=False)
def test_a_body_is_refused_at_its_place(line: dict[str, str]) -> None:
    assert _refused(line["operation"], line["body"]) == (line["group"], line["at"])


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


_LEGACY_ZEROS: list[object] = [None, False, 0, "", [], {}]


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


_SPEC = "TaskTemplate.ContainerSpec"
_PROTECTED = {
    "TaskTemplate": {
        "ContainerSpec": {
            "CapabilityDrop": ["ALL"],
            "Ulimits": [{"Name": "nofile", "Soft": 1, "Hard": 1}],
            "Privileges": {"NoNewPrivileges": True},
        },
        "Resources": {"Limits": {"Pids": 100}, "SwapBytes": 0},
    }
}
_BELOW_1_41 = (
    Dropped("TaskTemplate.Resources.Limits.Pids", "1.41"),
    Dropped(f"{_SPEC}.CapabilityDrop", "1.41"),
    Dropped(f"{_SPEC}.Ulimits", "1.41"),
)
_BELOW_1_52 = (Dropped("TaskTemplate.Resources.SwapBytes", "1.52"),)
_BELOW_1_44 = (Dropped(f"{_SPEC}.Privileges.NoNewPrivileges", "1.44"), *_BELOW_1_52)


@pytest.mark.parametrize("operation", ["ServiceCreate", "ServiceUpdate"])
@pytest.mark.parametrize(
    ("version", "dropped"),
    [
        ("1.24", _BELOW_1_41 + _BELOW_1_44),
        ("1.40.99", _BELOW_1_41 + _BELOW_1_44),
        ("1.41", _BELOW_1_44),
        ("1.43", _BELOW_1_44),
        ("1.44", _BELOW_1_52),
        ("1.51", _BELOW_1_52),
        ("1.52", ()),
        ("1.100", ()),
        (None, ()),
    ],
)
def test_what_dockerd_drops_at_an_api_version_is_dropped(
    operation: str, version: str | None, dropped: tuple[Dropped, ...]
) -> None:
    tree = go_json.parse_json(json.dumps(_PROTECTED).encode())

    read = canonicalize(_SHAPES.by_operation[operation], tree, version)

    assert sorted(read.dropped, key=repr) == sorted(dropped, key=repr)
    text = json.dumps(read.body)
    assert [field for field in dropped if f'"{field.at.rpartition(".")[2]}"' in text] == []
    assert (read.body == _PROTECTED) == (not dropped)


@pytest.mark.parametrize(
    ("spec", "version"),
    [
        pytest.param({"CapabilityAdd": ["SYS_ADMIN"], "Sysctls": {"kernel.x": "1"}}, "1.24", id="that grants"),
        pytest.param({"Privileges": {"NoNewPrivileges": False}, "Ulimits": []}, "1.40", id="of no value"),
    ],
)
def test_at_no_version_is_a_field_a_loss(spec: dict[str, object], version: str) -> None:
    asked = {"TaskTemplate": {"ContainerSpec": spec}}

    read = canonicalize(_SHAPES.by_operation["ServiceCreate"], go_json.parse_json(json.dumps(asked).encode()), version)

    assert read.dropped == ()
    if "CapabilityAdd" in spec:
        assert read.body == asked


def test_a_list_holds_1024_entries_and_some_ten_times_as_many() -> None:
    assert (MAX_ENTRIES, MAX_LONG) == (1_024, 10_240)


def _listed(entry: object, count: int) -> object:
    return [entry] * count


def _named(value: object, count: int) -> object:
    return {f"l{number}": value for number in range(count)}


@pytest.mark.parametrize(
    ("at", "make", "entry", "most"),
    [
        *((name, _listed, "A=1", MAX_LONG) for name in ("Cmd", "Entrypoint", "Env")),
        ("HostConfig.ExtraHosts", _listed, "web:192.0.2.1", MAX_LONG),
        ("HostConfig.Mounts", _listed, {}, MAX_ENTRIES),
        *((f"HostConfig.{name}", _listed, "x", MAX_ENTRIES) for name in ("Binds", "CapAdd", "VolumesFrom")),
        ("HostConfig.DeviceCgroupRules", _listed, "x", MAX_ENTRIES),
        ("Labels", _named, "", MAX_LONG),
        ("ExposedPorts", _named, {}, MAX_LONG),
        ("Volumes", _named, {}, MAX_ENTRIES),
        ("HostConfig.PortBindings", _named, [], MAX_LONG),
        ("HostConfig.Tmpfs", _named, "", MAX_ENTRIES),
        ("HostConfig.Annotations", _named, "", MAX_ENTRIES),
    ],
)
def test_a_list_and_a_map_have_a_bound(
    at: str, make: Callable[[object, int], object], entry: object, most: int
) -> None:
    def body(count: int) -> dict[str, object]:
        *outer, name = at.split(".")
        return {outer[0]: {name: make(entry, count)}} if outer else {name: make(entry, count)}

    _read("ContainerCreate", body(most))

    assert _refused("ContainerCreate", body(most + 1)) == ("body-too-many", at)


@pytest.mark.parametrize("name", ["Args", "Command", "Env", "Hosts"])
def test_a_list_of_a_service_may_be_long(name: str) -> None:
    asked = {"TaskTemplate": {"ContainerSpec": {name: ["x"] * MAX_LONG}}}

    assert _read("ServiceCreate", asked).body == asked


@pytest.mark.parametrize(("length", "shown"), [(1, "x"), (64, "x" * 64), (65, "*")])
def test_an_unknown_name_is_shown_up_to_64_characters(length: int, shown: str) -> None:
    assert _read("ContainerCreate", {"x" * length: 1}).unknown == (shown,)
