"""Stamps who asks, decides nothing. A process and an account of its own, to which clients connect instead of dockerd.

Imports: decide.facts, decide.identity, decide.ownership, decide.reading, decide.values, observe.dockerd,
observe.files, observe.host, observe.process, observe.stores.
"""
