"""Portero: an admission webhook for plain Docker.

Imports: nothing of Portero.
"""

__version__ = "0.1.0"
