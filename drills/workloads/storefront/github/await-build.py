#!/usr/bin/env python3
"""await-build.py: end well only if the newest build of the site did; a push that went well does not say so."""

import sys

from api import ask


def main() -> None:
    """Ask for the build."""
    build = ask("GET", "/pages/builds/latest")
    print(f"{build['commit']}: {build['status']}")
    if build["status"] != "built":
        sys.exit(f"the site is as it was before: {build['error']['message']}")


if __name__ == "__main__":
    main()
