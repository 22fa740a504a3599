"""What a request means once Docker's option syntaxes are parsed (schemas/request.json describes every fact).

Imports: dockerd, files, host, reading, refusals, values.
"""
