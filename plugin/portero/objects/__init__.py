"""What the daemon reports about objects that exist already."""
