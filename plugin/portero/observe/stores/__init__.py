"""Policy folders, records of images, the door's key, tables of the API.

Imports: decide.identity, decide.images, decide.reading, decide.values, observe.files, observe.process.
"""
