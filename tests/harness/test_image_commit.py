"""Images that are made inside a running container, on the real engine."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from harness.errors import EnvironmentProblem, UsageProblem
from harness.images import Images
from harness.recipes import tag_of

DRILLS = Path(__file__).parents[2] / "drills"


class Bench:
    def __init__(self, folder: Path) -> None:
        self.folder, self.client = folder, docker.from_env()
        self.lines, self.announced = list[str](), list[str]()
        self.suffix = uuid.uuid4().hex[:8]
        self.images = Images(lambda: self.client, [folder, DRILLS / "images"], self.lines.append, self.announced.append)

    def recipe(self, script: str, more: str = "") -> str:
        name = f"drill-commit-{self.suffix}"
        (self.folder / name).mkdir(parents=True)
        (self.folder / name / "recipe.yaml").write_text(f"build: container\nbase: debian\n{more}")
        build = self.folder / name / "build.sh"
        build.write_text(f"#!/bin/sh\nset -e\n{script}\n")
        build.chmod(0o755)
        return name

    def containers(self, name: str) -> list[str]:
        return [each.name for each in self.client.containers.list(all=True) if name in each.name]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    bench = Bench(tmp_path / "recipes")
    yield bench
    for tag in [tag for image in bench.client.images.list() for tag in image.tags if bench.suffix in tag]:
        bench.client.images.remove(tag, force=True)


@pytest.mark.live
def test_what_the_script_leaves_is_the_image_and_what_it_says_is_progress(bench: Bench) -> None:
    script = 'echo "==> half way"; echo "$COLOUR" > /made; echo kept > /run/drill/cache/kept; ls /run/drill/recipe'
    name = bench.recipe(script, "args: {COLOUR: red}\nchanges: ['ENV ROOM=blue', 'CMD [\"cat\", \"/made\"]']\n")
    image = bench.images.resolve(name)
    assert image.how == "built"
    assert f"image {name}: half way" in bench.lines
    assert bench.client.containers.run(image.tag, remove=True) == b"red\n"
    assert "ROOM=blue" in bench.client.images.get(image.tag).attrs["Config"]["Env"]
    assert bench.client.containers.run(image.tag, ["ls", "/run/drill/cache"], remove=True) == b""
    assert [each for each in bench.announced if name in each] and bench.containers(name) == []
    assert (bench.folder.parent / "cache" / "drill" / "build" / name / "kept").read_text() == "kept\n"
    assert bench.images.resolve(name).how == "present"


@pytest.mark.live
def test_a_recipe_need_not_change_what_the_base_says(bench: Bench) -> None:
    image = bench.images.resolve(bench.recipe("echo done > /made"))
    assert bench.client.containers.run(image.tag, ["cat", "/made"], remove=True) == b"done\n"


@pytest.mark.live
@pytest.mark.parametrize(
    ("script", "more", "says"),
    [("echo no room left; exit 3", "", "exit code 3"), ("exec tail -f /dev/null", "timeout: 1\n", "stopped after 1 s")],
    ids=["exit code", "timeout"],
)
def test_a_failed_build_leaves_no_container_and_no_image(bench: Bench, script: str, more: str, says: str) -> None:
    name = bench.recipe(script, more)
    with pytest.raises(EnvironmentProblem, match=says):
        bench.images.resolve(name)
    assert bench.containers(name) == []
    assert not bench.images.is_present(name)


def test_a_container_build_needs_a_base(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "recipe.yaml").write_text("build: container\n")
    with pytest.raises(UsageProblem, match="needs a `base`"):
        tag_of("app", {}, [tmp_path])
