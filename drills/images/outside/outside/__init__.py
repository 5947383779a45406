"""Whoever is outside of a stack and remembers what reached them."""
