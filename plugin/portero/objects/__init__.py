"""What exists at the daemon already, as the daemon tells it."""
