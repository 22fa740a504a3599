"""What this host looks like to dockerd: paths, links, daemon sockets, daemon.json.

What could not be read is an OSError, never empty.
`Host` lives as long as the process and gives a `HostMoment`, which one request looks at (view.py).
"""
