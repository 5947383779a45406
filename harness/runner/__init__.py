"""The run: a state machine over the phases of ``harness.model.Phase``."""
