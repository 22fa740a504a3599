"""Requests of files and compose projects: Docker Compose runs in a sandbox, what it asks is decided, and corrected.

A project is untrusted: no network, an empty home, a read-only view of its folder.
Imports: decide.decision, decide.engine, decide.flags, decide.identity, decide.interfaces, decide.judging,
decide.ownership, decide.reading, decide.values, observe.dockerd, observe.files, observe.process, tools.recording,
tools.standin, tools.terminal.
"""
