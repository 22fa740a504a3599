"""Runs the JSON Schema of a rule: jsonschema-rs decides, jsonschema is the oracle of `portero test`.

Each is imported when it is first used: they are slow to load.
Imports: values.
"""

from portero.engine.interface import Check, Engine, InstancePath

__all__ = ["Check", "Engine", "InstancePath"]
