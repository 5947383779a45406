"""Helm releases of a namespace, read from the Secrets in which Helm keeps a record of each revision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from harness.model import Frozen

SECRET_TYPE = "helm.sh/release.v1"
"""Type of the Secret of one revision; its labels say the rest (helm, pkg/storage/driver/secrets.go)."""
RELEASE = "meta.helm.sh/release-name"
"""Annotation of what belongs to a release."""
PENDING = "pending-"
"""How the states of an operation that has not ended begin."""


class HelmRevision(Frozen):
    """The newest revision of a release and its state, such as ``deployed`` or ``pending-upgrade``."""

    number: int
    status: str

    def __str__(self) -> str:
        return f"revision {self.number} is {self.status}"


def newest_revisions(secrets: Iterable[Any]) -> Mapping[str, HelmRevision]:
    """The newest revision of each release that ``secrets`` have a record of."""
    newest: dict[str, HelmRevision] = {}
    for secret in secrets:
        if secret.type != SECRET_TYPE:
            continue
        labels = secret.metadata.labels
        found = HelmRevision(number=int(labels["version"]), status=labels["status"])
        known = newest.get(labels["name"])
        if known is None or known.number < found.number:
            newest[labels["name"]] = found
    return newest
