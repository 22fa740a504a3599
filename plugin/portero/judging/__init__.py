"""From an envelope to a decision and its text."""
