"""Static hosts: stand-ins that speak the vendors' APIs and really serve what was deployed, and the platform on them.

A stand-in is simulated infrastructure. What it does is taken from the vendors' documentation and from what their own
clients send and expect; each rule carries its source, and what is assumed says so (``rules.py``).
"""
