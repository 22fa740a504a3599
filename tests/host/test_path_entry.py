"""What a path opens is found whether it lies at, above or below a protected place, and under which of its names."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portero.files.symlinks import HostWalk
from portero.host.path_entry import Looker
from portero.host.resolved_paths import PathResolver, ResolvedPaths
from portero.host.sockets import ListeningSocket, ListeningSockets
from portero.host.view import HostEntry
from tests.host.test_resolved_paths import dockerd

LISTENING = ListeningSockets(
    (ListeningSocket("/srv/root.sock", "/srv/root.sock", 1, 0), ListeningSocket("/srv/user.sock", "/srv/u.sock", 2, 7))
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    for folder in ("run", "opt/portero", "opt/venv", "var/log", "data", "srv/plain"):
        (root / folder).mkdir(parents=True)
    (root / "srv" / "way").symlink_to("/opt")
    (root / "logs").symlink_to("/var/log")
    return root


def looker(root: Path) -> Looker:
    walk = HostWalk(str(root))
    known = PathResolver(["/run/docker.sock"], ["/opt/portero"], ["/opt/venv"], ["/logs/p.jsonl"])
    places = known.resolve(walk, dockerd(1, "--data-root=/data", "--exec-root=/run/engine"), (), ())
    return Looker(walk, places, LISTENING, ("/opt/portero",))


@pytest.mark.parametrize(
    ("path", "opened"),
    [
        ("/srv/plain", HostEntry("/srv/plain", "directory", ())),
        ("/opt/portero/x", HostEntry("/opt/portero/x", "missing", ("/opt/portero/x",))),
        ("/srv/way/venv", HostEntry("/opt/venv", "directory", (), ("/opt/venv",))),
        ("/var/log", HostEntry("/var/log", "directory", (), ("/var/log/p.jsonl",))),
        ("/srv/root.sock", HostEntry("/srv/root.sock", "missing", ("/srv/root.sock",))),
        ("/srv/u.sock", HostEntry("/srv/u.sock", "missing", (), (), ("/srv/u.sock",))),
        ("/data/volumes", HostEntry("/data/volumes", "missing", (), (), (), (), ("/data",))),
        ("/run/engine/x", HostEntry("/run/engine/x", "missing", (), (), (), ("/run/engine",))),
    ],
)
def test_a_path_opens_what_is_protected_there(root: Path, path: str, opened: HostEntry) -> None:
    assert looker(root).look(path) == opened


def list_all(protected: ResolvedPaths, *paths: str) -> set[str]:
    """What each kind of protected path finds by itself."""
    kinds = (protected.programs, protected.logs, protected.daemon_files, protected.daemon_data)
    return {
        *protected.guarded.list_held(*paths),
        *(path for path in paths if protected.own.surrounds(path)),
        *(path for kind in kinds for path in kind.list_opened(*paths)),
    }


PARTS = st.sampled_from(
    ["run", "docker.sock", "opt", "portero", "venv", "logs", "var", "log", "data", "srv", "way", "x"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(PARTS, max_size=4).map(lambda parts: "/" + "/".join(parts)))
def test_nothing_is_left_out_where_all_places_together_say_that_nothing_is_opened(root: Path, path: str) -> None:
    look = looker(root)
    resolved = look.walk.resolve(path)

    if list_all(look.protected, path, resolved):
        assert look.protected.all.may_open(path) or look.protected.all.may_open(resolved)
    found = look.look(path)
    opened = {*found.holds, *found.written, *found.daemon_files, *found.docker_data}
    assert opened.issuperset(list_all(look.protected, path, resolved))
