"""A stand-in for dockerd: real clients talk to it, every request of theirs is judged, and nothing is ever created."""
