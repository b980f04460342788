"""The report: its figures are those of analyze, it stands alone, and it stays usable at any size."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

pytest.importorskip("qauvern.render.report", reason="the extra `report` is not installed")

from qauvern.balance import propose
from qauvern.model import BillingPlan, Group, Instance, Settings, Snapshot
from qauvern.render.documents import analysis_document
from qauvern.render.report import Report, report_data, report_of, report_page
from tests.helpers.make import TODAY, Team, crn, grant, settings, snapshot
from tests.helpers.page import Page, number

NASTY = "<script>alert(1)</script>\"'&\x1b[31m{{ 7 * 7 }}"
BOOST = grant(TODAY - timedelta(days=5), TODAY + timedelta(days=5), 300)
TEAMS = (
    Team("busy", 100, consumed=60, active=20.5, daily={TODAY: 20.5, TODAY - timedelta(days=3): 39.5}),
    Team("capped", 100, consumed=250, active=5, limit=200, live_limit=150, daily={TODAY: 250}),
    Team("granted", 500, consumed=120, active=1, limit=100, grants=(BOOST,), daily={TODAY: 120}),
    Team("idle", 400),
    Team("unheld", 60, consumed=61, region="eu-de"),
)


def grouped(teams: Sequence[Team]) -> Settings:
    names = sorted({team.group for team in teams if team.group is not None})
    return replace(settings(teams), groups=tuple(map(Group, names)))


def report(
    teams: Sequence[Team] = TEAMS, *, budget: int | None = 2_000, elsewhere: float = 0, groups: bool = False
) -> Report:
    taken = snapshot(teams, budget=budget, unconfigured_consumed=elsewhere)
    configured = grouped(teams) if groups else settings(teams)
    return report_of(propose(taken, configured, TODAY), taken)


def document(teams: Sequence[Team] = TEAMS, *, budget: int | None = 2_000) -> dict[str, Any]:
    return analysis_document(propose(snapshot(teams, budget=budget), settings(teams), TODAY))


def page(teams: Sequence[Team] = TEAMS, *, budget: int | None = 2_000, elsewhere: float = 0) -> Page:
    return Page(report_page(report(teams, budget=budget, elsewhere=elsewhere)))


def many(count: int) -> list[Team]:
    days = [TODAY - timedelta(days=back) for back in range(29)]
    return [
        Team(
            f"team-{number:04}",
            100 + number,
            consumed=sum(range(29)) + number,
            active=number % 7,
            limit=5_000 if number % 3 or number % 20 == 1 else None,
            grants=(BOOST,) if number % 20 == 1 else (),
            daily={day: (number * 37 + back * 11) % 900 + 0.25 for back, day in enumerate(days)},
        )
        for number in range(count)
    ]


SECONDS_KEYS = (
    *("current_allocation_seconds", "new_allocation_seconds", "allocation_delta_seconds"),
    *("current_limit_seconds", "new_limit_seconds"),
)
USAGE_KEYS = (
    *("consumed_24h_seconds", "consumed_3day_seconds", "consumed_7day_seconds", "consumed_14day_seconds"),
    *("consumed_28day_seconds", "fairness", "activity_score"),
)


class TestFigures:
    def test_of_the_page_are_those_of_analyze(self) -> None:
        shown = page()
        for expected in document()["instances"]:
            changes, usage = shown.row("changes", expected["crn"]), shown.row("usage", expected["crn"])
            assert changes.texts["name"] == expected["name"]
            for row, keys in ((changes, SECONDS_KEYS), (usage, USAGE_KEYS)):
                assert {key: number(row.values.get(key)) for key in keys} == {key: expected[key] for key in keys}

    def test_are_written_as_the_terminal_writes_them(self) -> None:
        row = page([Team("a", 12_345, consumed=1_234.56)], budget=100_000).tables["usage"][0]
        assert row.texts["consumed_28day_seconds"] == "1,234.6"

    def test_of_the_account_are_those_of_analyze(self) -> None:
        expected = document()
        figures = {**expected["account"], **expected["reserve"]}
        facts = page().facts
        assert {"allocation_budget_seconds", "consumed_seconds", "unallocated_seconds"} <= set(facts)
        assert {key: number(value) for key, value in facts.items()} == {key: figures[key] for key in facts}

    def test_fairness_with_the_new_allocation(self) -> None:
        row = next(row for row in report().rows if row.name == "busy")
        assert row.line.new_allocation is not None
        assert row.new_fairness == Fraction(60, row.line.new_allocation)

    def test_infinite_fairness_is_a_sign_and_no_number(self) -> None:
        row = report().rows[0]
        line = replace(row.line, live=replace(row.line.live, allocation_seconds=0), new_allocation=0)
        usage = Page(report_page(replace(report(), rows=(replace(row, line=line),)))).tables["usage"][0]
        assert (usage.texts["fairness"], usage.values.get("fairness")) == ("∞", None)

    def test_daily_usage_is_of_every_day_of_the_window(self) -> None:
        made = report_data(report())
        busy = next(each for each in made["instances"] if each["name"] == "busy")
        days = [TODAY - timedelta(days=back) for back in range(28, -1, -1)]
        assert made["days"] == [day.isoformat() for day in days]
        assert {day: used for day, used in zip(days, busy["daily_seconds"], strict=True) if used} == {
            TODAY - timedelta(days=3): 39.5,
            TODAY: 20.5,
        }

    def test_embedded_are_those_of_analyze(self) -> None:
        embedded = {each["crn"]: each for each in page().data["instances"]}
        for expected in document()["instances"]:
            assert {key: embedded[expected["crn"]][key] for key in expected} == expected

    def test_what_does_not_change_is_marked_so(self) -> None:
        (row,) = page([Team("a", 10)]).tables["changes"]
        assert (row.kind, row.texts["allocation_delta_seconds"]) == ("same", "0")

    def test_a_change_says_its_direction_in_signs_too(self) -> None:
        texts = [row.texts["allocation_delta_seconds"] for row in page().tables["changes"]]
        assert {text[:3] for text in texts} == {"▲ +", "▼ -"}


class TestLimits:
    def history(self, *grants_: Any, daily: dict[date, float] | None = None, limit: int = 100) -> Any:
        teams = [Team("a", limit=limit, grants=grants_, daily=daily or {})]
        (history,) = report(teams).histories
        return history

    def test_are_of_28_days_back_to_28_ahead(self) -> None:
        days = [each.day for each in self.history(BOOST).days]
        assert (days[0], days[-1], len(days)) == (TODAY - timedelta(days=28), TODAY + timedelta(days=28), 57)

    def test_step_with_the_grant_and_what_it_paid(self) -> None:
        """100 + 300 while active; then 100 + the 120 it paid today, until today leaves the window (28 days on)."""
        steps = self.history(BOOST, daily={TODAY: 120}).steps
        assert [(str(step.first), step.limit_seconds) for step in steps] == [
            ("2026-02-15", 100),
            ("2026-03-10", 400),
            ("2026-03-20", 220),
        ]

    def test_of_today_is_that_of_the_proposal(self) -> None:
        made = report()
        (history,) = made.histories
        today = next(each for each in history.days if each.day == TODAY)
        assert today.limit_seconds == next(row.line.new_limit for row in made.rows if row.name == "granted")

    def test_ahead_nothing_more_is_used(self) -> None:
        history = self.history(BOOST, daily={TODAY - timedelta(days=20): 30, TODAY: 120})
        assert [each.window_usage_ms for each in history.days[27:30]] == [30_000, 150_000, 150_000]
        assert history.days[-1].window_usage_ms == 120_000
        assert history.next_step.first == TODAY + timedelta(days=5)

    @pytest.mark.parametrize(
        ("start", "end", "state"),
        [(2, 9, "to come"), (-2, 9, "active"), (-9, -2, "ended, still credits")],
    )
    def test_say_how_each_grant_stands(self, start: int, end: int, state: str) -> None:
        given = grant(TODAY + timedelta(days=start), TODAY + timedelta(days=end), 50)
        (span,) = self.history(given, daily={TODAY - timedelta(days=5): 20}).grants
        assert span.state == state
        assert span.spent_ms == (20_000 if start == -9 else 0)
        assert span.spent_ms + span.unspent_ms == 50_000

    def test_are_not_drawn_where_no_grant_moves_them(self) -> None:
        old = grant(date(2025, 1, 1), date(2025, 2, 1), 50)
        assert report([Team("a", limit=100, grants=(old,)), Team("b", limit=100)]).histories == ()

    def test_table_holds_those_that_have_one_and_counts_the_rest(self) -> None:
        shown = page()
        assert [row.texts["name"] for row in shown.tables["limits"]] == ["capped", "granted"]
        assert "3 of 5 instances have no limit" in shown.text
        capped = shown.tables["limits"][0]
        assert (capped.texts["left_seconds"], capped.texts["marks"]) == ("-50", "blocked now, in debt")


class TestWarnings:
    def test_over_budget_is_told(self) -> None:
        assert "The plan is over its budget" in page(elsewhere=2_000).text
        assert "The plan is over its budget" not in page().text

    def test_broken_invariants_are_told(self) -> None:
        """Two floors of 10 s do not fit into a budget of 15 s."""
        shown = page([Team("a", 5), Team("b", 5)], budget=15)
        assert "breaks its own rules" in shown.text
        assert "Invariant 1: " in shown.text
        assert "breaks its own rules" not in page().text

    def test_what_they_say_is_escaped(self) -> None:
        text = report_page(replace(report(), broken=("Invariant 1: too <much>",), warnings=("<b>",)))
        assert "Invariant 1: too &lt;much&gt;" in text
        assert "&lt;b&gt;" in text


class TestStandsAlone:
    def test_refers_to_nothing_but_itself(self) -> None:
        shown = page(many(40))
        assert {reference[:1] for reference in shown.references} == {"#"}
        assert {reference[1:] for reference in shown.references} <= set(shown.ids)
        assert len(shown.ids) == len(set(shown.ids))

    def test_names_no_address(self) -> None:
        assert re.findall(r"https?:|//[a-z]|@import|url\(", report_page(report())) == []

    def test_has_one_script_and_style_of_its_own(self) -> None:
        tags = [tag for tag, _ in page().elements]
        assert (tags.count("script"), tags.count("style"), tags.count("link"), tags.count("img")) == (2, 1, 0, 0)

    def test_forbids_the_browser_everything_else(self) -> None:
        policy = next(each["content"] for tag, each in page().elements if tag == "meta" and "http-equiv" in each)
        assert policy.startswith("default-src 'none';")
        assert re.search(r"script-src 'sha256-[A-Za-z0-9+/=]+'$", policy)

    def test_names_are_escaped_wherever_they_stand(self) -> None:
        team = replace(TEAMS[2], name="granted")
        taken, configured = snapshot([team], budget=2_000), settings([team])
        named = replace(configured, instances=(replace(configured.instances[0], name=NASTY),))
        text = report_page(report_of(propose(taken, named, TODAY), taken))
        assert "<script>alert" not in text
        assert "\x1b" not in text
        shown = Page(text)
        assert [tag for tag, _ in shown.elements].count("script") == 2
        assert {each["name"] for each in shown.data["instances"]} == {NASTY}
        readable = NASTY.replace("\x1b", "\\x1b")
        assert shown.tables["changes"][0].texts["name"] == readable
        assert shown.text.count(readable) > 5

    def test_is_the_same_for_the_same_snapshot(self) -> None:
        assert report_page(report()) == report_page(report())


class TestCharts:
    def test_every_day_says_what_it_stands_for(self) -> None:
        text = report_page(report())
        assert "<title>15\u00a0Mar: limit 400 s, 120 s used in its 28 days</title>" in text
        assert "<title>net grant of 300 s, 2026-03-10 to before 2026-03-20</title>" in text
        assert re.findall(r'<rect class="hit"[^>]*>(?!<title>)', text) == []

    def test_axes_have_units_and_unbroken_dates(self) -> None:
        labels = re.findall(r"<text[^>]*>([^<]+)</text>", report_page(report()))
        assert any(label.endswith(" s") for label in labels)
        assert "15\u00a0Mar" in labels

    def test_a_day_of_usage_is_never_left_white(self) -> None:
        teams = [Team("a", daily={TODAY: 0.001}), Team("b", daily={TODAY: 9_000})]
        shades = re.findall(r'<path class="(h\d)" d="M28 0h1v1h-1z"/>', report_page(report(teams)))
        assert sorted(shades) == ["h1", "h5"]


class TestRollingUsage:
    def test_of_each_day_is_that_of_its_window(self) -> None:
        """10 s were used 28 days ago, and are in today's window; 5 s the day before, and are only in yesterday's."""
        used: dict[date, float] = {TODAY - timedelta(days=28): 10, TODAY - timedelta(days=29): 5, TODAY: 1}
        made = report([Team("a", daily=used), Team("b", daily={TODAY: 2})])
        assert len(made.rolling_ms) == 28
        assert made.rolling_days[-1] == TODAY
        assert made.rolling_ms[-2:] == (15_000, 13_000)

    def test_says_what_it_does_not_cover(self) -> None:
        assert "others used 77 s in the last 28 days" in page(elsewhere=77).source
        assert "others used" not in page().source

    def test_gauge_is_of_the_plan(self) -> None:
        made = report(budget=2_000, elsewhere=500)
        assert made.gauge is not None
        assert (made.gauge.used_ms, made.gauge.of_seconds) == (991_000, 2_000)


class TestNeedsAttention:
    def kinds(self, *teams: Team) -> dict[str, list[str]]:
        return {each.label: [need.name for need in each.needs] for each in report(teams).attention}

    def test_names_what_is_blocked_now_even_where_the_proposal_frees_it(self) -> None:
        freed = Team("freed", 100, consumed=60, limit=500, live_limit=60)
        made = report([freed])
        assert self.kinds(freed)["Blocked now"] == ["freed"]
        assert "frees it" in made.attention[0].needs[0].text
        assert "blocked now (the new limit frees it)" in page([freed]).row("changes", freed.crn).texts["marks"]
        assert "1 is blocked by a limit now" in made.headline

    def test_tells_near_from_blocked_and_in_debt(self) -> None:
        kinds = self.kinds(
            Team("near", consumed=81, limit=100, live_limit=100),
            Team("at-80", consumed=80, limit=100, live_limit=100),
            Team("full", consumed=100, limit=100, live_limit=100),
            Team("debt", consumed=120, limit=100, live_limit=100),
        )
        assert kinds["Above 80% of the limit"] == ["near"]
        assert kinds["Blocked now"] == ["debt", "full"]
        assert kinds["In debt"] == ["debt"]

    def test_hoards_of_the_most_unused_come_first(self) -> None:
        kinds = self.kinds(Team("used", 100, consumed=90), Team("some", 100, consumed=1), Team("most", 400, consumed=9))
        assert kinds["Idle hoards"] == ["most", "some"]

    def test_groups_that_hoard(self) -> None:
        made = report(GROUPED, groups=True)
        (hoards,) = [each for each in made.attention if each.label == "Groups that hoard"]
        assert [need.name for need in hoards.needs] == ["lazy"]

    def test_unconfigured_holders(self) -> None:
        taken, configured = snapshot(TEAMS, budget=2_000, unallocated=700), settings(TEAMS)
        other = Instance("legacy", crn("legacy"), 40, None)
        taken = replace(taken, instances={**taken.instances, other.crn: other})
        made = report_of(propose(taken, configured, TODAY), taken)
        assert [need.name for each in made.attention for need in each.needs if each.mark is None] == ["legacy"]
        assert [row.texts["name"] for row in Page(report_page(made)).tables["unconfigured"]] == ["legacy"]

    def test_each_links_to_a_row(self) -> None:
        shown = page()
        links = [each["href"] for tag, each in shown.elements if tag == "a"]
        assert any(link.startswith("#instance-") for link in links)
        assert {link[1:] for link in links} <= set(shown.ids)


GROUPED = (
    Team("lazy-1", 34_567, consumed=100, group="lazy", daily={TODAY: 100}),
    Team("lazy-2", 45_678, consumed=200, group="lazy", limit=98_765),
    Team("keen-1", 56_789, consumed=56_123, active=11_111, group="keen", daily={TODAY: 56_123}),
    Team(
        "alone-1",
        67_891,
        consumed=71_234,
        limit=87_654,
        region="eu-de",
        grants=(grant(TODAY, TODAY.replace(day=30), 23_456),),
    ),
)


class TestGroups:
    def test_add_up_what_their_instances_hold_and_use(self) -> None:
        rows = {row.texts["name"]: row for row in Page(report_page(report(GROUPED, groups=True))).tables["groups"]}
        assert set(rows) == {"lazy", "keen", "none"}
        assert rows["lazy"].values["current_allocation_seconds"] == str(34_567 + 45_678)
        assert rows["lazy"].values["consumed_28day_seconds"] == "300"
        assert rows["lazy"].texts["marks"] == "underutilized"

    def test_are_left_out_where_there_are_none(self) -> None:
        assert "groups" not in page().tables


def figures_in(text: str) -> set[str]:
    """All whole figures of five digits or more, but for those of CRNs."""
    return set(re.findall(r"(?<![\d.])\d{5,}", re.sub(r"crn:v1:[^\"<]*", "", text)))


class TestPageForALeader:
    def figures(self, made: Report) -> set[str]:
        """All figures of five digits or more that a page about these rows can say."""
        text = json.dumps(report_data(made)["instances"]) + " ".join(
            str(figure)
            for row in made.rows
            for figure in (row.left_ms, row.line.allocation_delta, *(row.history.days if row.history else ()))
        )
        return figures_in(text)

    @pytest.mark.parametrize("group", ["lazy", "keen"])
    def test_holds_nothing_about_anybody_else(self, group: str) -> None:
        """No other name, CRN or figure of five digits or more that is not its own too, and no total of the account."""
        taken, configured = snapshot(GROUPED, budget=876_543, unconfigured_consumed=33_221), grouped(GROUPED)
        proposal = propose(taken, configured, TODAY)
        own = {team.crn for team in GROUPED if team.group == group}
        made = report_of(proposal, taken, own, group=group)
        others = report_of(proposal, taken, {team.crn for team in GROUPED if team.group != group})
        text = report_page(made)
        assert all(team.name in text for team in GROUPED if team.group == group)
        for team in GROUPED:
            if team.group != group:
                assert team.name not in text
                assert team.crn not in text
                assert team.crn.guid not in text
        said = figures_in(text) | figures_in(text.replace(",", ""))
        whole = {str(each) for each in (876_543, 33_221, proposal.plan_consumed_ms // 1000, proposal.new_total_seconds)}
        assert said & (self.figures(others) | whole) <= self.figures(made)
        assert ({"lazy", "keen"} - {group}).pop() not in text

    def test_has_the_figures_of_the_whole_page(self) -> None:
        taken = snapshot(GROUPED, budget=876_543)
        proposal = propose(taken, grouped(GROUPED), TODAY)
        whole = {each["crn"]: each for each in report_data(report_of(proposal, taken))["instances"]}
        mine = report_data(report_of(proposal, taken, {GROUPED[2].crn}))["instances"]
        assert mine == [whole[GROUPED[2].crn]]

    def test_gauge_is_of_what_they_hold(self) -> None:
        taken = snapshot(GROUPED, budget=876_543)
        made = report_of(propose(taken, grouped(GROUPED), TODAY), taken, {GROUPED[2].crn})
        assert made.gauge is not None
        assert (made.gauge.used_ms, made.gauge.of_seconds) == (56_123_000, 56_789)
        assert (made.facts, made.groups, made.unconfigured, made.warnings) == ((), (), (), ())


class TestTextAlternatives:
    def test_every_chart_says_what_it_shows(self) -> None:
        shown = page()
        charts = [each for tag, each in shown.elements if tag == "svg" and "chart" in each["class"]]
        assert len(charts) == 3  # rolling usage, wide and narrow, and one limit
        for chart in charts:
            assert chart["role"] == "img"
            assert chart["aria-label"]

    def test_little_drawings_in_cells_are_left_to_the_figures_beside_them(self) -> None:
        cells = [each for tag, each in page().elements if tag == "svg" and each["class"] == "cell"]
        assert cells
        assert all(each["aria-hidden"] == "true" for each in cells)

    def test_a_row_of_days_says_what_was_used(self) -> None:
        (team,) = [Team("a", daily={TODAY: 3, TODAY - timedelta(days=1): 1})]
        (heat,) = [each for tag, each in page([team]).elements if tag == "svg" and each["class"] == "heat"]
        assert heat["aria-label"] == "4 s on 2 days, most on 15\u00a0Mar with 3 s"

    def test_every_table_has_a_caption_and_headings(self) -> None:
        shown = page()
        tags = [tag for tag, _ in shown.elements]
        assert tags.count("caption") == tags.count("table") == len(shown.tables)
        assert all(each.get("scope") in ("row", "col") for tag, each in shown.elements if tag == "th")


class TestSize:
    def test_at_1000_instances_tables_hold_all_and_charts_the_largest(self) -> None:
        text = report_page(report(many(1_000), budget=10_000_000))
        shown = Page(text)
        assert {len(shown.tables[name]) for name in ("changes", "usage")} == {1_000}
        assert "the first 30 of 50, by name" in shown.text
        assert len(text.encode()) < 5_000_000

    def test_a_plan_without_budget_and_allocations_is_a_page_too(self) -> None:
        teams = [Team("a", None, consumed=5, active=1, limit=10), Team("b", None)]
        taken: Snapshot = snapshot(teams, budget=None)
        taken = replace(taken, account=replace(taken.account, plan=BillingPlan.PAYGO, unallocated_seconds=0))
        configured = settings(teams)
        shown = Page(report_page(report_of(propose(taken, configured, TODAY), taken)))
        assert [row.texts["new_allocation_seconds"] for row in shown.tables["changes"]] == ["-", "-"]
        assert "of the budget" not in shown.text


def test_steps_of_a_limit_follow_each_other_without_a_gap() -> None:
    (history,) = report().histories
    assert all(after.first - before.last == timedelta(days=1) for before, after in pairwise(history.steps))
