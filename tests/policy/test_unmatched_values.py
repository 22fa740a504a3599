"""A name that no request can have is hardly meant; each is named with what to write instead."""

import json
from typing import Any

from portero.policy.unmatched_values import list_notices
from tests.paths import SCHEMAS

SCHEMA: Any = json.loads((SCHEMAS / "site.schema.json").read_text())
SHIPPED: Any = json.loads((SCHEMAS / "site.json").read_text())


def notices(**values: Any) -> list[str]:
    return [*list_notices({**SHIPPED, **{key.replace("_", "-"): value for key, value in values.items()}}, SCHEMA)]


def test_a_sysctl_with_its_value_matches_nothing() -> None:
    assert notices(sysctls=["net.core.somaxconn", "net.ipv4.tcp_syncookies=1"]) == [
        "site.json: sysctls: net.ipv4.tcp_syncookies=1 matches nothing: write the name alone, net.ipv4.tcp_syncookies"
    ]


def test_a_star_matches_nothing_where_it_stands_for_itself() -> None:
    assert notices(groups_denied=["docker*"], annotations=["com.example.*"]) == [
        "site.json: groups-denied: docker* matches nothing, since * stands for itself here: write each name out"
    ]


def test_the_shipped_values_give_no_notice() -> None:
    assert notices() == []
