"""What answers dockerd: socket, HTTP, settings, signed policy, decision log, status. Logged before answered.

Imports: decide, observe.
"""
