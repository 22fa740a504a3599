"""Logged before answered. What answers dockerd: socket, HTTP, settings, signed policy, decision log, status.

Imports: decide, observe.
"""
