"""Signed policy folders at work: reading them whole, trusting them or not, and remembering their versions."""
