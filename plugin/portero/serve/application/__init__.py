"""Portero as it runs: answers a request, loads the policy, reloads it when its folder changes.

`application` is the way of one request; `loading` and `reloading` make what it judges by.
Imports: decide.decision, decide.interfaces, decide.judging, decide.objects, decide.policy, decide.reading,
decide.values, observe.dockerd, observe.files, observe.host, observe.lookups, observe.pending, observe.process,
observe.stores, observe.writers, serve.decision_log, serve.settings, serve.signing, serve.status.
"""
