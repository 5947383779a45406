"""Whatever stands in the text of others, it stays text and stays in its place."""

import pytest

from harness.report.escape import block, code, excerpt, telling, words
from tests.harness.markdown import tables, tokens


@pytest.mark.parametrize(
    "text",
    [
        "# a",
        "- a",
        "1. a",
        "2) a",
        "+ a",
        "===",
        "---",
        "> a",
        "    a",
        "* a",
        "~~~",
        "```",
        "| a | b |",
        "<!--",
        "&lt;",
        "_a_",
        "a_b_c",
        "\\",
        "a\\",
        "http://x",
        "[x]: y",
        "!",
    ],
)
def test_words_are_words_at_the_start_of_a_line_too(text):
    parsed = tokens(f"above\n\n{words(text)}\n\nbelow")
    assert [token.type for token in parsed] == ["paragraph_open", "inline", "paragraph_close"] * 3
    shown = "".join(child.content for child in parsed[4].children).replace("\u200b", "")
    assert shown == " ".join(text.split())


@pytest.mark.parametrize(
    "text", ["a", "a|b", "`", "``", "a`b``c", "|", "\\|", "<b>", "&amp;", "a*b*c_d_", " x ", "~~a~~", "[a](b)"]
)
def test_code_survives_a_table_cell(text):
    parsed = tables(f"| h | i |\n|---|---|\n| {code(text)} | end |")[0][1]
    assert parsed == [text.strip() if "`" not in text and "|" not in text else f"<code>{text.strip()}</code>", "end"]


def test_a_block_cannot_be_closed_from_inside():
    parsed = tokens(block("x\n````\n</details>\n```"))
    assert [token.type for token in parsed] == ["fence"]
    assert parsed[0].content == "x\n````\n</details>\n```\n"


def test_a_long_output_keeps_its_end_and_says_so():
    text = block("\n".join(f"line {n}" for n in range(100)), lines=25)
    assert "[… 75 earlier lines …]" in text and "line 99" in text and "line 74" not in text


def test_a_long_line_is_cut_around_its_error():
    cut = excerpt("x" * 1000 + " UndefinedColumn: no total " + "y" * 1000, 100)
    assert "UndefinedColumn: no total" in cut and len(cut) <= 102


def test_telling_lines_are_the_request_and_the_last_error():
    assert telling(["GET / → 500", "Traceback:", "File x", "KeyError: a", "psycopg.errors.X: b"], 3) == [
        "GET / → 500",
        "psycopg.errors.X: b",
        "KeyError: a",
    ]
    assert telling(["one", "two", "two", "three"], 3) == ["one", "two", "three"]
