"""The pages beside Docker's calls: health, status, metrics, and errors that never allow."""

import pytest

from portero.decide.values.json_fields import JSON
from portero.serve.server.status_pages import create_pages
from tests.serve.server.running import Server
from tests.serve.server.stand_in import StandIn


def test_health_and_status_are_reported(server: Server) -> None:
    assert server.ask("GET", "/healthz") == (200, {"loads": 0, "began": "first"})
    assert server.ask("GET", "/status") == (200, {"full": True})
    assert server.ask("GET", "/policy") == (200, {"settings": {}})


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/", 404),
        ("POST", "/AuthZPlugin.AuthZReq/", 404),
        ("POST", "/VolumeDriver.Create", 404),
        ("GET", "/AuthZPlugin.AuthZReq", 405),
        ("PUT", "/AuthZPlugin.AuthZRes", 405),
        ("GET", "/Plugin.Activate", 405),
        ("POST", "/healthz", 405),
    ],
)
def test_what_is_no_call_of_the_protocol_is_an_http_error(server: Server, method: str, path: str, status: int) -> None:
    answered, document = server.ask(method, path, b"")

    assert answered == status
    assert list(document) == ["Err"]


def test_a_fault_in_a_page_is_portero_s_failure_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(StandIn):
        def status(self) -> dict[str, JSON]:
            raise ZeroDivisionError

    answer = create_pages(Failing()).test_client().get("/status")

    assert answer.get_json(force=True) == {"Allow": False, "Msg": "internal-error"}
    assert "ZeroDivisionError" in caplog.text


def test_metrics_are_text_as_prometheus_reads_it() -> None:
    answer = create_pages(StandIn()).test_client().get("/metrics")

    assert answer.data == b"loads 1\n"
    assert answer.content_type.startswith("text/plain; version=")
