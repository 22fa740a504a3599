"""Compose projects in the shape of those that people have, and what runs any folder of them."""
