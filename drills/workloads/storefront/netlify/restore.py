#!/usr/bin/env python3
"""restore.py MESSAGE [--lock]: publish the newest deploy with that message again, and lock it if asked to.

`netlify rollback` takes the deploy before, whichever that is; a restore names its target.
"""

import json
import os
import subprocess
import sys


def api(operation: str, **data: str) -> object:
    """Ask Netlify through its own client; ends with the client's words where it refuses."""
    command = ["netlify", "api", operation, "--data", json.dumps({"site_id": os.environ["NETLIFY_SITE"], **data})]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"netlify api {operation}: {(done.stderr or done.stdout).strip()}")
    return json.loads(done.stdout or "null")


def main(message: str, *options: str) -> None:
    """Restore the newest deploy with ``message``."""
    found = [each for each in api("listSiteDeploys") if each["title"] == message]
    if not found:
        sys.exit(f"no deploy with the message {message!r} is kept")
    deploy = str(found[0]["id"])
    api("restoreSiteDeploy", deploy_id=deploy)
    print(f"published: {deploy} ({message})")
    if "--lock" in options:
        api("lockDeploy", deploy_id=deploy)
        print("locked: no later deploy is published until it is unlocked")


if __name__ == "__main__":
    main(*sys.argv[1:])
