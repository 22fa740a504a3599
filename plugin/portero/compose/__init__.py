"""Compose projects: run Docker Compose on them in a sandbox, read the requests it makes, find lines in their files.

A project is untrusted: no network, an empty home, a read-only view of its folder.
Imports: dockerd, files, identity, judging, reading, recording, refusals, standin, values.
"""
