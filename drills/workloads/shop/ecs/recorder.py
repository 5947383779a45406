"""Writes down which release goes out; a function of the stack (stack.json), called by CloudFormation itself.

CloudFormation waits for the answer at ResponseURL and goes on with the service only then.
"""

import json
import urllib.request


def handler(event, _context):
    """Logs the release, says that it did."""
    print(json.dumps({"asked": event["RequestType"], "release": event["ResourceProperties"].get("Release")}))
    told = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    told |= {"Status": "SUCCESS", "PhysicalResourceId": event.get("PhysicalResourceId", event["LogicalResourceId"])}
    answer = urllib.request.Request(event["ResponseURL"], json.dumps(told).encode(), {"Content-Type": ""}, method="PUT")
    urllib.request.urlopen(answer, timeout=10)
