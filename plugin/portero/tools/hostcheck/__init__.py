"""`portero host`: collects the facts of a host (schemas/host.json), checks the host rules, changes its units.

A fact that cannot be read is unknown, with the reason.
Imports: decide.decision, decide.engine, decide.facts, decide.identity, decide.policy, decide.reading,
decide.values, observe.dockerd, observe.files, observe.host, observe.process, observe.stores, serve.decision_log,
serve.settings, serve.status.
"""
