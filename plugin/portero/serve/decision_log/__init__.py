"""The decision log: one line for each decision, in a file, on standard output or in journald.

A line is written before the reply; a log that fails refuses changes (`log_state`).
Imports: decide.decision, decide.values, observe.files, observe.process.
"""
