"""Images with signatures: what a host has fetched about an image is verified here, without a network.

Who fetched it can forge nothing: signatures are verified by keys of the policy, documents are known by their digests.
Imports: decide.identity, decide.values.
"""
