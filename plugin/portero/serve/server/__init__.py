"""dockerd's side: the socket, the HTTP parser, gunicorn's arbiter and the process that answers.

Knows nothing of policy: it calls the application that it is given.
Imports: decide.interfaces, decide.policy, decide.reading, decide.values, observe.dockerd, observe.files,
observe.process, serve.application, serve.decision_log, serve.settings, serve.status.
"""
