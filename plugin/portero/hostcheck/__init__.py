"""The host as it is: its facts in one document (schemas/host.json), and the check of it against the rules about it."""
