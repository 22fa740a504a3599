"""A mount that stays, with less."""

from typing import Any

import pytest

from portero.flags import binds


@pytest.mark.parametrize(
    ("bind", "read_only", "private"),
    [
        ("/a:/b", "/a:/b:ro", "/a:/b"),
        ("/a:/b:rw,z", "/a:/b:ro,z", "/a:/b:rw,z"),
        ("/a:/b:ro,rslave", "/a:/b:ro,rslave", "/a:/b:ro"),
        ("data:/b", "data:/b:ro", "data:/b"),
        ("/b", "/b", "/b"),
    ],
)
def test_a_bind_keeps_its_other_options(bind: str, read_only: str, private: str) -> None:
    assert binds.read_only_bind(bind) == read_only
    assert binds.private_bind(bind) == private


@pytest.mark.parametrize(
    ("mount", "read_only", "private"),
    [
        ({"Source": "/a"}, {"Source": "/a", "ReadOnly": True}, {"Source": "/a"}),
        (
            {"BindOptions": {"Propagation": "rshared", "NonRecursive": True}},
            {"BindOptions": {"Propagation": "rshared", "NonRecursive": True}, "ReadOnly": True},
            {"BindOptions": {"NonRecursive": True}},
        ),
        (None, None, None),
    ],
)
def test_a_mount_keeps_its_other_fields(mount: Any, read_only: Any, private: Any) -> None:
    assert binds.read_only_mount(mount) == read_only
    assert binds.private_mount(mount) == private
