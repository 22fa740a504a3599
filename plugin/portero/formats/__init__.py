"""What machines read (SARIF for code scanning, JUnit XML for CI), and the HTML pages for people."""
