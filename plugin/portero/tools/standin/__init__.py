"""A stand-in for dockerd: real clients talk to it, every request is judged, nothing is created.

It is what `portero try` and `portero check` run commands against.
Imports: decide.decision, decide.flags, decide.identity, decide.interfaces, decide.judging, decide.reading,
decide.values, observe.dockerd, observe.lookups.
"""
