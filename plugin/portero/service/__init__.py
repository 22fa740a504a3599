"""Portero as it runs: answering, loading, reloading, logging, metrics, settings."""
