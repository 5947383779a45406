"""What Netlify does that a team may not expect; see ``drills.static.netlify`` for where each takes part."""

from __future__ import annotations

from drills.static.rules import ASSUMED, HostRule

_MANAGE = "https://docs.netlify.com/deploy/manage-deploys/manage-deploys-overview/"
RETENTION_DAYS = 90
"""Age at which a deploy is deleted (Netlify docs, "Manage deploys")."""

OVERWRITTEN = HostRule(
    "netlify-next-deploy-publishes", "with auto publishing on, the next production deploy is published", _MANAGE
)
LOCKED = HostRule("netlify-locked", "while the published deploy is locked, no production deploy is published", _MANAGE)
RETENTION = HostRule(
    "netlify-deploy-retention",
    f"a deploy older than {RETENTION_DAYS} days is deleted, unless it is published or the newest",
    _MANAGE,
)
PICKED = HostRule("netlify-rollback-picks", "`rollback` takes the deploy that was published before", ASSUMED)
RULES = (OVERWRITTEN, LOCKED, RETENTION, PICKED)
