"""Portero as it runs: answers a request, loads the policy, reloads it when its folder changes.

`application` is the way of one request; `loading` and `reloading` make what it judges by.
Imports: decision, decision_log, dockerd, files, host, identity, judging, objects, policy, reading, refusals, settings,
signing, status, threads, values.
"""
