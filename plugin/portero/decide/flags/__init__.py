"""The flags of docker and compose behind a place in a request: for remedies and `try:` lines.

Edits requests and formats values as Docker's command line does.
Imports: decide.values.
"""
