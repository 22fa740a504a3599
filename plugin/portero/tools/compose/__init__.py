"""Compose projects: run Docker Compose on them in a sandbox, read the requests it makes, find lines in their files.

A project is untrusted: no network, an empty home, a read-only view of its folder.
Imports: decide.identity, decide.judging, decide.reading, decide.values, observe.dockerd, observe.files,
tools.recording, tools.standin.
"""
