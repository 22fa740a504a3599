"""End to end: a real dockerd, guarded by a real Portero, on a throw-away host."""
