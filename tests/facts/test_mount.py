"""What host paths open is told alike for one path and for several."""

import pytest

from portero.facts.mount import opened
from portero.host.fixed import FixedHost


@pytest.mark.parametrize("visible", [True, False])
@pytest.mark.parametrize("path", ["/", "/srv", "/var/run", "/tmp/lnk", "/run/docker.sock"])
def test_one_path_is_told_as_several_would_be(path: str, visible: bool) -> None:
    host = FixedHost({"links": {"/tmp/lnk": "/etc"}, "visible": visible})

    assert opened([path], "Here", host) == opened([path, path], "Here", host)


def test_no_path_opens_nothing() -> None:
    assert opened([], "Here", FixedHost()) == {}
