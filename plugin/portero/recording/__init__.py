"""Records requests without their secrets, reads requests from files, compares two policies on them.

The format of a line is `recorded_line`.
Imports: decision, dockerd, facts, files, host, identity, reading, refusals, values.
"""
