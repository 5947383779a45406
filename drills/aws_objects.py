"""The object store of an AWS endpoint, as residue: what a release put there, overwrote or removed stays so."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from harness.model import ResidueClass
from harness.spi import Layers

LAYER = "objects"
_MOST = 20_000
"""Objects of one bucket that a snapshot looks at; a drill makes a few."""


def objects(s3: Any) -> Layers:
    """Every object of every bucket, as ``bucket/key``: its ETag (the digest of its content) and its size in bytes.

    An endpoint without S3 has no such layer.
    """
    try:
        buckets = [each["Name"] for each in s3.list_buckets().get("Buckets", [])]
    except ClientError:
        return {}
    return {LAYER: {name: value for bucket in buckets for name, value in _content(s3, bucket)}}


def _content(s3: Any, bucket: str) -> list[tuple[str, str]]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"MaxItems": _MOST})
    return [
        (f"{bucket}/{each['Key']}", f"{each['ETag'].strip(chr(34))}, {each['Size']} B")
        for page in pages
        for each in page.get("Contents", [])
    ]


def classify(layer: str, before: str) -> ResidueClass | None:
    """An object that was not there is read by nobody who did not write it; one that was there is changed or lost."""
    if layer != LAYER:
        return None
    return ResidueClass.LOST_OR_CHANGED_DATA if before else ResidueClass.HARMLESS
