"""Which listening sockets lead to root, and which only to another user."""

from portero.host.sockets import DEFAULT_SOCKETS, WELL_KNOWN, ListeningSocket, ListeningSockets

SOCKETS = ListeningSockets(
    (
        ListeningSocket("/var/tmp/tmux", "/var/tmp/tmux", 7, 0),
        ListeningSocket("/home/u/agent", "/home/u/agent", 8, 1000),
        ListeningSocket("/home/u/run/docker.sock", "/srv/u/docker.sock", 9, 1000),
    ),
    unattributed=("/srv/podman.sock",),
)


def test_what_root_or_a_daemon_listens_on_is_held() -> None:
    assert SOCKETS.of_root.list_held("/") == {"/var/tmp/tmux", "/srv/u/docker.sock", "/srv/podman.sock"}
    assert SOCKETS.of_root.list_held("/home/u/run") == {"/srv/u/docker.sock"}


def test_the_sockets_of_other_users_are_apart() -> None:
    assert SOCKETS.of_users.list_held("/home") == {"/home/u/agent"}


def test_the_sockets_of_one_process_are_listed() -> None:
    assert SOCKETS.list_paths(9) == ("/home/u/run/docker.sock",)


def test_the_default_sockets_of_the_daemons_are_known() -> None:
    assert set(DEFAULT_SOCKETS) == {
        *(f"{run}/docker.sock" for run in ("/run", "/var/run")),
        *(f"{run}/containerd/containerd.sock" for run in ("/run", "/var/run", "/run/docker", "/var/run/docker")),
        "/run/buildkit/buildkitd.sock",
        "/run/podman/podman.sock",
        "/run/crio/crio.sock",
    }
    assert {
        *("docker.sock", "containerd.sock", "containerd-debug.sock", "buildkitd.sock", "podman.sock", "crio.sock")
    } == WELL_KNOWN
