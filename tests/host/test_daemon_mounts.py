"""Whose mounts count."""

from pathlib import Path

from portero.host.asking_daemons import AskingDaemons
from portero.host.daemon_mounts import DaemonMounts
from portero.host.mountinfo import MountReader
from portero.host.peer import Peer
from tests.host.proc_tree import dockerd


def test_they_are_those_of_the_daemon_that_asks_unless_the_files_lie_elsewhere(tmp_path: Path) -> None:
    dockerd(tmp_path, 7)
    dockerd(tmp_path, 8)
    daemons, own = AskingDaemons(tmp_path), MountReader()
    first, second = daemons.find(Peer(7, 0)), daemons.find(Peer(8, 0))
    seen, fixed = DaemonMounts(own, fixed=False), DaemonMounts(own, fixed=True)
    mounts = seen.find(first)

    assert isinstance(mounts, MountReader)
    assert mounts is seen.find(first)
    assert mounts is not seen.find(second)
    assert mounts is not own
    assert fixed.find(first) is seen.find(None) is own
