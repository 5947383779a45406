"""A format is told by its bytes, and what the old release can read of it is not guessed."""

import gzip
import json
import pickle
import zlib

import pytest

from drills.redis_shapes import call, pattern, readable, value_format

ORDER = {"id": 17, "sku": "mug"}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (pickle.dumps(ORDER, protocol=4), "pickle protocol 4"),
        (pickle.dumps(ORDER, protocol=5), "pickle protocol 5"),
        (zlib.compress(pickle.dumps(ORDER)), "zlib"),
        (zlib.compress(b"x", level=9), "zlib"),
        (gzip.compress(b"x", mtime=0), "gzip"),
        (b"\x04\x08{\x06I", "Ruby Marshal 4.8"),
        (json.dumps(ORDER).encode(), "JSON object: id, sku"),
        (b"[1]", "JSON list"),
        (b"17", "JSON int"),
        (b"hello", "text"),
        (b"", "text"),
        (b"\xff\xfe", "bytes"),
    ],
    # The bytes make no name: they may differ from one worker of xdist to the next (zlib, pickle).
    ids=lambda part: part if isinstance(part, str) else "value",
)
def test_a_format_is_told_by_its_bytes(value, said):
    assert value_format(value) == said


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("order:17", "order:*"),
        ("order:v2:17", "order:v2:*"),
        ("session:3f2504e0-4f89-41d3-9a0c-0305e82c3301", "session:*"),
        ("session:9f86d081884c7d65", "session:*"),
        ("motd", "motd"),
    ],
)
def test_keys_of_one_kind_are_one_row(key, said):
    assert pattern(key) == said


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("pickle protocol 4", "zlib", False),
        ("pickle protocol 4", "pickle protocol 4 | zlib", False),
        ("pickle protocol 4 | zlib", "zlib", True),
        ("JSON object: id", "JSON object: id, sku", True),
        ("JSON object: id, sku", "JSON object: id", False),
        ("zlib", "", True),
        ("", "zlib", True),
    ],
)
def test_the_old_release_reads_what_it_knows(before, after, said):
    assert readable(before, after) is said


@pytest.mark.parametrize(
    ("description", "said"),
    [
        ("shop.jobs.confirm(17)", "shop.jobs.confirm(1)"),
        ("shop.jobs.confirm(17, locale='de', again=False)", "shop.jobs.confirm(1, again=, locale=)"),
        ("shop.jobs.tidy()", "shop.jobs.tidy(0)"),
        ("tidy up, please", ""),
        ("", ""),
    ],
)
def test_a_call_without_its_values(description, said):
    assert call(description) == said
