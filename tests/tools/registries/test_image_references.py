"""Names of images, the registries behind them, and which of these may be asked."""

import pytest

from portero.decide.images.trust import TrustEntry
from portero.tools.registries.image_references import DaemonImage, list_images, may_ask, parse

DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("written", "url", "wanted", "login"),
    [
        ("nginx", "https://registry-1.docker.io/v2/library/nginx", "latest", "https://index.docker.io/v1/"),
        ("r.example/team/app:1.4", "https://r.example/v2/team/app", "1.4", "r.example"),
        (f"r.example:5000/app@{DIGEST}", "https://r.example:5000/v2/app", DIGEST, "r.example:5000"),
        (f"127.0.0.1:5000/app:1@{DIGEST}", "http://127.0.0.1:5000/v2/app", DIGEST, "127.0.0.1:5000"),
    ],
)
def test_a_name_leads_to_its_registry(written: str, url: str, wanted: str, login: str) -> None:
    reference = parse(written)
    assert reference is not None
    assert (reference.address.url, reference.wanted, reference.login_name) == (url, wanted, login)
    assert reference.hosts == (("auth.docker.io",) if written == "nginx" else ())


@pytest.mark.parametrize(
    "written", ["", DIGEST, "a" * 64, "r.example/UP", "r.example/a/../../x", "user:pw@r.example/x"]
)
def test_what_is_no_name_is_not_asked_for(written: str) -> None:
    assert parse(written) is None


def test_only_an_entry_that_names_a_registry_lets_a_name_of_the_daemon_be_asked_for() -> None:
    assert may_ask(TrustEntry("r.example/*", ("team.pem",)))
    assert not may_ask(TrustEntry("*", ("team.pem",)))
    assert not may_ask(TrustEntry("r.example/*", ()))
    assert not may_ask(None)


def test_images_of_a_daemon_are_listed_without_names_that_are_none() -> None:
    listed = {"Id": DIGEST, "RepoTags": ["app:1", "<none>:<none>"], "RepoDigests": None}
    assert [*list_images([listed])] == [DaemonImage(DIGEST, ("app:1",), ())]
