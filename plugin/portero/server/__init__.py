"""dockerd's side: the socket, the HTTP parser, gunicorn's arbiter and the process that answers.

Knows nothing of policy: it calls the application that it is given.
Imports: application, dockerd, files, http_parser, reading, settings, status, threads, values.
"""
