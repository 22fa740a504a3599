"""A decision log as one page: its lines are read as untrusted input and counted in constant memory."""
