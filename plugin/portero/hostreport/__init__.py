"""What the check of a host found, as text, JSON, JUnit, SARIF and HTML."""
