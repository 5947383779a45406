#!/usr/bin/env python3
"""What a life-cycle rule does: `expire.py REPOSITORY --keep v2` deletes every image that has another tag.

Environment: REGISTRY, host and port. Exit code: 0 done.
"""

import argparse

import manifests


def main():
    """Deletes manifests; layers go at the next garbage collection."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repository")
    parser.add_argument("--keep", required=True, help="the tag that stays")
    options = parser.parse_args()
    for tag in manifests.tags(options.repository):
        if tag != options.keep and (digest := manifests.digest(f"{options.repository}:{tag}")):
            manifests.ask("DELETE", options.repository, digest)
            print(f"deleted {options.repository}:{tag}, {digest}")


if __name__ == "__main__":
    main()
