"""`python3 compile_assets.py`: copies assets/ to public/assets/ under hashed names and writes the manifest.

Files that the new manifest does not name are removed with `--clean`.
"""

import hashlib
import json
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main(clean):
    """Compiles the assets of the release in this folder."""
    target = HERE / "public" / "assets"
    target.mkdir(parents=True, exist_ok=True)
    manifest = {}
    for source in sorted((HERE / "assets").iterdir()):
        digest = hashlib.sha256(source.read_bytes()).hexdigest()[:8]
        manifest[source.name] = f"{source.stem}-{digest}{source.suffix}"
        shutil.copy(source, target / manifest[source.name])
    fresh = target / ".manifest.json.new"
    fresh.write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    fresh.rename(target / "manifest.json")
    for old in target.iterdir() if clean else ():
        if old.name not in {"manifest.json", *manifest.values()}:
            old.unlink()


if __name__ == "__main__":
    main("--clean" in sys.argv[1:])
