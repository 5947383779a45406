"""Its jobs have one more argument, which v1_jobs does not know; and the unit price with its fault."""

from shop.jobs import enqueue, in_any_language
from shop.pricing import with_unit_price
from shop.release import Release

RELEASE = Release(
    id="v2-jobs", schema="0003_seed", placed=enqueue(locale="de"), confirm=in_any_language, shape=with_unit_price
)
