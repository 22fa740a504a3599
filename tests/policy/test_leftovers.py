"""What package managers and editors leave is named as that; a file of a policy never is."""

import pytest

from portero.policy.leftovers import describe_leftover


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("site.json.dpkg-dist", "what dpkg left when a package changed site.json"),
        ("rules/team/a.json.dpkg-old", "what dpkg left when a package changed a.json"),
        ("site.json.ucf-new", "what dpkg left when a package changed site.json"),
        ("site.json.rpmnew", "what rpm left when a package changed site.json"),
        ("exceptions/x.json~", "a backup of x.json"),
        ("#site.json#", "a backup of site.json"),
        ("site.json.orig", "a backup of site.json"),
        (".site.json.swp", "the swap file of an editor in which site.json is open, or was when it ended"),
        ("rules/team/.#a.json", "the lock of an editor in which a.json is open, or was when it ended"),
    ],
)
def test_a_leftover_is_named_as_what_it_is(name: str, what: str) -> None:
    assert describe_leftover(name) == what


@pytest.mark.parametrize("name", ["site.json", "README.md", "rules/a~b/c.json", "keys/a.dpkg.pem", "#", "~", ".swp"])
def test_any_other_file_is_none(name: str) -> None:
    assert describe_leftover(name) == ""
