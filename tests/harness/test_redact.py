"""Secrets: masked by value, by the name of the variable that held them, and by shape."""

import json

from harness.redact import MASK, Redactor


def test_values_of_sensitive_variables_are_masked():
    redactor = Redactor(
        {"AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI", "DB_PASSWORD": "correct-horse", "EDITOR": "vi-editor"}
    )
    assert redactor.clean("wJalrXUtnFEMI correct-horse vi-editor") == f"{MASK} {MASK} vi-editor"


def test_an_access_key_id_is_masked_wherever_it_came_from():
    assert Redactor({}).clean('"AKIAIOSFODNN7EXAMPLE"') == f'"{MASK}"'


def test_a_private_key_is_masked_over_lines():
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----"
    assert Redactor({}).clean(f"x {key} y") == f"x {MASK} y"


def test_the_json_form_of_a_value_is_masked_too():
    redactor = Redactor({})
    redactor.add('pass"word\\1')
    assert "word" not in redactor.clean(json.dumps({"k": 'pass"word\\1'}))


def test_a_longer_secret_that_contains_a_shorter_one_is_masked_whole():
    redactor = Redactor({})
    redactor.add("secret")
    redactor.add("secret-tail")
    assert redactor.clean("secret-tail") == MASK
