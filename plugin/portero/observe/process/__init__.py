"""This process: its threads, its own files, what systemd is told.

Imports: decide.values.
"""
