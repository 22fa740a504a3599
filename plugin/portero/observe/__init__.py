"""What was read, or an error, never "nothing". Reads host and daemon, implements the protocols of decide.

Imports: decide.
"""
