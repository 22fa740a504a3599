"""Pages and files for people and CI: decision logs and host checks as HTML, text, JSON, SARIF and JUnit.

Log lines are untrusted input, and are counted in bounded memory.
Imports: decide.decision, decide.judging, decide.policy, decide.values, serve.decision_log, serve.settings,
tools.hostcheck, tools.proof, tools.recording, tools.terminal.
"""
