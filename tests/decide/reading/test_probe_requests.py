"""The probes of `portero host`: only what creates nothing on any daemon is one."""

import pytest

from portero.decide.reading.probe_requests import LONG_BYTES, TARGET, is_probe, make_body
from portero.decide.reading.uri import parse_target


@pytest.mark.parametrize(
    ("target", "body", "probe"),
    [
        (TARGET, make_body(0), True),
        (f"/v1.47{TARGET}", make_body(LONG_BYTES), True),
        (TARGET, None, False),
        (TARGET, make_body(0).replace(b"Memory", b"Binds"), False),
        (TARGET, make_body(0) + b" ", False),
        ("/containers/create", make_body(0), False),
        (f"{TARGET}&name=web", make_body(0), False),
        ("/containers/web/update?name=portero-probe", make_body(0), False),
    ],
)
def test_a_probe_is_known_byte_by_byte(target: str, body: bytes | None, probe: bool) -> None:
    assert is_probe(parse_target(target), body) is probe
