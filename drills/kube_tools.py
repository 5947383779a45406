"""Programs for hosts that do not have them: taken out of an image, kept in the cache under its id."""

from __future__ import annotations

import contextlib
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from docker.errors import DockerException, NotFound

from harness.errors import ProvisionProblem
from harness.images import Image, cache_folder
from harness.ledger import Undo
from harness.spi import Run


def tool_folder(run: Run, image: Image, programs: Sequence[str]) -> Path:
    """A folder with ``programs`` of ``image``; filled once per image.

    Raises:
        ProvisionProblem: the image does not have them.
    """
    folder = cache_folder() / "tools" / image.id.removeprefix("sha256:")[:12]
    if all((folder / each).exists() for each in programs):
        return folder
    name = run.containers.name("tools")
    client = run.containers.client
    entry = run.ledger.plan(Undo(kind="docker.container", what=f"container {name}", params={"name": name}))
    container = client.containers.create(image.tag, name=name, labels=run.containers.labels)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for program in programs:
            _take(container, program, folder)
    except (DockerException, tarfile.TarError) as problem:
        raise ProvisionProblem(f"image {image.tag} does not give its programs: {problem}") from problem
    finally:
        with contextlib.suppress(NotFound):
            container.remove(force=True, v=True)
        run.ledger.done(entry)
    return folder


def _take(container: object, program: str, folder: Path) -> None:
    """Copy a program out of a container that never ran; it appears under its name only when it is whole."""
    chunks, _ = container.get_archive(f"/usr/bin/{program}")  # type: ignore[attr-defined]
    with tempfile.TemporaryFile() as archive, tempfile.TemporaryDirectory(dir=folder) as beside:
        for chunk in chunks:
            archive.write(chunk)
        archive.seek(0)
        with tarfile.open(fileobj=archive) as tar:
            tar.extract(program, beside, filter="data")
        (Path(beside) / program).rename(folder / program)
