#!/usr/bin/env python3
"""Gives a version environments before it is called: `provision.py VERSION COUNT`.

Environment: as deploy.py. Exit code: 0 they are ready.
"""

import argparse
import os

import boto3
import deploy


def main():
    """Provisions what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("version")
    parser.add_argument("count", type=int)
    options = parser.parse_args()
    deploy.provision(boto3.client("lambda"), os.environ["LAMBDA_FUNCTION"], options.version, options.count)


if __name__ == "__main__":
    main()
