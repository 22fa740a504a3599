"""What all commands use: what they print, their common options, the files and secrets that they read.

Imports: decide.identity, decide.values, observe.files, serve.settings, tools.recording.
"""
