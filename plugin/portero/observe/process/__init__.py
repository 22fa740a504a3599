"""This process: its threads, its own files, messages to systemd.

Imports: decide.values.
"""
