"""The command line ``drill``."""

from harness.cli.app import main

__all__ = ["main"]
