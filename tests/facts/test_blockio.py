"""Block IO limits are found with the device that they are for."""

from portero.facts import blockio
from portero.host.fixed import FixedHost

HOST = FixedHost({"links": {"/dev/disk/by-id/x": "../../sda"}})


def test_every_kind_of_limit_is_reported() -> None:
    found = blockio.read_limits(
        {
            "BlkioWeight": 300,
            "BlkioWeightDevice": [{"Path": "/dev/sda", "Weight": 400}],
            "BlkioDeviceReadBps": [{"Path": "/dev/sda", "Rate": 1}],
            "BlkioDeviceWriteBps": [{"Path": "/dev/sdb", "Rate": 2}, {"Path": "/dev/sdc", "Rate": 3}],
            "BlkioDeviceReadIOps": [{"Path": "/dev/sda", "Rate": 4}],
            "BlkioDeviceWriteIOps": [{"Path": "/dev/sda"}],
        },
        "HostConfig.",
        HOST,
    )

    assert [tuple(fact.values()) for fact in found if isinstance(fact, dict)] == [
        ("", "weight", 300, "HostConfig.BlkioWeight"),
        ("/dev/sda", "weight", 400, "HostConfig.BlkioWeightDevice[0]"),
        ("/dev/sda", "readBps", 1, "HostConfig.BlkioDeviceReadBps[0]"),
        ("/dev/sdb", "writeBps", 2, "HostConfig.BlkioDeviceWriteBps[0]"),
        ("/dev/sdc", "writeBps", 3, "HostConfig.BlkioDeviceWriteBps[1]"),
        ("/dev/sda", "readIOps", 4, "HostConfig.BlkioDeviceReadIOps[0]"),
        ("/dev/sda", "writeIOps", 0, "HostConfig.BlkioDeviceWriteIOps[0]"),
    ]


def test_nothing_set_is_no_limit() -> None:
    assert blockio.read_limits({"BlkioWeight": 0}, "", HOST) == []


def test_another_spelling_of_a_device_and_a_link_to_it_are_that_device() -> None:
    devices = [{"Path": "/dev//sda", "Rate": 1}, {"Path": "/dev/disk/by-id/x", "Rate": 2}]
    found = blockio.read_limits({"BlkioDeviceWriteBps": devices}, "", HOST)

    assert [(fact["device"], fact["rate"]) for fact in found if isinstance(fact, dict)] == [
        ("/dev/sda", 1),
        ("/dev/disk/by-id/x", 2),
        ("/dev/sda", 2),
    ]


def test_an_empty_list_in_an_update_lifts_the_limit() -> None:
    found = blockio.read_update({"BlkioDeviceReadBps": [], "BlkioWeight": 300}, HOST)

    assert found == [
        {"device": "", "limit": "weight", "rate": 300, "at": "BlkioWeight"},
        {"device": "", "limit": "readBps", "rate": 0, "at": "BlkioDeviceReadBps"},
    ]


def test_an_update_without_a_list_leaves_the_limits_alone() -> None:
    assert blockio.read_update({}, HOST) == []
