"""The calls of Docker's plugin protocol: name and body in, the document of the answer out. A failure is a denial."""

import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol

from portero.decide.interfaces.daemon import Peer
from portero.decide.reading.envelope import MAX_BYTES
from portero.decide.values.json_fields import JSON

_LOG = logging.getLogger(__name__)
# What dockerd's plugin client accepts (moby pkg/plugins/transport).
CONTENT_TYPE = "application/vnd.docker.plugins.v1.2+json"
# One byte more than the limit is enough for the reader of envelopes to refuse it.
MAX_READ = MAX_BYTES + 1
# dockerd reads the answer only after it has sent its request, so what is too long is read to the end, up to here.
MAX_SENT = 64 << 20


class Answers(Protocol):
    """The judge: portero.serve.application.application.Application."""

    def answer(self, data: bytes, peer: Peer) -> Mapping[str, JSON]:
        """The reply to one AuthZReq of this peer."""

    def note_result(self, data: bytes, peer: Peer, send: Callable[[], None] | None = None) -> None:
        """What dockerd posts after a request. `send` answers: no request is decided between that and the note."""

    def failure(self) -> Mapping[str, JSON]:
        """The reply when portero itself fails: a denial."""

    def health(self) -> Mapping[str, JSON]:
        """The short status."""

    def status(self) -> Mapping[str, JSON]:
        """The full status."""

    def policy(self) -> Mapping[str, JSON]:
        """The policy in force, and the settings, for commands on this host."""

    def metrics_text(self) -> bytes:
        """The metrics, as Prometheus reads them."""


# Nearly every answer.
ALLOWED: Mapping[str, JSON] = MappingProxyType({"Allow": True, "Msg": ""})


def _activate(answers: Answers, data: bytes, peer: Peer) -> Mapping[str, JSON]:
    return {"Implements": ["authz"]}


def _before_execution(answers: Answers, data: bytes, peer: Peer) -> Mapping[str, JSON]:
    try:
        return answers.answer(data, peer)
    except Exception as error:  # noqa: BLE001 - an internal error is a denial
        _LOG.error("internal error", exc_info=error)
        return answers.failure()


def note_result(answers: Answers, data: bytes, peer: Peer, send: Callable[[], None] | None = None) -> None:
    """Have `send` answer, and note what dockerd posts after a request.

    The request has been carried out: a denial would undo nothing, and the client would not know.
    """
    try:
        answers.note_result(data, peer, send)
    except Exception as error:  # noqa: BLE001 - see above
        _LOG.error("internal error", exc_info=error)


def _after_execution(answers: Answers, data: bytes, peer: Peer) -> Mapping[str, JSON]:
    note_result(answers, data, peer)
    return ALLOWED


# A large one comes without its data (http_connection.py).
RESULT = "/AuthZPlugin.AuthZRes"
# Calls by path; all of them are POSTed.
CALLS: Mapping[str, Callable[[Answers, bytes, Peer], Mapping[str, JSON]]] = MappingProxyType(
    {"/Plugin.Activate": _activate, "/AuthZPlugin.AuthZReq": _before_execution, RESULT: _after_execution}
)
