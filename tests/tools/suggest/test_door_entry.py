"""A door's entry from its log: the operations of its own requests alone."""

from portero.tools.suggest.door_entry import DoorUse


def use_of(name: str) -> DoorUse:
    use = DoorUse(name)
    for user, method, operation in (
        ("door:seen", "door", "ContainerList"),
        ("door:seen", "door", "ContainerList"),
        ("door:seen", "door", "SystemPing"),
        ("door:other", "door", "ContainerDelete"),
        ("unix:alicia", "door", "ContainerCreate"),
        ("unix:bob", "door", "ContainerCreate"),
        ("alicia", "tls", "VolumeCreate"),
    ):
        use.add(operation, user, method)
    return use


def test_a_tools_door_has_the_operations_of_its_own_requests() -> None:
    use = use_of("seen")

    assert use.describe() == {"name": "seen", "operations": ["ContainerList", "SystemPing"]}
    lines = [*use.list_lines({"traefik": ["SystemPing", "ContainerList"], "ping": ["SystemPing"]})]
    assert lines[:4] == [
        "# 3 requests at the door seen",
        "#      2  ContainerList",
        "#      1  SystemPing",
        "# these lists have them all: traefik",
    ]


def test_what_the_list_of_the_tool_would_deny_is_said() -> None:
    lines = [*use_of("seen").list_lines({"seen": ["SystemPing"], "other": ["SystemPing"]})]

    assert lines[3] == "# the list seen would deny: ContainerList"


def test_owners_are_drafted_where_each_object_has_one() -> None:
    use = use_of("seen")
    use.add("ContainerInspect", "door:seen", "door", ("unix:alicia", "group:dev"))
    use.add("ContainerInspect", "door:other", "door", ("unix:bob",))

    assert use.describe()["owners"] == ["group:dev", "unix:alicia"]
    assert not any("no owners" in line for line in use.list_lines({}))

    use.add("ContainerInspect", "door:seen", "door", ("the operators",))

    assert "owners" not in use.describe()
    assert "# no owners: it used objects without one" in use.list_lines({})


def test_the_users_door_says_of_how_many_users() -> None:
    use = use_of("users")

    assert use.describe() == {"name": "users", "operations": ["ContainerCreate"]}
    assert [*use.list_lines({})][1] == "#      2  ContainerCreate, by 2 users"
    assert use_of("nobody").requests == 0
