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


def test_the_users_door_says_of_how_many_users() -> None:
    use = use_of("users")

    assert use.describe() == {"name": "users", "operations": ["ContainerCreate"]}
    assert [*use.list_lines({})][1] == "#      2  ContainerCreate, by 2 users"
    assert use_of("nobody").requests == 0
