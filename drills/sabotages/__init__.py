"""Sabotages of the shipped platforms and services; the general ones are in ``harness.sabotages``."""
