"""A good release that has orders confirmed by a worker."""

from shop.jobs import enqueue, in_english
from shop.release import Release

RELEASE = Release(id="v1-jobs", schema="0003_seed", placed=enqueue(), confirm=in_english)
