"""The shipped steps of a path: what a team really does to deploy, to roll back and to remedy."""
