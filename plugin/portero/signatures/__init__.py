"""Fetches signatures of images, and the documents that they are about, from registries; lists what a daemon has.

What is fetched decides nothing: the guard verifies it again.
Imports: bundles, facts, files, images, settings, values.
"""
