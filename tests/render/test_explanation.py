"""What explain says: every number follows from the others, and a person can read it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qauvern.balance import Proposal, propose
from qauvern.model import Guardrails, ReserveBasis, Settings, Snapshot
from qauvern.plan import changes_of, refusals
from qauvern.render.explanation import explanation_document, explanation_text, touched_by, wrapped
from tests.helpers.cli import widest
from tests.helpers.explained import check, check_whole, is_kept
from tests.helpers.make import TODAY, Team, grant, line, settings, snapshot


def documents(seen: Snapshot, wanted: Settings) -> list[dict[str, Any]]:
    proposal = propose(seen, wanted, TODAY)
    return [explanation_document(proposal, each, ()) for each in proposal.lines]


seconds = st.one_of(st.integers(0, 30), st.integers(0, 5000))
thousandths = st.integers(0, 2_000_000).map(lambda ms: ms / 1000)


@st.composite
def teams(draw: st.DrawFn, index: int) -> Team:
    limit = draw(st.none() | seconds)
    spans = draw(st.lists(st.tuples(st.integers(-60, 5), st.integers(1, 60), st.integers(1, 900)), max_size=3))
    grants = [
        grant(TODAY + timedelta(days=start), TODAY + timedelta(days=start + length), budget)
        for start, length, budget in spans
    ]
    used = draw(st.dictionaries(st.integers(-70, 0), st.integers(0, 300_000), max_size=8))
    return Team(
        f"team-{index}",
        allocation=draw(st.none() | st.integers(1, 2000)),
        consumed=draw(thousandths),
        active=draw(st.just(0.0) | thousandths),
        limit=limit,
        live_limit=draw(st.none() | seconds),
        grants=() if limit is None else tuple(grants),
        daily={TODAY + timedelta(days=offset): used_ms / 1000 for offset, used_ms in used.items()},
    )


@st.composite
def accounts(draw: st.DrawFn) -> tuple[Snapshot, Settings]:
    made = [draw(teams(index)) for index in range(draw(st.integers(1, 5)))]
    seen = snapshot(
        made,
        budget=draw(st.none() | st.integers(0, 20_000)),
        unallocated=draw(st.integers(0, 5000)),
        unconfigured_consumed=draw(seconds),
    )
    wanted = settings(
        made,
        minimum=draw(st.integers(0, 100)),
        reserve_percent=str(draw(st.decimals(0, "99.99", places=2))),
        basis=draw(st.sampled_from(ReserveBasis)),
    )
    return seen, replace(wanted, guardrails=Guardrails(minimum_change_seconds=draw(st.sampled_from([0, 0, 50, 3000]))))


class TestTheNumbers:
    @given(accounts())
    def test_of_any_account_follow_from_each_other(self, account: tuple[Snapshot, Settings]) -> None:
        explained = documents(*account)
        for each in explained:
            check(each)
        check_whole(explained)

    def test_of_an_account_over_budget(self) -> None:
        made = [
            Team("held", consumed=500, active=9, live_limit=500),
            Team("used", consumed=400, active=9, live_limit=1000),
            Team("too", consumed=300, active=9, live_limit=500),
        ]
        explained = documents(snapshot(made, budget=1_000), settings(made, minimum=60))
        for each in explained:
            check(each)
        check_whole(explained)
        # Design.md, Over budget: 60, 400, 300
        new = {each["instance"]["name"]: each["instance"]["new_allocation_seconds"] for each in explained}
        assert new == {"held": 60, "used": 400, "too": 300}

    def test_of_one_that_the_dead_band_keeps(self) -> None:
        made = [Team("kept", 690, 70, 70), Team("moved", 100, 30, 30)]
        wanted = replace(settings(made), guardrails=Guardrails(minimum_change_seconds=30))
        explained = documents(snapshot(made, budget=1_000), wanted)
        for each in explained:
            check(each)
        check_whole(explained)
        # Pool 1000 - 100 = 900, shares 630 and 270: 700 is 10 off 690, which stays; the other gets 900 - 620
        assert {each["instance"]["name"]: is_kept(each) for each in explained} == {"kept": True, "moved": False}
        assert [each["instance"]["new_allocation_seconds"] for each in explained] == [690, 310]

    def test_a_wrong_number_is_found(self) -> None:
        made = [Team("a", consumed=50.5, active=10, limit=400), Team("b", consumed=10, active=20)]
        for path in (("floor", "seconds"), ("share", "seconds"), ("room_seconds",), ("limit", "seconds")):
            (wrong, _) = documents(snapshot(made, budget=1_000), settings(made))
            check(wrong)
            at = wrong
            for key in path[:-1]:
                at = at[key]
            at[path[-1]] += 1
            with pytest.raises(AssertionError):
                check(wrong)


def proposed(*made: Team, budget: int | None = 1_000, guardrails: Guardrails | None = None) -> Proposal:
    return propose(snapshot(made, budget=budget), replace(settings(made), guardrails=guardrails or Guardrails()), TODAY)


class TestTouchedBy:
    def test_nothing(self) -> None:
        proposal = proposed(Team("a"))
        assert touched_by(proposal, proposal.lines[0], ()) == []

    def test_the_dead_band(self) -> None:
        guardrails = Guardrails(minimum_change_seconds=20)
        proposal = proposed(Team("a", 995, 5, 5), guardrails=guardrails)
        (said,) = touched_by(proposal, proposal.lines[0], ())
        assert said == "the dead band (minimum_change_seconds) keeps its allocation"

    def test_a_guardrail_for_those_it_concerns(self) -> None:
        made = [Team("down", 900), Team("same", 10, live_limit=5)]
        proposal = proposed(*made)
        refused = refusals(changes_of(proposal), Guardrails(max_changes=0), 2)
        assert "guardrail max_changes refuses the run" in touched_by(proposal, line(proposal, "down"), refused)[0]
        assert touched_by(proposal, line(proposal, "same"), refused) == []

    def test_the_regime_over_budget(self) -> None:
        proposal = proposed(Team("a", consumed=1_000))
        assert touched_by(proposal, proposal.lines[0], ()) == ["the plan is over budget: allocations follow usage"]

    def test_a_broken_invariant_with_its_number(self) -> None:
        proposal = proposed(Team("a", consumed=800), Team("b", consumed=150), *(Team(str(each)) for each in range(6)))
        assert proposal.broken, "floors of 800 + 150 + 6 * 10"
        assert touched_by(proposal, proposal.lines[0], ())[0].startswith("invariant 1: ")


EVERYTHING = Team(
    "a-name-of-some-length",
    allocation=12_345_678,
    consumed=9_876_543.2,
    active=1_234_567.8,
    limit=1_000_000,
    grants=(
        grant(TODAY - timedelta(days=5), TODAY + timedelta(days=5), 5_000_000),
        grant(TODAY - timedelta(days=40), TODAY - timedelta(days=10), 2_000_000),
    ),
    daily={TODAY - timedelta(days=offset): 345_678.9 for offset in range(40)},
)


class TestText:
    @pytest.mark.parametrize("budget", [50_000_000, 9_000_000, 9_900_000, None])
    @pytest.mark.parametrize("width", [40, 60, 80])
    def test_nothing_but_the_crn_is_wider_than_the_terminal(self, budget: int | None, width: int) -> None:
        proposal = proposed(EVERYTHING, budget=budget)
        refused = refusals(changes_of(proposal), Guardrails(max_changes=0), 1)
        text = explanation_text(proposal, proposal.lines[0], refused, width=width)
        assert widest("\n".join(each for each in text.splitlines() if "crn:v1:" not in each)) <= width
        assert str(EVERYTHING.crn) in text.splitlines()

    def test_in_a_pipe_no_line_is_broken(self) -> None:
        proposal = proposed(EVERYTHING, budget=50_000_000)
        text = explanation_text(proposal, proposal.lines[0], (), width=None)
        assert "(active): 2,074,073.4 s charged" in text

    def test_debt_and_a_limit_that_is_reached_are_explained(self) -> None:
        for limit, expected in ((5, "in debt: "), (50, "limit reached: "), (51, None)):
            proposal = proposed(Team("a", consumed=50, active=5, limit=limit))
            text = explanation_text(proposal, proposal.lines[0], (), width=None)
            said = [each for each in ("in debt: ", "limit reached: ") if each in text]
            assert said == ([expected] if expected else [])

    def test_one_without_an_allocation(self) -> None:
        proposal = proposed(Team("a", None, 5, 5), budget=None)
        text = explanation_text(proposal, proposal.lines[0], (), width=80)
        assert "no allocation to set" in text
        assert "takes part with its limit only" in text

    def test_control_characters_are_made_visible(self) -> None:
        proposal = proposed(Team("a", allocation=50, consumed=900), budget=800)
        evil = replace(proposal.lines[0], configured=replace(proposal.lines[0].configured, name="e\x1b[2Jvil"))
        text = explanation_text(proposal, evil, (), width=80)
        assert "\x1b" not in text
        assert "e\\x1b[2Jvil" in text

    def test_figures_in_columns_stay_as_they_are(self) -> None:
        assert wrapped("  Budget      1,000", 40) == "  Budget      1,000"
        assert wrapped("    one two three", 20) == "    one two three"
        assert wrapped("  one two three four", 20) == "  one two three four"
        assert wrapped("  one two three four five", 20) == "  one two three four\n    five"
