#!/usr/bin/env python3
"""Makes the role that jobs deploy with, or changes whom it trusts: `role.py 'SUBJECT …'`. Environment: see taskdef.py.

SUBJECT is what GitHub's token says of a job, such as `repo:team/shop:ref:refs/heads/main`.
Exit code: 0 the role trusts exactly those.
"""

import json
import sys

import taskdef

ROLE = "shop-deploy"
ISSUER = "token.actions.githubusercontent.com"


def main():
    """Puts the trust policy there."""
    subjects = sys.argv[1].split()
    iam = taskdef.client("iam")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust(subjects)]})
    try:
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=policy)
    except iam.exceptions.EntityAlreadyExistsException:
        iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=policy)
    print(f"{ROLE} trusts {', '.join(subjects)}")


def trust(subjects):
    """The statement that lets GitHub's tokens in."""
    return {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::000000000000:oidc-provider/{ISSUER}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:sub": subjects}},
    }


if __name__ == "__main__":
    main()
