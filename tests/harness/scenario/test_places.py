"""Where keys stand, for those who point at them after a run."""

import pytest

from harness.scenario.places import Places

TEXT = "a: 1\npaths:\n  naive:\n    rollback: {steps: []}\n    remedies:\n      - name: x\n      - name: y\n"


@pytest.fixture
def places(tmp_path):
    file = tmp_path / "s.yaml"
    file.write_text(TEXT)
    return Places(file)


@pytest.mark.parametrize(
    ("keys", "line", "column"),
    [
        (("a",), 1, 1),
        (("paths", "naive"), 3, 3),
        (("paths", "naive", "rollback"), 4, 5),
        (("paths", "naive", "remedies", 1), 7, 9),
        (("paths", "naive", "findings"), 3, 3),
        (("paths", "gone", "rollback"), 2, 1),
        (("gone",), 1, 1),
    ],
)
def test_a_key_is_where_it_is_written_or_inside_of_what_is_there(places, keys, line, column):
    found = places.of(keys)
    assert (found.line, found.column) == (line, column)


@pytest.mark.parametrize("text", [None, "", "a: [", "\tb: 1"])
def test_a_file_that_is_gone_or_broken_has_no_places(tmp_path, text):
    file = tmp_path / "s.yaml"
    if text is not None:
        file.write_text(text)
    assert Places(file).of(("a",)) is None
