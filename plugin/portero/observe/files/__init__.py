"""The file system: whole files, locks, links, mount tables, owners, and folders below their own root.

Knows nothing of Docker.
Imports: decide.values.
"""
