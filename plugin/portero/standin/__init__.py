"""A stand-in for dockerd: real clients talk to it, every request is judged, nothing is created.

It is what `portero try` and `portero check` run commands against.
Imports: decision, dockerd, files, host, identity, judging, objects, reading, refusals, values.
"""
