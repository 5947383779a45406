"""What the shipped drills are made of: platforms, stack services, workloads and image recipes."""

from pathlib import Path

_HERE = Path(__file__).parent
IMAGE_RECIPES = (_HERE / "images", _HERE / "workloads")
"""Folders in which image recipes are looked up by name."""
FAILURE_MODES = _HERE / "failure_modes"
"""The catalogue of failure modes, a file a family."""
