"""What is decided, as values: bytes and answers in, a decision out. No file, clock, socket, process or thread.

Imports: no other ring.
"""
