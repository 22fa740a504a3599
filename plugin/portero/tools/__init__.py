"""Commands, and all that works offline. Imported by nobody.

Imports: decide, door, observe, serve.
"""
