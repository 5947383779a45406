"""Shared fixtures. Tests that start a real stack are marked `live` and live in tests/live or say so themselves."""

import os

os.environ.pop("DRILL_NOTIFY", None)  # nobody is told of a test
