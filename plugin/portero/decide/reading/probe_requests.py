"""The two requests by which `portero host` finds out whether dockerd shows its plugin every body.

Each has the image's name twice, which Portero refuses, for an image that cannot be pulled, with less memory than
dockerd allows: none of them creates anything. What is one, byte by byte, is marked in the log: reports leave it out.
"""

from portero.decide.reading.uri import Target

_PATH, _NAME = "/containers/create", "portero-probe"
TARGET = f"{_PATH}?name={_NAME}"
# .invalid never names a registry (RFC 2606).
_IMAGE = b'"Image":"portero-probe.invalid/nothing:none"'
# Daemons with CVE-2026-34040 drop a body of 1 MiB or more (moby pkg/authorization/authz.go, maxBodySize).
LONG_BYTES = (1 << 20) + (1 << 16)


def make_body(length: int) -> bytes:
    """The body with so many bytes in a label."""
    padding = b"x" * length
    return b'{%s,%s,"Labels":{"portero-probe":"%s"},"HostConfig":{"Memory":1}}' % (_IMAGE, _IMAGE, padding)


def is_probe(target: Target, body: bytes | None) -> bool:
    """Whether this request is one of the two. With a hidden body it is not: another body can be hidden too."""
    if body is None or target.path != _PATH or target.query.get("name") != (_NAME,):
        return False
    return body in (make_body(0), make_body(LONG_BYTES))
