"""One module per release; see ../../README.md."""
