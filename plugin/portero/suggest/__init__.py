"""From refused requests to the site values and exceptions that would have made them legal."""
