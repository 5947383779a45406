"""What Vercel does that a team may not expect; see ``drills.static.vercel`` for where each takes part."""

from __future__ import annotations

from drills.static.rules import ASSUMED, HostRule

_ROLLBACK = "https://vercel.com/docs/instant-rollback"

PINNED = HostRule(
    "vercel-pinned-after-rollback",
    "after a rollback a production deployment gets no production domain until one is promoted",
    _ROLLBACK,
)
ONE_STEP = HostRule(
    "vercel-hobby-one-step", "on Hobby only the production deployment before the present one is a target", _ROLLBACK
)
ONCE_LIVE = HostRule(
    "vercel-once-production", "only a deployment that production domains showed before is a target", _ROLLBACK
)
BUILT_VALUES = HostRule(
    "vercel-environment-of-the-build", "a rollback brings back the environment variables of the old build", _ROLLBACK
)
ALREADY_LIVE = HostRule("vercel-already-current", "the present deployment is no target", ASSUMED)
PROMOTE_ASSIGNS = HostRule(
    "vercel-promote-assigns-again",
    "promoting lets production domains go to each new production deployment, also where the team had ended that",
    "https://github.com/vercel/vercel/issues/15095",
)
PROMOTED_AS_BUILT = HostRule(
    "vercel-api-promotes-as-built",
    "the API's promotion builds nothing: a preview goes live as it is, with the variables of its own build",
    "https://vercel.com/docs/rest-api/projects/point-production-traffic-to-a-given-deployment",
)
PROMOTED_PREVIEW = HostRule(
    "vercel-promote-builds-preview-again",
    "the client does not promote a preview itself: a new production deployment is made of it",
    "https://vercel.com/docs/deployments/promoting-a-deployment",
)
RULES = (
    PINNED,
    ONE_STEP,
    ONCE_LIVE,
    BUILT_VALUES,
    ALREADY_LIVE,
    PROMOTE_ASSIGNS,
    PROMOTED_AS_BUILT,
    PROMOTED_PREVIEW,
)
