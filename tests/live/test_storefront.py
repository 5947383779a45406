"""The build of the storefront: real esbuild, from npm. No container engine."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from drills.node_tools import node_folder
from drills.static.platform import MARKER

FOLDER = Path(__file__).parents[2] / "drills" / "workloads" / "storefront"


@pytest.fixture(scope="module")
def packages():
    return node_folder(FOLDER / "package-lock.json")


@pytest.fixture
def build(packages, tmp_path):
    """Build a release with some options; gives the folder. Temporary files go where nothing else is."""

    def call(release, *options, ok=True, **environment):
        out = tmp_path / f"dist{sum(1 for _ in tmp_path.glob('dist*'))}"
        (tmp_path / "tmp").mkdir(exist_ok=True)
        done = subprocess.run(
            [FOLDER / "build.mjs", "--release", release, "--out", out, *options],
            env={
                "PATH": os.environ["PATH"],
                "NODE_PATH": str(packages / "node_modules"),
                "TMPDIR": str(tmp_path / "tmp"),
                **environment,
            },
            text=True,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode == 0) is ok, done.stderr
        assert list((tmp_path / "tmp").iterdir()) == []
        return out if ok else done.stderr

    return call


def files(folder):
    return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def assets(folder):
    return {each for each in files(folder) if each.startswith("assets/")}


def test_the_same_release_is_the_same_bytes_wherever_it_is_built(build):
    first, second = build("v1"), build("v1")
    assert files(first) == files(second)
    assert len(assets(first)) == 3


@pytest.mark.parametrize(
    ("release", "version"),
    [("v1", "v1"), ("v1-noop-worker", "v1"), ("v2", "v2"), ("v2-worker", "v2"), ("v3", "v3")],
)
def test_every_file_that_visitors_get_names_its_version(build, release, version):
    built = build(release)
    found = {name: re.findall(MARKER, data.decode()) for name, data in files(built).items() if name != "404.html"}
    assert set(found) >= {"index.html", "prices.json", *assets(built)}
    assert {name: {*each} for name, each in found.items()} == {name: {version} for name in found}
    assert f'<html lang="en" data-version="{version}">' in (built / "index.html").read_text()
    assert ("sw.js" in found) == release.endswith("worker")


def test_two_releases_have_no_asset_in_common(build):
    assert assets(build("v1")) & assets(build("v2")) == set()
    assert assets(build("v1")) == assets(build("v1-noop-worker"))


def test_the_page_names_script_and_style_and_the_script_loads_the_order_form_later(build):
    built = build("v1")
    page = (built / "index.html").read_text()
    [script] = re.findall(r'src="/(assets/main-\w+\.js)"', page)
    [style] = re.findall(r'href="/(assets/main-\w+\.css)"', page)
    [form] = assets(built) - {script, style}
    assert f'import("./{Path(form).name}")' in (built / script).read_text()
    assert Path(form).name not in page


def test_the_bad_release_has_prices_in_euros_and_the_next_one_in_cents_again(build):
    prices = {name: json.loads((build(name) / "prices.json").read_text()) for name in ("v1", "v2", "v3")}
    assert prices["v1"]["prices"]["coffee"] == 450
    assert prices["v2"] == {"version": "v2", "prices": {k: v / 100 for k, v in prices["v1"]["prices"].items()}}
    assert prices["v3"] == {"version": "v3", "prices": prices["v1"]["prices"]}


def test_where_orders_go_is_baked_into_page_and_script(build):
    built = build("v1", API_URL="https://old.example")
    assert '<code id="api">https://old.example</code>' in (built / "index.html").read_text()
    assert any("https://old.example" in (built / each).read_text() for each in assets(built))
    other = build("v1", "--api-url", 'https://"new".example', API_URL="https://old.example")
    assert "https://&#34;new&#34;.example</code>" in (other / "index.html").read_text()
    assert not any(b"old.example" in data for data in files(other).values())
    assert assets(built) != assets(other)


@pytest.mark.parametrize("release", ["v1", "v2-worker"])
def test_reload_on_a_missing_order_form_is_a_choice(build, release):
    def reloads(folder):
        return any("location.reload" in (folder / each).read_text() for each in assets(folder))

    assert not reloads(build(release))
    assert reloads(build(release, "--reload"))


def test_earlier_assets_are_kept_beside_the_new_ones(build):
    old = build("v2")
    kept = build("v1", "--keep", old)
    assert assets(kept) == assets(old) | assets(build("v1"))
    assert (kept / "index.html").read_bytes() == (build("v1") / "index.html").read_bytes()


def test_hosts_are_told_lifetimes_and_pages_in_their_own_words(build):
    year = ("--html-cache", "public, max-age=31536000")
    vercel = json.loads((build("v1", "--host", "vercel", *year) / "vercel.json").read_text())
    said = {each["source"]: each["headers"][0]["value"] for each in vercel["headers"]}
    assert (said["/"], said["/assets/(.*)"]) == ("public, max-age=31536000", "public, max-age=31536000, immutable")
    assert {"source": "/orders/(.*)", "destination": "/index.html"} in vercel["rewrites"]
    netlify = build("v1", "--host", "netlify")
    assert "/index.html\n  Cache-Control: public, max-age=0, must-revalidate\n" in (netlify / "_headers").read_text()
    assert (netlify / "_redirects").read_text() == "/orders /index.html 200\n/orders/* /index.html 200\n"
    assert set(files(build("v1"))) - assets(build("v1")) == {"index.html", "404.html", "prices.json"}


def test_a_fallback_for_everything_answers_missing_scripts_with_the_page(build):
    netlify = build("v1", "--host", "netlify", "--fallback", "all")
    assert (netlify / "_redirects").read_text() == "/* /index.html 200\n"
    pages = build("v1", "--host", "pages", "--fallback", "all")
    assert not {"404.html", "_redirects"} & set(files(pages))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--host", "heroku"), "--host: one of vercel, netlify, pages, plain"),
        (("--fallback", "some"), "--fallback: one of all, pages, none"),
        (("--colour", "red"), "'--colour'"),
    ],
)
def test_what_it_does_not_know_is_refused(build, options, said):
    assert said in build("v1", *options, ok=False)


def test_an_unknown_release_is_refused(build):
    assert "--release: one of v1, v1-noop-worker, v2, v2-worker, v3" in build("../app", ok=False)


def test_a_folder_that_is_no_build_is_left_alone(build, tmp_path):
    (tmp_path / "dist0").mkdir()
    (tmp_path / "dist0" / "letter.txt").write_text("dear")
    (tmp_path / "dist1").mkdir()
    folder = tmp_path / "dist0"
    assert "no build" in build("v1", "--out", folder, ok=False)
    assert (folder / "letter.txt").read_text() == "dear"


def test_release_sh_builds_and_hands_the_folder_to_the_deploy_script(packages, tmp_path):
    for each in ("release.sh", "build.mjs", "hosts.mjs", "app", "releases"):
        (tmp_path / each).symlink_to(FOLDER / each)
    deploy = tmp_path / "deploy.sh"
    deploy.write_text('#!/bin/sh\ngrep -o "version.:.v2" "$1/prices.json"\n')
    deploy.chmod(0o755)
    (tmp_path / "with space").mkdir()
    done = subprocess.run(
        [tmp_path / "release.sh", "deploy.sh", "v2", "--host", "netlify"],
        env={
            "PATH": os.environ["PATH"],
            "NODE_PATH": str(packages / "node_modules"),
            "TMPDIR": str(tmp_path / "with space"),
        },
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines()[-1:] == ['version":"v2'], done.stderr
