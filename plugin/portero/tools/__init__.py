"""Nothing imports them. Commands, and all that works offline.

Imports: decide, observe, serve.
"""
