"""Runs Docker Compose on projects of strangers: no network, an empty home, a read-only view of the project alone."""
