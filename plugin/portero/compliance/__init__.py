"""The items of a benchmark: enforced, reported, checked on the host, or neither.

The benchmarks are data, in `benchmarks/`.
Imports: judging, policy, proof, report, values.
"""
