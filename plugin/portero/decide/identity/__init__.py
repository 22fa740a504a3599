"""Who asks: the user and groups of a TLS client certificate or of a signed token.

Pure: text in, values out.
Imports: decide.values.
"""
