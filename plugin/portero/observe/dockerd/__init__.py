"""The daemon that asks: its process, command line, daemon.json, mounts, and HTTP over its socket.

What could not be read is an error, never a default.
Imports: decide.interfaces, decide.values, observe.files, observe.process.
"""
