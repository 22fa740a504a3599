"""The door: a process that clients connect to instead of dockerd. It stamps who asks; the plugin decides.

Imports: decide.identity, decide.reading, decide.values, observe.dockerd, observe.files, observe.process,
observe.stores.
"""
