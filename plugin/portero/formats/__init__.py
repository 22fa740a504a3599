"""What machines read of decisions: SARIF for code scanning, JUnit XML for CI."""
