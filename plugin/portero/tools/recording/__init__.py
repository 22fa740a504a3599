"""Records requests without their secrets, reads requests from files, compares two policies on them.

The format of a line is `recorded_line`.
Imports: decide.decision, decide.facts, decide.identity, decide.interfaces, decide.reading, decide.values,
observe.files.
"""
