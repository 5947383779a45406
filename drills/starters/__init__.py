"""Finders of `drill init`: what a repository holds, and what a first scenario can be made of."""
