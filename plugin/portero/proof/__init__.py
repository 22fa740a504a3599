"""`portero test`: proves by its own examples that every rule does what it promises.

Each example is judged by both engines.
Imports: engine, files, host, hostcheck, judging, policy, reading, refusals, values.
"""
