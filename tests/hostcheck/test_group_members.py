"""Users and groups have the names in the host's own files."""

from portero.hostcheck.group_members import Accounts
from tests.hostcheck.host_tree import Host

PASSWD = "alicia:x:1000:1000::/home/alicia:/bin/sh\nbob:x:1001:105::/home/bob:/bin/sh\n"
GROUPS = "docker:x:105:carla\nstaff:x:50:dora\n"


def test_users_and_groups_have_names_where_the_host_knows_them(host: Host) -> None:
    host.write("/etc/passwd", PASSWD)
    host.write("/etc/group", GROUPS + "odd row\n")
    accounts = Accounts(host.files)

    named = accounts._user(1000), accounts._user(7), accounts._group(50), accounts._group(7)

    assert named == ("alicia", "7", "staff", "7")


def test_members_of_several_groups_are_listed_once_and_sorted(host: Host) -> None:
    host.write("/etc/passwd", PASSWD)
    host.write("/etc/group", GROUPS)

    members = Accounts(host.files).members(frozenset({"docker", "staff", "nothing"}))

    assert members == {"value": ["bob", "carla", "dora"], "at": "/etc/group docker, nothing, staff"}
