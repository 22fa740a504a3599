"""The HTTP application: the four calls of Docker's plugin protocol, and two pages that tell how portero is.

Judging is done by what it is handed. Everything that is not an answer of its own is an HTTP error, which dockerd
takes as a refusal; never is it a 200 that allows.
"""

import json
import sys
import traceback
from collections.abc import Mapping
from typing import Protocol

from flask import Flask, Response, request
from werkzeug.exceptions import BadRequest, HTTPException

from portero.envelope import LARGEST
from portero.metrics import CONTENT_TYPE
from portero.types import JSON

# What dockerd's plugin client accepts (moby pkg/plugins/transport).
_CONTENT_TYPE = "application/vnd.docker.plugins.v1.2+json"
_PIECE = 1 << 20
# dockerd reads the answer only after it has sent its question, so what is too long is read to the end, up to here.
_MOST_DRAINED = 64 << 20


class Answers(Protocol):
    """Who judges: portero.application.Application."""

    def answer(self, data: bytes) -> Mapping[str, JSON]:
        """The reply to one AuthZReq."""
        ...

    def failure(self) -> Mapping[str, JSON]:
        """The reply when portero itself fails: a denial."""
        ...

    def health(self) -> Mapping[str, JSON]:
        """How portero is, in short."""
        ...

    def status(self) -> Mapping[str, JSON]:
        """How portero is, in full."""
        ...

    def figures(self) -> bytes:
        """The metrics, as Prometheus reads them."""
        ...


def create(answers: Answers) -> Flask:
    """The application for one set of answers."""
    app = Flask("portero", static_folder=None)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, lambda error: _failure(answers, error))

    @app.post("/Plugin.Activate")
    def activate() -> Response:
        return _reply({"Implements": ["authz"]})

    @app.post("/AuthZPlugin.AuthZReq")
    def before_execution() -> Response:
        # One byte more than the limit is enough for the reader of envelopes to refuse it.
        data = _read(LARGEST + 1)
        _drain()
        return _reply(answers.answer(data))

    @app.post("/AuthZPlugin.AuthZRes")
    def after_execution() -> Response:
        # The request has been carried out: a denial would undo nothing, and would leave the client in the dark.
        _drain()
        return _reply({"Allow": True})

    @app.get("/healthz")
    def health() -> Response:
        return _reply(answers.health())

    @app.get("/status")
    def status() -> Response:
        return _reply(answers.status())

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(answers.figures(), content_type=CONTENT_TYPE)

    return app


def _read(most: int) -> bytes:
    """The body, at most so many bytes of it. BadRequest when the connection ends before the body does."""
    data = bytearray()
    while len(data) < most:
        piece = request.stream.read(min(_PIECE, most - len(data)))
        if not piece:
            break
        data += piece
    # gunicorn's stream just ends where the connection does, and half a question is none.
    if len(data) < min(most, request.content_length or 0):
        raise BadRequest
    return bytes(data)


def _drain() -> None:
    left = _MOST_DRAINED
    while left > 0 and (piece := request.stream.read(_PIECE)):
        left -= len(piece)


def _http_error(error: HTTPException) -> Response:
    return _reply({"Err": f"portero: {error.name}"}, error.code or 500)


def _failure(answers: Answers, error: Exception) -> Response:
    traceback.print_exception(error, file=sys.stderr)
    return _reply(answers.failure())


def _reply(document: Mapping[str, JSON], status: int = 200) -> Response:
    return Response(json.dumps(document), status=status, content_type=_CONTENT_TYPE)
