"""What host paths open is found alike for one path and for several."""

import pytest

from portero.facts.mount import look_up
from portero.host.fixed import FixedHost


@pytest.mark.parametrize("visible", [True, False])
@pytest.mark.parametrize("path", ["/", "/srv", "/var/run", "/tmp/lnk", "/run/docker.sock"])
def test_one_path_is_reported_as_several_would_be(path: str, visible: bool) -> None:
    host = FixedHost({"links": {"/tmp/lnk": "/etc"}, "visible": visible})

    assert look_up([path], "Here", host) == look_up([path, path], "Here", host)


def test_no_path_opens_nothing() -> None:
    assert look_up([], "Here", FixedHost()) == {}
