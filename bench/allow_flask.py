"""The other baseline: a plugin that allows everything, as one writes it with flask and gunicorn's threads.

usage: python bench/allow_flask.py SOCKET
"""

import sys

from flask import Flask, Response, request
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # has no types

_CONTENT_TYPE = "application/vnd.docker.plugins.v1.2+json"


def allows_everything() -> Flask:
    """The application."""
    app = Flask("allow")

    @app.post("/Plugin.Activate")
    def activate() -> Response:
        return Response('{"Implements": ["authz"]}', content_type=_CONTENT_TYPE)

    @app.post("/AuthZPlugin.AuthZReq")
    @app.post("/AuthZPlugin.AuthZRes")
    def allow() -> Response:
        request.get_data(cache=False)  # gunicorn hangs up on a client whose body is not read
        return Response('{"Allow": true}', content_type=_CONTENT_TYPE)

    return app


class _Server(BaseApplication):  # type: ignore[misc]  # see above: no types
    def load_config(self) -> None:
        chosen = {"bind": f"unix:{sys.argv[1]}", "worker_class": "gthread", "workers": 2, "threads": 32}
        chosen["graceful_timeout"] = 1  # a worker that gets its signal to stop while it starts does not stop by itself
        for name, value in (chosen | {"keepalive": 75, "loglevel": "warning", "control_socket_disable": True}).items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        return allows_everything()


if __name__ == "__main__":
    _Server().run()
