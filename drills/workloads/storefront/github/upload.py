#!/usr/bin/env python3
"""upload.py FOLDER [DAYS]: what the build job does: a run of the workflow whose artefact is the built site.

It stands for `actions/upload-pages-artifact`, which keeps an artefact for a day unless told otherwise.
"""

import io
import sys
import tarfile
from pathlib import Path
from urllib.parse import urlencode

from api import API, ask


def main(folder: str, days: str = "1") -> None:
    """Upload."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", dereference=True) as archive:
        archive.add(folder, arcname=".")
    query = urlencode({"title": Path(folder).resolve().name, "retention_days": days})
    run = ask("POST", f"/_actions/artifacts?{query}", packed.getvalue(), base=API)
    print(f"run {run['id']}: {run['display_title']}")


if __name__ == "__main__":
    main(*sys.argv[1:])
