"""A page to look at: the history and the run folders as static HTML that needs no server, no network and no script."""

from harness.site.build import Built, build_site

__all__ = ["Built", "build_site"]
