"""The door: a process that clients connect to instead of dockerd. It stamps who asks; the plugin decides.

Imports: http_parser, dockerd, identity, threads, values.
"""
