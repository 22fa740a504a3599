"""The settings: their list (config.json), the environment, the command line, and what their values mean.

A value that cannot be used is an error that names the setting and the cure.
Imports: decision_log, dockerd, files, policy, values.
"""
