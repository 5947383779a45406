"""May this drill touch that endpoint? Asked before anything is touched.

Loopback is always allowed, and so is the run's own network (whose addresses the run hands out itself). Everything
else has to be named twice: by the scenario under ``allow:`` and by the user with ``--allow-remote``.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

from harness.errors import GuardRefusal


def require_allowed(endpoint: str, *, allow: Collection[str], confirmed: Collection[str]) -> None:
    """Refuse ``endpoint`` unless it is local or named twice.

    Args:
        allow: hosts or URLs that the scenario names under ``allow:``.
        confirmed: hosts or URLs that the user passed with ``--allow-remote``.

    Raises:
        GuardRefusal: it may not be touched; says which of the two names is missing.
    """
    host = host_of(endpoint)
    if is_loopback(host):
        return
    named, agreed = ({host, endpoint} & set(each) for each in (allow, confirmed))
    if named and agreed:
        return
    missing = [] if named else [f"the scenario does not name it under `allow: [{host}]`"]
    missing += [] if agreed else [f"the command line does not say `--allow-remote {host}`"]
    raise GuardRefusal(
        f"refusing to touch {host}: it is not on this machine; {' and '.join(missing)}",
        next_step="a drill breaks things on purpose: use a local stack, or name a staging endpoint in both places",
    )


def host_of(endpoint: str) -> str:
    """Host name or address in ``endpoint`` (URL, ``host:port`` or ``host``)."""
    parts = urlsplit(endpoint if "//" in endpoint else f"//{endpoint}")
    try:
        host, _ = parts.hostname, parts.port
    except ValueError as problem:
        raise GuardRefusal(f"refusing to touch {endpoint!r}: {problem}") from problem
    if not host:
        raise GuardRefusal(f"refusing to touch {endpoint!r}: it names no host")
    return host


def is_loopback(host: str) -> bool:
    """Whether every address of ``host`` is a loopback address. A name that does not resolve is not."""
    try:
        addresses = {entry[4][0] for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return bool(addresses) and all(ipaddress.ip_address(str(each).split("%")[0]).is_loopback for each in addresses)
