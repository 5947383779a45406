"""Shared fixtures. Tests that start a real stack are marked `live` and live in tests/live or say so themselves."""
