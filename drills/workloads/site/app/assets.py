"""Style sheets and scripts under names that carry a hash of their content, found through a manifest."""

import json


class AssetNotPresent(Exception):
    """The manifest does not know the asset that a page asks for."""


class Assets:
    """The manifest of the folder that nginx serves; read again for each page, because a deploy replaces it."""

    def __init__(self, folder):
        self._manifest = folder / "manifest.json"

    def path(self, name):
        """URL of the asset ``name``."""
        known = json.loads(self._manifest.read_text())
        if name not in known:
            raise AssetNotPresent(f"The asset {name!r} is not present in the asset manifest")
        return f"/assets/{known[name]}"
