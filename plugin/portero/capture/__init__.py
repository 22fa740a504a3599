"""Recording what dockerd asks, without its secrets, and comparing what policies make of it."""
