"""What `portero status` and the metrics report.

Reads what others hold, and decides nothing.
Imports: decision, decision_log, dockerd, files, host, identity, policy, refusals, settings, signing, values.
"""
