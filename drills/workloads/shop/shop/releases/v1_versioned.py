"""The first release of a team that migrates with numbered SQL files, and looks at them when it starts."""

from shop.release import Release
from shop.versioned import require_known

RELEASE = Release(id="v1-versioned", schema="0003_seed", setup=require_known)
