"""From an envelope to a decision: one request judged, its denial, its `try:` line.

Pure: what it asks of the host comes in as an argument.
Imports: decision, dockerd, facts, files, flags, host, identity, images, objects, policy, reading, refusals, values.
"""
