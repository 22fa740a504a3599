"""What exists on a daemon, judged as if it were asked for now, and how it could be used to get round the rules."""
