"""A good release that does not start on a schema that it does not know, as migrate-on-boot services do not."""

from shop.release import Release
from shop.schema import require_known

RELEASE = Release(id="v1-guarded", schema="0003_seed", setup=require_known)
