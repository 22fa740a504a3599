"""The policy: rule files in their closed dialect, the site's values, and how they are loaded and asked."""
