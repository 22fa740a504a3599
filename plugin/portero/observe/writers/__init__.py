"""Who can hold what a container could write that is gone.

Imports: decide.interfaces, decide.values, observe.files.
"""
