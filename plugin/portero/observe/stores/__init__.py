"""Policy folders, records of images, the door's key, tables of the API.

Imports: decide.engine, decide.identity, decide.images, decide.policy, decide.reading, decide.values, observe.files,
observe.process.
"""
