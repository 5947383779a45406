"""The object store as residue: objects that are new, overwritten and gone, seen in a real endpoint."""

import pytest

from bench.endpoint import ministack
from drills.aws import AwsEndpoint
from harness.residue import differences


@pytest.fixture
def endpoint(tmp_path):
    with ministack(tmp_path) as url:
        yield AwsEndpoint(url, "/_localstack/health", "ministack")


def test_an_object_that_was_overwritten_or_removed_is_changed_data_and_a_new_one_is_harmless(endpoint):
    s3 = endpoint.client("s3")
    s3.create_bucket(Bucket="invoices", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    for key in ("kept", "overwritten", "removed"):
        s3.put_object(Bucket="invoices", Key=f"2026/{key}.pdf", Body=b"total 10")
    before = endpoint.snapshot()
    s3.put_object(Bucket="invoices", Key="2026/overwritten.pdf", Body=b"total 99")
    s3.delete_object(Bucket="invoices", Key="2026/removed.pdf")
    s3.put_object(Bucket="invoices", Key="2026/new.pdf", Body=b"total 7")

    rows = differences(before, endpoint.snapshot(), [endpoint])
    assert [(row.layer, row.key, row.residue_class.value) for row in rows] == [
        ("objects", "invoices/2026/new.pdf", "harmless"),
        ("objects", "invoices/2026/overwritten.pdf", "lost or changed data"),
        ("objects", "invoices/2026/removed.pdf", "lost or changed data"),
    ]
    assert rows[1].before != rows[1].after and rows[1].after.endswith(", 8 B")
    assert rows[2].after == "absent"


def test_the_objects_of_an_endpoint_that_the_run_did_not_start_are_not_its_own(endpoint):
    endpoint.client("s3").create_bucket(
        Bucket="invoices", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    endpoint.client("s3").put_object(Bucket="invoices", Key="a", Body=b"1")
    assert AwsEndpoint(endpoint.url, endpoint.health_path, "endpoint").snapshot() == {}
