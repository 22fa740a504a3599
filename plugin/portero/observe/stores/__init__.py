"""Policy folders, records of images, the door's key, who owns what, tables of the API.

Imports: decide.engine, decide.identity, decide.images, decide.ownership, decide.policy, decide.reading, decide.values,
observe.files, observe.process.
"""
