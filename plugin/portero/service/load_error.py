"""Why Portero cannot start or reload."""

from portero.errors import Faults


class LoadError(Faults):
    """Portero cannot start or reload with these settings and files; `faults` holds one line each."""
