"""The settings: their list (config.json), the environment, the command line, and what their values mean.

A value that cannot be used is an error that names the setting and the cure.
Imports: decide.policy, decide.values, observe.dockerd, observe.process, serve.decision_log.
"""
