"""Proofs that every rule does what its examples say."""
