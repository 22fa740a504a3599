"""The pages about Portero's status, a WSGI application of flask (PEP 3333).

Docker's own calls are in plugin_protocol.py. Any other path is an HTTP error, never a 200 that allows.
"""

import json
import logging
from collections.abc import Mapping

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from portero.decide.values.json_fields import JSON
from portero.serve.server.plugin_protocol import CONTENT_TYPE, Answers

_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_LOG = logging.getLogger(__name__)


def create_pages(answers: Answers) -> Flask:
    """The pages of one set of answers."""
    app = Flask("portero", static_folder=None)
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(Exception, lambda error: _answer_failure(answers, error))

    @app.get("/healthz")
    def health() -> Response:
        return _reply(answers.health())

    @app.get("/status")
    def status() -> Response:
        return _reply(answers.status())

    @app.get("/policy")
    def policy() -> Response:
        return _reply(answers.policy())

    @app.get("/metrics")
    def metrics_text() -> Response:
        return Response(answers.metrics_text(), content_type=_METRICS_TYPE)

    return app


def _answer_http_error(error: HTTPException) -> Response:
    return _reply({"Err": f"portero: {error.name}"}, error.code or 500)


def _answer_failure(answers: Answers, error: Exception) -> Response:
    _LOG.error("internal error", exc_info=error)
    return _reply(answers.failure())


def _reply(document: Mapping[str, JSON], status: int = 200) -> Response:
    return Response(json.dumps(document), status=status, content_type=CONTENT_TYPE)
