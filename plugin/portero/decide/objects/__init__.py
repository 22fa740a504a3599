"""Existing objects that a request uses, as facts.

Imports: decide.decision, decide.facts, decide.identity, decide.images, decide.interfaces, decide.ownership,
decide.policy, decide.reading, decide.values.
"""
