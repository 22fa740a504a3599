"""What facts and rules ask of the host: paths, links, protected paths, listening sockets.

What could not be read is an OSError, never empty.
Imports: dockerd, files, reading, refusals, threads, values.
"""
