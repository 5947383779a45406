"""Measurements: each a command that prints a table. Nothing in here is a test."""
