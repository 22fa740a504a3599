"""What `portero status` and the metrics report.

Reads what others hold, and decides nothing.
Imports: decide.decision, decide.identity, decide.interfaces, decide.policy, decide.values, observe.dockerd,
observe.files, observe.process, serve.decision_log, serve.settings, serve.signing.
"""
