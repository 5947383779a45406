"""The engine of ``drill``: the scenario language, the run, the timing, the residue, the findings, the report.

It knows no platform by name: platforms, stack services, steps, checks and reporters are found by entry point.
"""
