"""What passes between the stand-in and its clients."""

import pytest

from portero.standin.messages import Answer, Call, failure, stream_documents


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('{"label": {"a=b": true}}', {"label": ["a=b"]}),
        ('{"label": ["a=b"]}', {"label": ["a=b"]}),
        ("", {}),
        ("{", {}),
        ("7", {}),
    ],
)
def test_filters_are_read_in_both_spellings(written: str, read: dict[str, list[str]]) -> None:
    assert Call("ContainerList", query={"filters": (written,)}).filters() == read


def test_the_first_value_of_a_parameter_counts() -> None:
    call = Call("ContainerList", query={"all": ("1", "0")})

    assert (call.first("all"), call.first("size")) == ("1", "")


@pytest.mark.parametrize(("client", "expected"), [("compose/2.26.1", True), ("Docker-Client/26.1.5 (linux)", False)])
def test_compose_is_known_by_its_user_agent(client: str, expected: bool) -> None:
    assert Call("NetworkInspect", client=client).is_compose is expected


def test_an_error_is_worded_as_dockerd_words_it() -> None:
    assert failure(404, "no such image") == Answer(404, {"message": "no such image"})


def test_progress_is_one_document_a_line() -> None:
    stream = stream_documents({"status": "a"}, {"status": "b"}).stream

    assert list(stream or ()) == [
        b'{"status": "a"}\r\n',
        b'{"status": "b"}\r\n',
    ]
