"""Which files of dockerds a path opens."""

from dataclasses import replace

from portero.host.asking_daemon import locate_daemon
from portero.host.daemon_places import DaemonPlaces
from portero.host.dockerd_process import DockerdIdentity, RunningDockerd

RUNNING = RunningDockerd(DockerdIdentity(7, 22), 0, 0, "/", "/", (), (), {})
ASKING = locate_daemon(RUNNING, {"data-root": "/srv/d", "exec-root": "/srv/run"})


def test_files_and_data_are_told_apart() -> None:
    other = replace(ASKING, data=("/srv/other",), files=("/srv/other.json",))
    places = DaemonPlaces([ASKING, other], str)

    assert places.find("/srv") == (("/srv/other.json", "/srv/run"), ("/srv/d", "/srv/other"))
    assert places.find("/srv/d/volumes") == ((), ("/srv/d",))
    assert places.find("/srv/data") == ((), ())


def test_what_a_daemon_runs_is_written_from_above_and_replaced_from_within() -> None:
    other = replace(ASKING, programs=("/srv/kata/run", "/srv/cdi"))
    places = DaemonPlaces([ASKING, other], str)

    assert places.find_written("/srv/kata") == ("/srv/kata/run",)
    assert places.find_written("/srv/cdi/nvidia.json") == ("/srv/cdi",)
    assert places.find_written("/srv/kata/share") == ()


def test_the_usual_data_counts_without_a_daemon() -> None:
    assert DaemonPlaces([], str).find("/var/lib") == ((), ("/var/lib/containerd", "/var/lib/docker"))
