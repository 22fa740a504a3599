"""Where the things of a dockerd are, by its command line, environment, open files and daemon.json."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from portero.decide.interfaces.daemon import DockerdIdentity
from portero.decide.values.json_fields import JSON
from portero.observe.dockerd.asking_daemon import AskingDaemon, find_config_file, list_programs, locate_daemon
from portero.observe.dockerd.dockerd_process import RunningDockerd

ROOTS = RunningDockerd(DockerdIdentity(7, 22), 0, 0, "/", "/", (), (), {"HOME": "/root"})
ROOTLESS = replace(
    ROOTS,
    uid=1000,
    root_uid=1000,
    root="/proc/7/root",
    folder="/home/u",
    environment={"HOME": "/home/u", "XDG_RUNTIME_DIR": "/run/user/1000", "ROOTLESSKIT_STATE_DIR": "/tmp/rk"},
)


def locate(running: RunningDockerd, settings: Mapping[str, JSON] | None = None) -> AskingDaemon:
    return locate_daemon(running, settings or {})


def test_roots_daemon_has_its_things_at_the_usual_paths() -> None:
    assert locate(ROOTS) == AskingDaemon(
        pid=7,
        started=22,
        uid=0,
        rootless=False,
        root="/",
        root_uids=frozenset({0}),
        config_file="/etc/docker/daemon.json",
        data_roots=("/var/lib/docker",),
        exec_root="/var/run/docker",
        user_folder="",
        hosts=("/var/run/docker.sock",),
        containerd="/run/containerd/containerd.sock",
        flags={},
        files=("/var/run/docker", "/etc/docker/daemon.json"),
        data=("/var/lib/docker",),
    )


def test_a_rootless_daemon_has_them_in_its_home() -> None:
    assert locate(ROOTLESS) == AskingDaemon(
        pid=7,
        started=22,
        uid=1000,
        rootless=True,
        root="/proc/7/root",
        root_uids=frozenset({1000}),
        config_file="/home/u/.config/docker/daemon.json",
        data_roots=("/home/u/.local/share/docker",),
        exec_root="/run/user/1000/docker",
        user_folder="/home/u",
        hosts=("/run/user/1000/docker.sock",),
        containerd="/run/user/1000/docker/containerd/containerd.sock",
        flags={},
        data=("/home/u/.local/share/docker",),
        programs=("/home/u/.config/cdi",),
        temporary="/home/u/.local/share/docker/tmp",
        files=(
            *("/run/user/1000/docker", "/home/u/.config/docker/daemon.json", "/run/user/1000"),
            *("/home/u/.config/docker", "/home/u/.config/systemd", "/home/u/.local/lib/docker"),
        ),
    )


def test_a_rootless_daemon_follows_xdg() -> None:
    environment = {**ROOTLESS.environment, "XDG_CONFIG_HOME": "/srv/c", "XDG_DATA_HOME": "/srv/d"}
    daemon = locate(replace(ROOTLESS, environment=environment))

    assert (daemon.config_file, daemon.data_roots) == ("/srv/c/docker/daemon.json", ("/srv/d/docker",))
    assert {"/srv/c/docker", "/srv/c/systemd"} <= set(daemon.files)
    assert daemon.programs == ("/srv/c/cdi",)
    assert daemon.data == ("/srv/d/docker", "/home/u/.local/share/docker")


@pytest.mark.parametrize(
    ("flags", "settings"),
    [
        (("--data-root", "/srv/d/", "--exec-root=/srv/e", "-H", "unix:///srv/s", "--containerd=/srv/c"), {}),
        (("-g/srv/d", "--exec-root", "/srv/e", "-Hunix:///srv/s", "-H", "tcp://h:1", "--containerd=/srv/c"), {}),
        (
            (),
            {"data-root": "/srv/x/../d", "exec-root": "/srv/e", "hosts": ["unix:///srv/s", 1], "containerd": "/srv/c"},
        ),
    ],
    ids=["flags", "short", "daemon.json"],
)
def test_they_may_be_anywhere(flags: tuple[str, ...], settings: Mapping[str, JSON]) -> None:
    daemon = locate(replace(ROOTS, arguments=flags), settings)

    assert (daemon.data_roots, daemon.exec_root, daemon.hosts) == (("/srv/d",), "/srv/e", ("/srv/s",))
    assert daemon.containerd == "/srv/c"


def test_the_defaults_of_its_command_line_are_known() -> None:
    assert locate(replace(ROOTS, arguments=("--seccomp-profile=unconfined",))).flags == {
        "seccomp-profile": "unconfined"
    }


def test_a_relative_path_counts_from_the_folder_of_the_daemon() -> None:
    daemon = locate(replace(ROOTLESS, arguments=("--data-root", "data", "--config-file=d.json")))

    assert daemon.data_roots == ("/home/u/data",)
    assert daemon.config_file == find_config_file(replace(ROOTLESS, arguments=("--config-file=d.json",)))
    assert daemon.config_file == "/home/u/d.json"


def test_a_daemon_json_that_was_edited_since_the_start_hides_no_data_root() -> None:
    daemon = locate(
        replace(ROOTS, open_files=("socket:[1]", "/srv/old/volumes/metadata.db")), {"data-root": "/srv/new"}
    )

    assert daemon.data_roots == ("/srv/new", "/srv/old")


def test_a_remapped_root_is_seen_by_the_folder_of_its_data() -> None:
    daemon = locate(replace(ROOTS, open_files=("/srv/d/231072.231072/volumes/metadata.db",)), {"data-root": "/srv/d"})

    assert daemon.data_roots == ("/srv/d", "/srv/d/231072.231072")
    assert daemon.root_uids == {0, 231072}


def test_values_of_a_wrong_type_are_as_if_absent() -> None:
    settings: Mapping[str, JSON] = {"data-root": 1, "hosts": "x", "containerd": None, "exec-root": ""}

    assert locate(ROOTS, settings) == locate(ROOTS)


def test_the_kernels_files_about_it_are_found_by_its_process_id() -> None:
    assert (locate(ROOTS).mountinfo, locate(ROOTS).net) == ("/proc/7/mountinfo", "/proc/7/net")


@pytest.mark.parametrize(
    ("settings", "paths"),
    [
        ({"runtimes": {"kata": {"path": "/srv/kata/bin/../run"}, "other": {"path": "runsc"}}}, ("/srv/kata/run",)),
        ({"runtimes": {"shim": {"runtimeType": "/srv/shim"}, "usual": {"runtimeType": "io.x.v2"}}}, ("/srv/shim",)),
        ({"init-path": "/srv/i", "userland-proxy-path": "/srv/p"}, ("/srv/i", "/srv/p")),
        ({"tlscacert": "/srv/ca.pem", "seccomp-profile": "/srv/s.json"}, ("/srv/ca.pem", "/srv/s.json")),
        ({"cdi-spec-dirs": ["/srv/cdi", "/srv/more"]}, ("/srv/cdi", "/srv/more")),
        ({"nri-opts": {"enable": True, "plugin-path": "/srv/n", "plugin-config-path": "/srv/c"}}, ("/srv/n", "/srv/c")),
        ({"seccomp-profile": "unconfined"}, ()),
        ({"runtimes": [], "init-path": 7, "cdi-spec-dirs": "/srv/x"}, ()),
        ({"runtimes": {"odd": "/srv/x", "odder": {"path": ["/srv/x"]}}, "cdi-spec-dirs": [7]}, ()),
    ],
)
def test_the_settings_name_paths(settings: Mapping[str, JSON], paths: Sequence[str]) -> None:
    assert list_programs(settings, {}) == paths


@pytest.mark.parametrize(
    ("flag", "value", "paths"),
    [
        ("add-runtime", "kata=/srv/kata", ("/srv/kata",)),
        ("add-runtime", "kata=runsc", ()),
        ("init-path", "/srv/i", ("/srv/i",)),
        ("cdi-spec-dir", "/srv/cdi", ("/srv/cdi",)),
        (
            "nri-opts",
            'enable,"plugin-path=/srv/n,m",socket-path=/srv/s,plugin-config-path=/srv/c',
            ("/srv/n,m", "/srv/c"),
        ),
    ],
)
def test_so_do_flags(flag: str, value: str, paths: Sequence[str]) -> None:
    assert list_programs({}, {flag: (value,)}) == paths
