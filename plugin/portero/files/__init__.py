"""The file system: whole files, locks, links, mount tables, owners, and folders below a root of their own.

Knows nothing of Docker.
Imports: values.
"""
