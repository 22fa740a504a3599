"""The door: a process that clients connect to instead of dockerd. It stamps who asks; the plugin decides.

Imports: dockerd, files, http_parser, identity, systemd_notify, threads, values.
"""
