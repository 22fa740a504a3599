"""The recorded daemon of tests/scan, for `portero scan`."""

from tests.scan.conftest import daemon

__all__ = ["daemon"]
