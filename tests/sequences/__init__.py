"""Seeded random sequences of Docker operations against a guarded dockerd, on a host full of canaries."""
