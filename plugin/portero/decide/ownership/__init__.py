"""What of dockerd's lists is whose, and the owner's label in what is made.

Imports: decide.identity, decide.reading, decide.values.
"""
