"""Pieces are merged into one body; a step is one line that a person could type."""

from .steps import Piece, Step, shell_line


def test_pieces_merge_objects_field_by_field_and_join_lists() -> None:
    step = Step(
        "alicia",
        "run",
        "c0",
        [
            Piece("-v /a:/b", {"HostConfig": {"Binds": ["/a:/b"]}}),
            Piece("-v /c:/d", {"HostConfig": {"Binds": ["/c:/d"], "Init": True}}),
        ],
    )

    assert step.body() == {"HostConfig": {"Binds": ["/a:/b", "/c:/d"], "Init": True}}


def test_a_step_is_written_as_its_user_would_type_it() -> None:
    step = Step("bruno", "run", "c0", [Piece("--init")], "look; exit 1", "busybox", "1.40")

    assert shell_line(step) == (
        "bruno$ DOCKER_API_VERSION=1.40 docker run -d --name c0 --init busybox sh -c 'look; exit 1'"
    )


def test_a_swap_is_typed_on_the_host() -> None:
    assert shell_line(Step("alicia", "swap", "/home/alicia/d", text="/")) == (
        "alicia$ (on the host) mv /home/alicia/d /home/alicia/d.old; ln -s / /home/alicia/d"
    )
