#!/usr/bin/env python3
"""Makes sure that a release's image can be pulled: `ensure.py NAME:TAG --saved IMAGE`.

Asks the registry for the manifest; where it is gone, pushes the saved copy again.
Environment: REGISTRY, host and port. Exit code: 0 it is there.
"""

import argparse
import subprocess
from pathlib import Path

import manifests


def main():
    """Asks, and pushes where it has to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name")
    parser.add_argument("--saved", required=True, help="the copy that the team keeps outside the registry")
    options = parser.parse_args()
    if digest := manifests.digest(options.name):
        print(f"{options.name} is there: {digest}")
        return
    print(f"{options.name} is gone; pushing {options.saved}")
    subprocess.run([Path(__file__).with_name("push.sh"), options.saved, options.name], check=True)


if __name__ == "__main__":
    main()
