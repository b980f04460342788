"""The manual on a terminal: what Markdown says is still there, without its marks, and within the width."""

from __future__ import annotations

import re

import click
import pytest

from qauvern.help import TOPICS, page
from qauvern.render.manual import drawn
from tests.helpers.cli import widest


def plain(markdown: str, width: int = 40) -> str:
    return click.unstyle(drawn(markdown, width=width))


class TestDrawn:
    def test_a_paragraph_is_wrapped(self) -> None:
        assert plain("one two\nthree four\n", 13) == "  one two\n  three four".replace("two\n  three", "two\n  three")

    def test_headings_stand_out(self) -> None:
        assert drawn("## Safety\n\nText.\n", width=40) == f"{click.style('Safety', bold=True)}\n\n  Text."

    def test_marks_become_styles(self) -> None:
        text = drawn("Say `show me`, **at once**.\n", width=40)
        assert click.unstyle(text) == "  Say show me, at once."
        assert click.style("show", fg="cyan") in text
        assert click.style("once", bold=True) + "." in text

    def test_code_stays_as_it_is(self) -> None:
        code = "a  b | c\n\n  " + "long " * 20
        assert plain(f"```sh\n{code}\n```\n") == "    a  b | c\n\n      " + ("long " * 20).rstrip()

    def test_items_hang(self) -> None:
        assert plain("- one two three\n- four\n  five\n", 12) == "  - one two\n    three\n  - four\n    five"

    def test_items_keep_their_numbers_and_depth(self) -> None:
        assert plain("9. a\n10. b\n  - c\n") == "  9. a\n  10. b\n    - c"

    def test_a_table_has_aligned_columns_and_no_bars(self) -> None:
        table = "| mark | means |\n|---|---|\n| `a\\|b` | first |\n| c | second |\n"
        assert plain(table) == "  mark  means\n  ----  ------\n  a|b   first\n  c     second"

    def test_a_wide_table_is_wrapped_within_its_cells(self) -> None:
        table = "| key | meaning |\n|---|---|\n| one | some words to wrap |\n| two | x |\n"
        assert plain(table, 19) == ("  key  meaning\n  ---  ------------\n  one  some words\n       to wrap\n  two  x")

    def test_a_word_is_never_broken(self) -> None:
        table = "| a_long_name_of_a_key | b |\n|---|---|\n| x | y |\n"
        assert "a_long_name_of_a_key" in plain(table, 10)

    def test_links_to_pages_are_gathered(self) -> None:
        text = plain("See [the bounds](configuration.md#guardrails) and [more](https://example.com).\n", 100)
        assert text == "  See the bounds and more.\n\nSee also: configuration. qauvern help TOPIC shows each."

    def test_comments_are_left_out(self) -> None:
        assert plain("<!-- examples/crontab -->\n```\nx\n```\n") == "    x"


@pytest.mark.parametrize("topic", TOPICS)
class TestPages:
    def test_no_word_is_lost(self, topic: str) -> None:
        """All words of the page, in its order, but those of marks, links and comments."""
        text = re.sub(r"<!--.*?-->|```\w*|^\|[-|]+\|$", " ", page(topic), flags=re.MULTILINE)
        text = re.sub(r"\]\([^)]*\)|^#+ ", " ", text, flags=re.MULTILINE)
        wanted = sorted(re.findall(r"\w+", text))
        shown = sorted(re.findall(r"\w+", plain(page(topic), 1000).partition("\n\nSee also:")[0]))
        assert shown == wanted

    def test_text_keeps_to_the_width(self, topic: str) -> None:
        without_code = re.sub(r"^```.*?^```$", "", page(topic), flags=re.MULTILINE | re.DOTALL)
        assert widest(plain(without_code, 80)) <= 80
