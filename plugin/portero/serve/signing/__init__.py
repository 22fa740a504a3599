"""Signed policy folders: read them whole, verify them, remember the highest version seen.

The only place that signs and verifies files.
Imports: decide.identity, decide.policy, decide.values, observe.files, observe.stores.
"""
