"""What deploy.py and migrate.py share: the environment's contract and the task definition.

AWS_REGION               region; AWS_ENDPOINT_URL and the credentials are boto3's own variables
ECS_CLUSTER              cluster (default: shop)
ECS_SUBNET               subnet of the tasks
ECS_EXECUTION_ROLE_ARN   role that reads the secret and writes the logs
DB_HOST, DB_NAME, DB_USER   database (defaults of the last two: shop)
DB_SECRET_ARN            Secrets Manager secret that holds the database's password
REDIS_HOST, SMTP_HOST, SMTP_PORT, PAYMENTS_HOST   where the stack has them, the tasks get them
"""

import json
import os
from pathlib import Path
from string import Template

import boto3
from botocore.config import Config

_DEFAULTS = {"DB_NAME": "shop", "DB_USER": "shop", "ECS_CLUSTER": "shop", "ECS_SERVICE": "shop"}
_HANDED_ON = ("REDIS_HOST", "SMTP_HOST", "SMTP_PORT", "PAYMENTS_HOST")
"""Variables that tasks get where they are set: not every stack has what they name."""


def client(service):
    """A client that gives up in seconds: a deployment that hangs is worse than one that fails."""
    return boto3.client(service, region_name=setting("AWS_REGION"), config=Config(connect_timeout=3, read_timeout=20))


def setting(name):
    """A variable of the environment; ends the script with its name where it is missing."""
    value = os.environ.get(name) or _DEFAULTS.get(name)
    if not value:
        raise SystemExit(f"{name} is not set; see ecs/taskdef.py")
    return value


def register(ecs, family, release, image, command=()):
    """Registers a new revision of ``family``, with another command than the image's, and returns its ARN."""
    names = ("ECS_EXECUTION_ROLE_ARN", "DB_HOST", "DB_NAME", "DB_USER", "DB_SECRET_ARN", "AWS_REGION")
    values = {"FAMILY": family, "RELEASE": release, "IMAGE": image, **{name: setting(name) for name in names}}
    values = {name: json.dumps(value)[1:-1] for name, value in values.items()}
    text = Template((Path(__file__).parent / "taskdef.json").read_text()).substitute(values)
    definition = json.loads(text)
    definition["containerDefinitions"][0]["environment"] += [
        {"name": name, "value": os.environ[name]} for name in _HANDED_ON if name in os.environ
    ]
    if command:
        definition["containerDefinitions"][0]["command"] = [*command]
    arn = ecs.register_task_definition(**definition)["taskDefinition"]["taskDefinitionArn"]
    print(f"registered {arn.rsplit('/', 1)[-1]} (release {release}, image {image})")
    return arn


def network():
    """Where tasks run."""
    return {"awsvpcConfiguration": {"subnets": [setting("ECS_SUBNET")], "assignPublicIp": "DISABLED"}}
