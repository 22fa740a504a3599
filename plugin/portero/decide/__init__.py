"""Values in, values out. Bytes and answers make a decision: no file, clock, socket, process or thread.

What it asks of host and daemon are protocols (decide.interfaces), which observe implements.

Imports: no other ring.
"""
