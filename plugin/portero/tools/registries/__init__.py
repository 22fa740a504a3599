"""Policy bundles: a signed policy folder as one archive, brought to hosts by a registry or an HTTPS server.

Nothing is unpacked before its signature is verified.
Imports: decide.facts, decide.identity, decide.images, decide.values, observe.files, observe.stores, serve.settings,
serve.signing, serve.status, tools.terminal.
"""
