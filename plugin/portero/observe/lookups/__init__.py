"""What exists at the daemon: containers, volumes, networks and images that a request names, known or looked up.

A lookup that fails is a refusal where the answer matters.
Imports: decide.decision, decide.interfaces, decide.objects, decide.reading, decide.values, observe.dockerd,
observe.pending, observe.process, observe.writers.
"""
