"""`portero host`: collects the facts of a host in one document (schemas/host.json), checks the host rules.

A fact that cannot be read is unknown, with the reason.
Imports: decision, decision_log, dockerd, door, engine, files, identity, policy, reading, values.
"""
