"""What the host answered to a request, as JSON and back."""

import json
from ipaddress import ip_network
from typing import Any

import pytest

from portero.decide.identity.caller import Identity
from portero.decide.interfaces import host_notes
from portero.decide.interfaces.host import HostEntry, HostRoutes, Passage, Swap, Trace
from portero.decide.interfaces.host_notes import HostNotes
from portero.observe.dockerd.daemon_defaults import make_defaults
from portero.tools.recording import recorded_notes
from portero.tools.recording.recorded_notes import read_notes, write_notes

DAEMON = make_defaults(
    {
        "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 1, "Hard": 2}},
        "default-shm-size": "64m",
        "default-network-opts": {"bridge": {"com.docker.network.bridge.enable_icc": "false"}},
    }
)
KNOWN: dict[str, dict[str, Any]] = {
    "entry": {"/srv": HostEntry("/srv", "directory", ("/run/docker.sock",))},
    "trace": {"/srv": Trace(("/",), (Swap("user alicia (1000)", "/srv"),), seen=False)},
    "passage": {"/srv": Passage(None, ("/",))},
    "account": {"1000": "alicia", "": ""},
    "network": {"db": None, "0123456789ab": "web"},
    "daemon": {"": DAEMON},
    "devices": {"": "closed"},
    "routes": {"": HostRoutes((ip_network("10.0.0.0/8"), ip_network("fd00::/8")), frozenset({"eth0", "docker0"}))},
    "switched-off": {"": frozenset({"CpuCfsQuota"})},
    "identity": {"": Identity("alicia", ("dev",), "token", (), 900.0, {"token": ("dev",)})},
    "objects": {"": {"containers": [{"name": "web", "violates": ["no-privileged"]}]}},
}


def test_every_answer_comes_back_as_it_was() -> None:
    read = read_notes(json.loads(json.dumps(write_notes(HostNotes(KNOWN)))))

    assert read.answers == KNOWN
    assert read.answers["identity"][""].sources == {"token": ("dev",)}


@pytest.mark.parametrize(
    "document",
    [
        *([], {"gossip": {"": 1}}, {"daemon": []}, {"devices": {"": "ajar"}}, {"daemon": {"": {"ulimits": 1}}}),
        *({"daemon": {"": {"shm_size": True}}}, {"entry": {"/srv": {"unknown": 1}}}),
        {"routes": {"": {"ranges": ["x"], "interfaces": []}}},
        {"daemon": {"": {"refused": ["no-such-code", ""]}}},
    ],
)
def test_anything_else_is_none(document: Any) -> None:
    with pytest.raises((ValueError, LookupError, TypeError)):
        read_notes(document)


def test_every_answer_that_is_noted_can_be_read_again() -> None:
    assert host_notes._QUESTIONS.keys() <= recorded_notes._TYPES.keys()
