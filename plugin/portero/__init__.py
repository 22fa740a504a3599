"""Portero: an admission webhook for plain Docker."""

__version__ = "0.1.0"
