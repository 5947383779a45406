"""Residue: every difference is a row, and only its owner may call it harmless."""

from harness.model import ResidueClass
from harness.residue import differences


class Owner:
    """Has an opinion about the layer `mine` only."""

    def classify(self, layer, key, before, after):
        return ResidueClass.HARMLESS if layer == "mine" else None


def rows(before, after):
    return [
        (row.layer, row.key, row.before, row.after, row.residue_class.value)
        for row in differences(before, after, [Owner()])
    ]


def test_equal_layers_leave_nothing():
    assert rows({"mine": {"a": "1"}}, {"mine": {"a": "1"}}) == []


def test_changed_added_and_removed_keys_are_rows_in_natural_order():
    before = {"mine": {"task 2": "x", "task 10": "y", "same": "s"}}
    after = {"mine": {"task 2": "z", "task 1": "n", "same": "s"}}
    assert rows(before, after) == [
        ("mine", "task 1", "absent", "n", "harmless"),
        ("mine", "task 2", "x", "z", "harmless"),
        ("mine", "task 10", "y", "absent", "harmless"),
    ]


def test_a_difference_that_nobody_explains_is_not_harmless():
    assert rows({}, {"theirs": {"flag": "on"}}) == [("theirs", "flag", "absent", "on", "breaks the old release")]
