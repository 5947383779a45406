from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "template",
    [
        "{{ release.id }}",
        "{{ good.image }}",
        "{{ bad['values'].schema }}",
        "{{ services.db.anything.at.all }}",
        "{{ stack.url }}",
        "{{ run.id }}",
        "{{ release.values.nope | default('x') }}",
        "{{ 'a' if release.values.nope is defined else 'b' }}",
        "{{ release.id.upper() }}",
        "{{ release.values[run.id] }}",
        "{% raw %}{{.State}}{% endraw %}",
        "plain",
    ],
)
def test_templates_that_will_work(load, template: str) -> None:
    assert load({"[deploy.sh]": f'[deploy.sh, "{template}"]'}).scenario.deploy[0].run == ("deploy.sh", template)


@pytest.mark.parametrize(
    ("template", "seen", "suggestion"),
    [
        ("{{ relase.id }}", "'relase'", "release"),
        ("{{ release.vesion }}", "'release.vesion'", "version"),
        ("{{ services.dbb.host }}", "'services.dbb'", "db"),
        ("{{ run.name }}", "'run.name'", ""),
        ("{{ release['vesion'] }}", "'release.vesion'", "version"),
        ("{{ release.values.schem.x }}", "'release.values.schem'", "schema"),
        ("{{ range(9) }}", "'range'", ""),
        ("{{.State}}", "'{{.State}}' (unexpected '.')", ""),
        ("{{ run.id | nope }}", "'{{ run.id | nope }}' (No filter named 'nope'.)", ""),
        ("{% for x in run %}", None, ""),
        ("{% set x = run.id %}{{ x }}", None, ""),
        ("{{ run.id | center(99) }}", None, ""),
    ],
)
def test_templates_that_will_not(complaints, template: str, seen: str | None, suggestion: str) -> None:
    [said] = complaints({"[deploy.sh]": f'[deploy.sh, "{template}"]'})
    assert (said.key, said.where.line, said.suggestion) == ("deploy[0].run[1]", 14, suggestion)
    assert seen is None or said.seen == seen


def test_a_value_that_only_one_release_has(load, complaints) -> None:
    only = {'{schema: "2"}': '{schema: "2", extra: x}'}
    [said] = complaints({**only, "[deploy.sh]": '["{{ release.values.extra }}"]'})
    assert said.key == "deploy[0].run[0]"
    loaded = load({**only, "[rollback.sh]": '["{{ bad.values.extra }}"]'})
    assert loaded.scenario.paths["naive"].rollback.steps[0].run == ("{{ bad.values.extra }}",)


@pytest.mark.parametrize("key", ["smoke", "verify"])
def test_templates_of_checks(complaints, key: str) -> None:
    check = '{uses: http, get: "/{{ relase.id }}"}'
    change = (
        {"{uses: http, get: /}": check} if key == "smoke" else {"teaches: [D3]": f"teaches: [D3]\nverify: [{check}]"}
    )
    [said] = complaints(change)
    assert (said.key, said.suggestion) == (f"{key}[0].get", "release")
