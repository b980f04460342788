"""What writes the documents anew: lines that were shown are shown as they read now, and no others."""

from __future__ import annotations

import pytest

from qauvern.help import page
from tests.docs.consoles import Consoles
from tests.docs.manual import abridged, with_consoles, with_files

HEADER, RULE, FIRST, LAST = "Name   Held", "-----  ----", "chem     10", "thesis   20"


class TestAbridged:
    @pytest.mark.parametrize(
        ("expected", "said", "now"),
        [
            pytest.param([HEADER, FIRST], [HEADER, FIRST], [HEADER, FIRST], id="nothing-changed"),
            pytest.param([HEADER, FIRST], [HEADER, "chem     99"], [HEADER, "chem     99"], id="a-figure"),
            pytest.param(
                ["...", FIRST, "..."], [HEADER, "chem     99", LAST], ["...", "chem     99", "..."], id="gaps"
            ),
            pytest.param([FIRST], ["Not the same at all"], ["Not the same at all"], id="something-else"),
            pytest.param([HEADER, FIRST], [HEADER, RULE, FIRST], [HEADER, RULE, FIRST], id="a-new-line"),
            pytest.param([HEADER, FIRST], [HEADER, *"12345", FIRST], [HEADER, "...", FIRST], id="many-new-lines"),
            pytest.param([HEADER, RULE, LAST], [HEADER, LAST], [HEADER, LAST], id="a-line-has-gone"),
            pytest.param(
                ["19 written; ... Next: undo"],
                ["18 written; done in 3 s. Next: undo"],
                ["18 written; ... Next: undo"],
                id="a-gap-within-a-line",
            ),
            pytest.param(
                ["holds 19 ..."], ["holds 18 of them"], ["holds 18 of them"], id="a-gap-that-cannot-be-placed"
            ),
            pytest.param(
                ["at 2026-03-02 09:30 by ..."],
                ["at 2026-03-02 09:31 by ann"],
                ["at 2026-03-02 09:30 by ..."],
                id="moments",
            ),
        ],
    )
    def test_shows_what_was_shown(self, expected: list[str], said: list[str], now: list[str]) -> None:
        assert abridged(expected, said) == now


def test_a_console_block_is_written_anew(tmp_path_factory: pytest.TempPathFactory) -> None:
    consoles = Consoles.of_the_manual(tmp_path_factory.mktemp("consoles"))
    aged = page("configuration").replace("drug-docking from 2026-01-16", "drug-docking from 2025-01-16")
    assert aged != page("configuration")
    assert with_consoles(aged, consoles, "configuration.md") == page("configuration")


def test_a_block_of_which_nothing_is_left_stays_and_is_named(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    consoles = Consoles.of_the_manual(tmp_path_factory.mktemp("consoles"))
    block = "```console\n$ qauvern --sandbox explain nobody\n...\nFloor\n...\n```"
    assert with_consoles(block, consoles, "page.md") == block
    assert "page.md:1" in capsys.readouterr().err


def test_a_file_is_shown_as_it_is() -> None:
    aged = page("cron").replace("Persistent=true", "Persistent=false")
    assert aged != page("cron")
    assert with_files(aged) == page("cron")
