"""What allowed requests can change until dockerd has answered.

Imports: decide.interfaces, decide.reading, decide.values, observe.dockerd.
"""
