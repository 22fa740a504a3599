"""The page of a scan stands alone and holds every name escaped."""

import re

from tests.scan.recorded_daemon import Daemon
from tests.scan.scanning import make_clean, scan


def test_the_page_stands_alone_and_escapes_every_name(daemon: Daemon) -> None:
    mynet = next(net for net in daemon.answers["/networks"] if net["Name"] == "mynet")
    mynet |= {"Driver": "acme/bridge", "Name": "<script>alert(1)</script>"}

    page = scan(daemon, "--format", "html").output

    assert page.startswith("<!doctype html>")
    assert "<script" not in page
    assert "network &lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not re.search(r"""(src|href)=|url\(|@import|https?:""", page)
    assert "prefers-color-scheme: dark" in page
    assert "docker start priv" in page


def test_the_page_of_a_clean_daemon_says_so(daemon: Daemon) -> None:
    make_clean(daemon)

    page = scan(daemon, "--format", "html").output

    assert "None is open." in page
    assert "Nothing." in page
