"""Users and groups have the names in the host's own files."""

from portero.hostcheck.group_members import Accounts
from tests.hostcheck.host_tree import Host

PASSWD = "alicia:x:1000:1000::/home/alicia:/bin/sh\nbob:x:1001:105::/home/bob:/bin/sh\n"
GROUPS = "docker:x:105:carla\nstaff:x:50:dora\nodd row\n"


def test_users_and_groups_have_names_where_the_host_knows_them_and_groups_have_members(host: Host) -> None:
    host.write("/etc/passwd", PASSWD)
    host.write("/etc/group", GROUPS)
    accounts = Accounts(host.files)

    named = accounts._user(1000), accounts._user(7), accounts._group(50), accounts._group(7)
    members = accounts.members(frozenset({"docker", "staff", "nothing"}))

    assert named == ("alicia", "7", "staff", "7")
    assert members == {"value": ["bob", "carla", "dora"], "at": "/etc/group docker, nothing, staff"}
