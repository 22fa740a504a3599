"""The recorded daemon of tests/tools/scan, for `portero scan`."""

from tests.tools.scan.conftest import daemon

__all__ = ["daemon"]
