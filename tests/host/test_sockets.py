"""Which listening sockets lead to root, and which only to another user."""

from portero.host.sockets import ListeningSocket, ListeningSockets

SOCKETS = ListeningSockets(
    (
        ListeningSocket("/var/tmp/tmux", "/var/tmp/tmux", 7, 0),
        ListeningSocket("/home/u/agent", "/home/u/agent", 8, 1000),
        ListeningSocket("/home/u/run/docker.sock", "/srv/u/docker.sock", 9, 1000),
    ),
    unattributed=("/srv/podman.sock",),
)


def test_what_root_or_a_daemon_listens_on_is_held() -> None:
    assert SOCKETS.of_root.held("/") == {"/var/tmp/tmux", "/srv/u/docker.sock", "/srv/podman.sock"}
    assert SOCKETS.of_root.held("/home/u/run") == {"/srv/u/docker.sock"}


def test_the_sockets_of_other_users_are_apart() -> None:
    assert SOCKETS.of_users.held("/home") == {"/home/u/agent"}


def test_the_sockets_of_one_process_are_listed() -> None:
    assert SOCKETS.list_paths(9) == ("/home/u/run/docker.sock",)
