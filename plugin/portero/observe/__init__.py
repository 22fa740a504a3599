"""What is read of the host and of its daemon, or an error, never "nothing". Implements the protocols of decide.

Imports: decide.
"""
