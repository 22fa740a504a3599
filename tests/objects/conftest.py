"""Where a daemon of a few lines listens."""

from tests.dockerd.conftest import address

__all__ = ["address"]
