"""The JSON Schema engines: rust decides; reference is slow, and the oracle of `portero test` and of the tests."""

from portero.engine.interface import Check, Engine, InstancePath

__all__ = ["Check", "Engine", "InstancePath"]
