"""From an envelope to a decision: one request judged, its denial, its `try:` line.

Pure: what it asks of the host comes in as an argument.
Imports: decide.decision, decide.facts, decide.flags, decide.identity, decide.images, decide.interfaces,
decide.objects, decide.policy, decide.reading, decide.values.
"""
