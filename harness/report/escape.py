"""Text of others on a Markdown page: whatever is in it, it stays text and stays in its place.

Output of commands, log lines and database errors hold pipes, backticks, tags, newlines and terminal colours. Every
``{{ }}`` of the report goes through ``finalize``; only what a function of this module returned counts as Markdown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from markupsafe import Markup

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_MARKS = re.compile(r"[\\`*\[\]|~]")
_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
"""An underscore inside a word is no emphasis (CommonMark 6.2): ``total_cents`` stays readable in the raw text."""
_LINE_START = re.compile(r"^(?:[-+](?=\s|$)|#{1,6}(?=\s|$)|[=-]+$|\d+(?=[.)](?:\s|$)))")
"""What makes a block of a line: list, heading, underline of a heading, numbered list."""
_ENTITIES = re.compile(r"[&<>`|*_\[\]\\~]")
_TELLING = re.compile(
    r"\w*(?:Error|Exception|Violation|Undefined)\w*|\berrors?\.\w+|\b(?:ERROR|FATAL|PANIC)\b"
    r"|does not exist|denied|refused|violates|[Cc]annot |[Cc]an't "
)
"""What a line says that explains a failure, in the languages and databases that people run."""


def plain(text: str) -> str:
    """``text`` without terminal sequences and without characters that nobody sees or that turn the reading order."""
    kept = (c for c in _ANSI.sub("", text) if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    return "".join(kept)


def one_line(text: str) -> str:
    """``text`` on one line, blanks collapsed."""
    return " ".join(plain(text).split())


def finalize(value: object) -> object:
    """Escape an expression's value unless it is Markdown already; None is ``unknown``."""
    if isinstance(value, Markup):
        return value
    return words("unknown" if value is None else str(value))


def words(text: str) -> Markup:
    """``text`` as inline Markdown that reads as it stands, also inside a table cell."""
    line = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    line = _UNDERSCORE.sub(r"\\_", _MARKS.sub(lambda mark: "\\" + mark[0], line))
    return Markup(_LINE_START.sub(_broken_block, line))


def _broken_block(start: re.Match[str]) -> str:
    # A digit cannot be escaped; its point can, by something invisible before it.
    return f"{start[0]}&#8203;" if start[0].isdigit() else f"\\{start[0]}"


def code(text: str, limit: int = 400) -> Markup:
    """``text`` as inline code, also inside a table cell; longer than ``limit`` characters is cut in the middle."""
    line = excerpt(one_line(text), limit)
    if not line:
        return Markup("")
    if "`" in line or "|" in line:
        # Readers of Markdown disagree on pipes and backslashes in code within tables; all agree on entities.
        return Markup(f"<code>{_ENTITIES.sub(lambda mark: f'&#{ord(mark[0])};', line)}</code>")
    return Markup(f"`{line}`")


def block(text: str, lines: int = 25) -> Markup:
    """The last ``lines`` lines of ``text`` as a fenced block that its content cannot close."""
    kept = [excerpt(line, 500) for line in plain(text).expandtabs().rstrip().split("\n")]
    cut = [f"[… {len(kept) - lines} earlier lines …]"] if len(kept) > lines else []
    fence = "`" * max(3, 1 + max((len(run) for line in kept for run in re.findall("`+", line)), default=0))
    return Markup("\n".join([f"{fence}text", *cut, *kept[-lines:], fence]))


def excerpt(text: str, limit: int) -> str:
    """At most ``limit`` characters of ``text``, around the place that tells most."""
    if len(text) <= limit:
        return text
    telling = _TELLING.search(text)
    start = min(max(0, telling.start() - limit // 4), len(text) - limit) if telling else 0
    cut = text[start : start + limit]
    return f"{'…' if start else ''}{cut}{'…' if start + limit < len(text) else ''}"


def telling(lines: Sequence[str], limit: int = 3) -> list[str]:
    """The lines that a reader needs to believe it: the first (the failing request) and those that name an error."""
    distinct = list(dict.fromkeys(filter(None, (one_line(line) for line in lines))))
    # The last error of a traceback or a log is the one that reached the user, so it comes before the earlier ones.
    errors = [line for line in reversed(distinct[1:]) if _TELLING.search(line)]
    return distinct[:1] + (errors or distinct[1:])[: limit - 1]
