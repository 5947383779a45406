#!/usr/bin/env python3
"""Deletes a Lambda function by hand, past the stack that it belongs to: `sweep.py NAME`; an empty NAME is none.

What a clean-up of functions comes to that nobody seems to call: CloudFormation does not notice.
Environment: as taskdef.py. Exit code: 0 done.
"""

import argparse

import taskdef


def main():
    """Deletes what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name")
    options = parser.parse_args()
    if not options.name:
        print("nothing to delete")
        return
    taskdef.client("lambda").delete_function(FunctionName=options.name)
    print(f"deleted function {options.name}")


if __name__ == "__main__":
    main()
