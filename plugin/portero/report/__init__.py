"""Pages and files for people and CI: decision logs and host checks as HTML, text, JSON, SARIF and JUnit.

Log lines are untrusted input, and are counted in bounded memory.
Imports: decision, hostcheck, judging, policy, recording, refusals, values.
"""
