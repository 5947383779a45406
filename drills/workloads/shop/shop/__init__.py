"""The order service that the drills release."""
