"""What facts and rules ask of the host: paths, links, protected paths, listening sockets.

What could not be read is an OSError, never empty.
Imports: decide.facts, decide.identity, decide.interfaces, decide.values, observe.dockerd, observe.files,
observe.process.
"""
