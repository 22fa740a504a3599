"""Where a daemon of a few lines listens."""

from tests.observe.dockerd.conftest import address

__all__ = ["address"]
