"""From the bytes that dockerd posts to the canonical request."""
