"""Recipes, their tags, and building them on the real engine."""

from __future__ import annotations

import io
import tarfile
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from harness import recipes
from harness.errors import EnvironmentProblem, UsageProblem
from harness.images import Image, Images

DRILLS = Path(__file__).parents[2] / "drills"


def write(folder: Path, **files: str) -> Path:
    """A recipe folder; ``recipe`` is recipe.yaml, ``script`` an executable build.sh."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {"recipe": "recipe.yaml", "script": "build.sh", "ignore": ".dockerignore"}
    for key, text in files.items():
        path = folder / names.get(key, key)
        path.write_text(text)
        path.chmod(0o755 if key == "script" else 0o644)
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Path:
    write(tmp_path / "root", recipe="build: script\nargs: {SUITE: a}\n", script="#!/bin/sh\n")
    write(
        tmp_path / "app", recipe="base: root\nbuild: dockerfile\nargs: {RELEASE: v1}\n", Dockerfile="FROM x\n", code="1"
    )
    return tmp_path


def test_the_same_content_has_the_same_tag(library: Path) -> None:
    tag = recipes.tag_of("app", {}, [library])
    assert tag.startswith("localhost/drill/app:")
    assert len(tag) == len("localhost/drill/app:") + 12
    assert tag == recipes.tag_of("app", {"RELEASE": "v1"}, [library])


def test_every_part_of_a_recipe_is_part_of_its_tag(library: Path) -> None:
    seen = {recipes.tag_of("app", {}, [library]), recipes.tag_of("app", {"RELEASE": "v2"}, [library])}
    (library / "app" / "code").write_text("2")
    seen.add(recipes.tag_of("app", {}, [library]))
    (library / "app" / "code").chmod(0o755)
    seen.add(recipes.tag_of("app", {}, [library]))
    (library / "app" / "code").rename(library / "app" / "code2")
    seen.add(recipes.tag_of("app", {}, [library]))
    (library / "root" / "build.sh").write_text("#!/bin/sh\n# changed\n")
    seen.add(recipes.tag_of("app", {}, [library]))
    (library / "root" / "recipe.yaml").write_text("build: script\nargs: {SUITE: b}\n")
    seen.add(recipes.tag_of("app", {}, [library]))
    assert len(seen) == 7


def test_ignored_files_are_neither_in_the_tag_nor_in_the_context(library: Path, tmp_path: Path) -> None:
    write(library / "app", ignore="# notes\nnotes\n")
    before = recipes.tag_of("app", {}, [library])
    (library / "app" / "notes").mkdir()
    (library / "app" / "notes" / "a.md").write_text("x")
    (library / "app" / "__pycache__").mkdir()
    (library / "app" / "__pycache__" / "a.pyc").write_text("x")
    assert recipes.tag_of("app", {}, [library]) == before

    context = io.BytesIO()
    bundle = tmp_path / "ca.crt"
    bundle.write_text("a certificate")
    recipes.build_context(library / "app", context, host_ca=bundle)
    with tarfile.open(fileobj=io.BytesIO(context.getvalue())) as archive:
        assert sorted(archive.getnames()) == [".dockerignore", "Dockerfile", "code", "host-ca.crt", "recipe.yaml"]
        member = archive.extractfile("host-ca.crt")
        assert member is not None
        assert member.read() == b"a certificate"
    assert not (library / "app" / "host-ca.crt").exists()


def test_a_host_without_a_bundle_sends_an_empty_one(library: Path, tmp_path: Path) -> None:
    context = io.BytesIO()
    recipes.build_context(library / "app", context, host_ca=tmp_path / "none")
    with tarfile.open(fileobj=io.BytesIO(context.getvalue())) as archive:
        assert archive.getmember("host-ca.crt").size == 0


def test_the_first_folder_wins(library: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write(other / "app", recipe="build: dockerfile\n", Dockerfile="FROM y\n")
    assert recipes.locate("app", {}, [other, library]).folder == other / "app"
    assert recipes.locate("app", {}, [library, other]).folder == library / "app"


def test_a_folder_of_the_scenario_needs_no_more_than_a_dockerfile(library: Path, tmp_path: Path) -> None:
    write(tmp_path / "My App", Dockerfile="ARG RELEASE\nFROM x\n")
    found = recipes.locate("./My App", {"RELEASE": "v1"}, [tmp_path, library])
    assert (found.name, found.folder, dict(found.args)) == ("my-app", tmp_path / "My App", {"RELEASE": "v1"})
    tags = {recipes.tag_of("./My App", {"RELEASE": each}, [tmp_path]) for each in ("v1", "v2")}
    assert len(tags) == 2
    assert all(each.startswith("localhost/drill/my-app:") for each in tags)
    with pytest.raises(UsageProblem, match=r"found none in .*nowhere"):
        recipes.locate("./nowhere", {}, [tmp_path, library])
    with pytest.raises(UsageProblem, match="expected a recipe"):
        recipes.locate("My App", {}, [tmp_path, library])


def test_a_folder_of_the_scenario_may_be_a_recipe_with_a_base(library: Path) -> None:
    found = recipes.locate("./app", {}, [library])
    assert (found.recipe.base, found.args) == ("root", {"RELEASE": "v1"})
    assert recipes.tag_of("./app", {}, [library]) == recipes.tag_of("app", {}, [library])
    with pytest.raises(UsageProblem, match="no build argument COLOUR"):
        recipes.locate("./app", {"COLOUR": "red"}, [library])


@pytest.mark.parametrize(
    ("recipe", "says"),
    [
        ("build: kaniko\n", "dockerfile"),
        ("build: dockerfile\nbases: root\n", "bases"),
        ("build: script\n", "build.sh"),
        ("build: [\n", "not a recipe"),
        ("", "not a recipe"),
    ],
)
def test_an_invalid_recipe_is_named(library: Path, recipe: str, says: str) -> None:
    write(library / "app", recipe=recipe)
    with pytest.raises(UsageProblem, match=r"recipe\.yaml") as caught:
        recipes.tag_of("app", {}, [library])
    assert says in caught.value.message


def test_unknown_names_say_what_there_is(library: Path) -> None:
    with pytest.raises(UsageProblem) as caught:
        recipes.tag_of("ap", {}, [library])
    assert "app, root" in caught.value.next_step
    with pytest.raises(UsageProblem, match="VERSION") as caught:
        recipes.tag_of("app", {"VERSION": "2"}, [library])
    assert "RELEASE" in caught.value.next_step


def test_recipes_that_are_each_others_base_are_refused(library: Path) -> None:
    write(library / "root", recipe="base: app\nbuild: script\n")
    with pytest.raises(UsageProblem, match="app → root → app"):
        recipes.tag_of("app", {}, [library])


def test_every_shipped_recipe_is_valid() -> None:
    folders = [DRILLS / "images", DRILLS / "workloads"]
    names = [file.parent.name for folder in folders for file in folder.glob("*/recipe.yaml")]
    assert {"debian", "python", "postgres", "shop"} <= set(names)
    assert len({recipes.tag_of(name, {}, folders) for name in names}) == len(names)


class Bench:
    """An `Images` whose recipes are unique to one test, so that nothing of them is on the engine yet."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.lines = folder, list[str]()
        self.client = docker.from_env()
        self.suffix = uuid.uuid4().hex[:8]
        self.images = Images(lambda: self.client, [folder], self.lines.append)

    def name(self, stem: str) -> str:
        return f"shoplab-{stem}-{self.suffix}"

    def add_root(self) -> str:
        # An empty root with one file that makes it unique.
        script = f"#!/bin/sh\nset -e\nd=$(mktemp -d)\necho {self.suffix} > $d/mark\ntar -C $d -c .\nrm -r $d\n"
        name = self.name("root")
        write(self.folder / name, recipe="build: script\nchanges: ['CMD [\"/mark\"]']\n", script=script)
        return name

    def add_app(self) -> str:
        name = self.name("app")
        recipe = f"base: {self.add_root()}\nbuild: dockerfile\nargs: {{RELEASE: v1}}\n"
        dockerfile = "ARG BASE\nFROM ${BASE}\nCOPY code /code\nARG RELEASE\nENV RELEASE=${RELEASE}\n"
        write(self.folder / name, recipe=recipe, Dockerfile=dockerfile, code="1")
        return name


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    bench = Bench(tmp_path / "recipes")
    yield bench
    tags = [tag for image in bench.client.images.list() for tag in image.tags if bench.suffix in tag]
    for tag in sorted(tags):
        bench.client.images.remove(tag, force=True)


