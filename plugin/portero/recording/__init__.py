"""Recorded requests, without their secrets, and what two policies make of them.

The format of a line is `recorded_line`.
Imports: decision, facts, files, identity, reading, refusals, values.
"""
