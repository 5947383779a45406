"""A page as a reader of Markdown sees it."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.token import Token

_READER = MarkdownIt("commonmark", {"html": True}).enable("table")


def html(text: str) -> str:
    return _READER.render(text)


def tokens(text: str) -> list[Token]:
    return _READER.parse(text)


def tables(text: str) -> list[list[list[str]]]:
    """Every table as rows of plain cell texts."""
    found, row = [], []
    for token in tokens(text):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            row = []
            found[-1].append(row)
        elif token.type == "inline" and token.level >= 3 and found:
            row.append(
                "".join(
                    child.content
                    for child in token.children or ()
                    if child.type in ("text", "code_inline", "html_inline", "text_special")
                )
            )
    return found
