"""What a policy, its log and its host show about the items of a benchmark: enforced, reported, checked, or neither."""
