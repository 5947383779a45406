"""No module over 400 lines: a longer one is two modules."""

import subprocess
import sys
from pathlib import Path

_MOST = 400


def main() -> int:
    """Names every tracked Python file that is too long; exit code 1 if there is one."""
    files = subprocess.run(["git", "ls-files", "*.py"], capture_output=True, text=True, check=True).stdout.split()
    lengths = {file: len(Path(file).read_text(encoding="utf-8").splitlines()) for file in files if Path(file).exists()}
    long = {file: length for file, length in lengths.items() if length > _MOST}
    for file, length in long.items():
        sys.stderr.write(f"{file}: {length} lines, at most {_MOST}\n")
    return 1 if long else 0


if __name__ == "__main__":
    sys.exit(main())