@pytest.mark.live
def test_builds_once_with_its_base_and_is_present_afterwards(bench: Bench) -> None:
    app = bench.add_app()
    assert not bench.images.is_present(app)
    built = bench.images.resolve(app)
    assert (built.how, built.tag) == ("built", bench.images.tag_of(app))
    assert built.id.startswith("sha256:")
    assert len(bench.lines) == 2
    again = bench.images.resolve(app)
    assert (again.how, again.id, len(bench.lines)) == ("present", built.id, 2)
    assert bench.client.images.get(built.tag).attrs["Config"]["Cmd"] == ["/mark"]


@pytest.mark.live
def test_each_release_has_a_digest_of_its_own_over_shared_layers(bench: Bench) -> None:
    app = bench.add_app()
    first, second = bench.images.resolve(app), bench.images.resolve(app, {"RELEASE": "v2"})
    assert first.id != second.id
    layers = [bench.client.images.get(image.tag).attrs["RootFS"]["Layers"] for image in (first, second)]
    assert layers[0] == layers[1]


@pytest.mark.live
@pytest.mark.parametrize(("kind", "says"), [("dockerfile", "COPY failed"), ("script", "no room left")])
def test_a_failed_build_shows_its_last_lines_and_where_the_rest_is(bench: Bench, kind: str, says: str) -> None:
    name = bench.name("broken")
    if kind == "script":
        write(bench.folder / name, recipe="build: script\n", script="#!/bin/sh\necho no room left >&2\nexit 3\n")
    else:
        recipe = f"base: {bench.add_root()}\nbuild: dockerfile\n"
        write(bench.folder / name, recipe=recipe, Dockerfile="ARG BASE\nFROM ${BASE}\nCOPY none /\n")
    with pytest.raises(EnvironmentProblem, match=says) as caught:
        bench.images.resolve(name)
    log = next((bench.folder.parent / "cache" / "drill" / "logs").glob("*broken*"))
    assert str(log) in caught.value.next_step
    assert not bench.images.is_present(name)


@pytest.mark.live
def test_an_image_that_cannot_be_pulled_is_built(bench: Bench) -> None:
    root = bench.add_root()
    recipe = bench.folder / root / "recipe.yaml"
    recipe.write_text(recipe.read_text() + "pull: ['localhost:1/none:1']\n")
    assert bench.images.resolve(root).how == "built"
    assert "cannot be pulled" in bench.lines[0]


@pytest.mark.live
def test_two_that_want_the_same_image_build_it_once(bench: Bench) -> None:
    root = bench.add_root()
    count = bench.folder.parent / "count"
    script = bench.folder / root / "build.sh"
    script.write_text(script.read_text() + f"echo x >> {count}\nsleep 0.5\n")
    found: list[Image] = []
    both = [
        threading.Thread(target=lambda: found.append(Images(docker.from_env, [bench.folder]).resolve(root)))
        for _ in "ab"
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(60)
    assert sorted(image.how for image in found) == ["built", "present"]
    assert found[0].id == found[1].id
    assert count.read_text() == "x\n"
