"""Telling people: what is said (``message``, ``drills``), to whom and how long (``delivery``), and how (``worker``).

A notification never decides anything: where it fails or hangs, that is written down, and the run goes on.
"""
