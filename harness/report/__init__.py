"""What a run leaves behind for readers: page, chart, machine-readable result."""
