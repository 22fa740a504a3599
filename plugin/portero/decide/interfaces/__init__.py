"""What is asked of host and daemon: protocols, and the values that answer.

Imports: decide.values.
"""
