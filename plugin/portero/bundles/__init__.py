"""Policy bundles: a signed policy folder as one archive, brought to hosts by a registry or an HTTPS server.

Nothing is unpacked before its signature is verified.
Imports: files, identity, settings, signing, status, values.
"""
