#!/usr/bin/env python3
"""Makes queue, table and event source mapping: `triggers.py [--before | --qualifier live]`.

``--before`` makes queue and table only: the function, which needs their names, is not there yet.
Without ``--qualifier`` the mapping calls the unqualified name, which is the newest code (`$LATEST`).
Environment: as deploy.py. Exit code: 0 everything is there.
"""

import argparse
import os

import boto3


def main():
    """Makes what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", action="store_true", help="queue and table only")
    parser.add_argument("--qualifier", default="", help="alias or version that the mapping calls")
    options = parser.parse_args()
    if options.before:
        queue_and_table()
    else:
        bind(options.qualifier)


def queue_and_table():
    """Both with the names that the environment says."""
    queue, table = os.environ["QUEUE_URL"].rsplit("/", 1)[-1], os.environ["RECEIPTS"]
    boto3.client("sqs").create_queue(QueueName=queue, Attributes={"VisibilityTimeout": "60"})
    tables = boto3.client("dynamodb")
    if table not in tables.list_tables()["TableNames"]:
        tables.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    print(f"queue {queue}, table {table}")


def bind(qualifier):
    """The mapping from the queue to the function, made or moved."""
    client, sqs = boto3.client("lambda"), boto3.client("sqs")
    wanted = ":".join(part for part in (os.environ["LAMBDA_FUNCTION"], qualifier) if part)
    source = sqs.get_queue_attributes(QueueUrl=os.environ["QUEUE_URL"], AttributeNames=["QueueArn"])
    arn = source["Attributes"]["QueueArn"]
    found = client.list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"]
    if found:
        client.update_event_source_mapping(UUID=found[0]["UUID"], FunctionName=wanted)
    else:
        client.create_event_source_mapping(EventSourceArn=arn, FunctionName=wanted, BatchSize=1)
    print(f"{arn.rsplit(':', 1)[-1]} -> {wanted}")


if __name__ == "__main__":
    main()
