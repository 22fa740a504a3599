"""What daemon.json refuses to builds."""

import pytest

from portero.dockerd.build_entitlements import are_off
from portero.values.json_types import JSON

OFF: dict[str, JSON] = {"network-host": False, "security-insecure": False}


def test_both_written_false_are_off() -> None:
    assert are_off({"builder": {"gc": {"enabled": True}, "entitlements": {**OFF, "device": True}}})


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"builder": None},
        {"builder": []},
        {"builder": {}},
        {"builder": {"entitlements": None}},
        {"builder": {"entitlements": {"network-host": False}}},
        {"builder": {"entitlements": {"security-insecure": False}}},
        {"builder": {"entitlements": {**OFF, "network-host": True}}},
        {"builder": {"entitlements": {**OFF, "security-insecure": None}}},
        {"builder": {"entitlements": {**OFF, "network-host": 0}}},
        {"builder": {"entitlements": {**OFF, "network-host": "false"}}},
        # Go would take these for the same names.
        {"builder": {"entitlements": {**OFF, "Network-Host": True}}},
        {"builder": {"entitlements": OFF, "Entitlements": {"network-host": True}}},
        {"builder": {"entitlements": {**OFF, "\u017fecurity-insecure": True}}},
        # dockerd does not start with it.
        {"Builder": {"entitlements": OFF}},
    ],
)
def test_all_else_is_on(settings: dict[str, JSON]) -> None:
    assert not are_off(settings)
