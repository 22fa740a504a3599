"""What a request means once Docker's option syntaxes are parsed (schemas/request.json describes every fact).

Imports: decide.interfaces, decide.reading, decide.values.
"""
