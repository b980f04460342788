"""What explain says: every number follows from the others, and a person can read it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qauvern.balance import Proposal, propose
from qauvern.model import Group, Guardrails, ReserveBasis, Settings, Snapshot
from qauvern.plan import changes_of, refusals
from qauvern.render.explanation import explanation_document, explanation_text, touched_by, wrapped
from tests.helpers.cli import widest
from tests.helpers.explained import check, check_groups, check_whole, is_kept
from tests.helpers.make import TODAY, Team, grant, group, line, settings, snapshot
from tests.property.test_groups import accounts as grouped_accounts


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

    @given(grouped_accounts(minimum_change=st.sampled_from([0, 0, 0, 30])))
    def test_of_any_account_with_groups_and_equal_parts_follow_from_each_other(
        self, account: tuple[Snapshot, Settings]
    ) -> None:
        explained = documents(*account)
        for each in explained:
            check(each)
        check_groups(explained)

    def test_of_the_worked_example_with_shares(self) -> None:
        """Design.md: T 1000 gives chem 580, phys 120 at its most, none 300 by its floors."""
        made = [
            Team("c", consumed=100, active=50, group="chem"),
            Team("p", consumed=50, active=50, limit=120, group="phys"),
            Team("n", consumed=300, active=10),
        ]
        groups = [group("chem", share="50"), group("phys", share="30")]
        by_name = {
            each["instance"]["name"]: each["group"]
            for each in documents(snapshot(made, budget=1_000), settings(made, minimum=0, groups=groups))
        }
        chem, phys, none = by_name["c"], by_name["p"], by_name["n"]
        assert [each["new_allocation_seconds"] for each in (chem, phys, none)] == [580, 120, 300]
        assert (phys["entitlement_exact"], phys["lent_exact"], phys["room_seconds"]) == ("300", "180", 70)
        assert (chem["entitlement_exact"], chem["lent_exact"], chem["beyond_entitlement_exact"]) == ("500", "0", "80")
        assert (none["name"], none["share_percent"], none["beyond_entitlement_exact"]) == ("none", 20, "100")

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

    TEAMS = (
        Team("c", consumed=100, active=50, group="chem"),
        Team("d", consumed=10, active=10, group="chem"),
        Team("p", consumed=50, active=50, limit=120, group="phys"),
        Team("n", consumed=300, active=10),
    )

    def explained(self, name: str, *groups: Group, equal: str = "0", minimum_change: int = 0) -> str:
        wanted = settings(self.TEAMS, minimum=0, groups=groups, equal_percent=equal, minimum_change=minimum_change)
        proposal = propose(snapshot(self.TEAMS, budget=1_000), wanted, TODAY)
        return explanation_text(proposal, line(proposal, name), (), width=None)

    def test_a_groups_part_is_derived_by_its_limit(self) -> None:
        text = self.explained("c", group("chem", limit=200), group("phys"))
        assert re.search(r"Group chem \(s\)\n  Limit of the group +200\n  - floors of its 2 instances +110\n", text)
        assert re.search(r"= its room \(0 at least\) +90\n", text)
        assert "keeps what its instances hold together at 200 s" in text

    def test_a_limit_below_the_floors_holds_the_group_to_them(self) -> None:
        assert "together at their floors, 110 s" in self.explained("c", group("chem", limit=20), group("phys"))

    def test_a_groups_part_is_derived_by_its_share(self) -> None:
        groups = group("chem", share="50"), group("phys", share="30")
        lender, borrower, rest = (self.explained(name, *groups) for name in ("p", "c", "n"))
        assert re.search(r"Entitled to 30% of it +300\.000\n  At least, by the floors of its 1 instance +50\n", lender)
        assert re.search(r"which lends to others, for now +180\.000\n", lender)
        assert re.search(r"which is above what it is entitled to by +80\.000\n", borrower)
        assert "lends" not in borrower
        assert re.search(r"No group \(s\)\n  All that is shared: handed out, and all floors +1,000\n", rest)

    def test_the_level_is_that_of_its_own_group(self) -> None:
        groups = group("chem", share="50"), group("phys", share="30")
        assert "Level (s for each s of score)" in self.explained("c", *groups)
        assert re.search(r"Level \(s for each s of score\) +none\n", self.explained("p", *groups))

    def test_both_parts_of_the_weight_are_shown_where_some_goes_in_equal_parts(self) -> None:
        text = self.explained("d", group("chem", share="50"), group("phys"), equal="25")
        scores = {
            name: line(propose(snapshot(self.TEAMS, budget=1_000), settings(self.TEAMS), TODAY), name).score
            for name in "cd"
        }
        own, mean = scores["d"].seconds, (scores["c"].seconds + scores["d"].seconds) / 2
        assert re.search(rf"75% of its score +{float(own * 3 / 4):,.3f}\n".replace(".", r"\."), text)
        assert re.search(rf"mean score of the active ones +{float(mean / 4):,.3f}\n".replace(".", r"\."), text)
        assert "Level (s for each s of weight)" in text

    def test_without_groups_and_equal_parts_nothing_is_said_of_them(self) -> None:
        text = self.explained("n")
        assert "roup" not in text.replace("in no group", "")
        assert "eight" not in text

    def test_what_the_dead_band_moves_a_group_to_is_said(self) -> None:
        text = self.explained("c", group("chem", share="50"), group("phys"), minimum_change=1_000)
        assert re.search(r"Its instances hold, with the dead band +\d+\n", text)

    def test_figures_in_columns_stay_as_they_are(self) -> None:
        assert wrapped("  Budget      1,000", 40) == "  Budget      1,000"
        assert wrapped("    one two three", 20) == "    one two three"
        assert wrapped("  one two three four", 20) == "  one two three four"
        assert wrapped("  one two three four five", 20) == "  one two three four\n    five"
