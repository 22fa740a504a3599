"""`portero test`: proves by its own examples that every rule does what it promises.

Each example is judged by both engines.
Imports: decide.engine, decide.facts, decide.judging, decide.policy, decide.reading, decide.values, observe.host,
observe.process, observe.stores, tools.hostcheck.
"""
