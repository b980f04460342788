"""Any account with groups and equal parts: what an independent exact computation says, and what must always hold."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from random import Random

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from qauvern.balance import Line, Proposal, Reason, propose
from qauvern.model import ReserveBasis, Settings, Snapshot
from tests.helpers import exact
from tests.helpers.make import TODAY, Team, group, new_allocations, settings, snapshot

NAMES = ["arts", "chem", "north", "zoo"]
"""Two that sort before `none`, and two behind it."""

seconds = st.one_of(st.integers(0, 30), st.integers(0, 5000))
optional_seconds = st.one_of(st.none(), seconds)
many_examples = hypothesis_settings(max_examples=max(300, hypothesis_settings().max_examples))


@st.composite
def groups_by_shares(draw: st.DrawFn, names: list[str]) -> list[tuple[str, str | None, int | None]]:
    """Shares that add up to 100 at most, some of them missing or 0."""
    left = 1000
    found = []
    for name in names:
        share = draw(st.one_of(st.none(), st.integers(0, left)))
        left -= share or 0
        found.append((name, None if share is None else f"{share // 10}.{share % 10}", draw(optional_seconds)))
    if found and all(share is None for _, share, _ in found):
        found[0] = (found[0][0], f"{draw(st.sampled_from([0, 50, 100]))}", found[0][2])
    return found


@st.composite
def accounts(
    draw: st.DrawFn, *, by_shares: bool | None = None, minimum_change: st.SearchStrategy[int] | None = None
) -> tuple[Snapshot, Settings]:
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1))
    if draw(st.booleans()) if by_shares is None else by_shares:
        wanted = [group(name, share=share, limit=limit) for name, share, limit in draw(groups_by_shares(names))]
    else:
        wanted = [group(name, limit=draw(optional_seconds)) for name in names]
    figures = draw(st.sampled_from([st.integers(0, 6), seconds]))
    teams = [
        Team(
            f"team-{index}",
            allocation=draw(st.one_of(st.none(), st.integers(1, 2000), st.integers(1, 2000))),
            consumed=draw(figures),
            active=draw(figures),
            limit=draw(optional_seconds),
            live_limit=draw(optional_seconds),
            group=draw(st.one_of(st.none(), st.sampled_from(names))),
        )
        for index in range(draw(st.integers(1, 9)))
    ]
    seen = snapshot(
        teams,
        budget=draw(st.one_of(st.integers(0, 300), st.integers(0, 20_000))),
        unallocated=draw(st.one_of(st.none(), st.integers(0, 5000))),
        unconfigured_consumed=draw(st.sampled_from([0, 0, 5000])),
    )
    return seen, settings(
        teams,
        minimum=draw(st.integers(0, 20)),
        reserve_percent=draw(st.sampled_from(["0", "0", "12.5"])),
        basis=draw(st.sampled_from(ReserveBasis)),
        groups=wanted,
        equal_percent=str(draw(st.sampled_from([0, 0, 100, 33.3, 50]))),
        minimum_change=0 if minimum_change is None else draw(minimum_change),
    )


def proposal_of(account: tuple[Snapshot, Settings]) -> Proposal:
    return propose(*account, TODAY)


def members(proposal: Proposal, name: str) -> list[Line]:
    return [line for line in proposal.lines if (line.group or exact.NONE) == name]


class TestAgainstTheExactComputation:
    @many_examples
    @given(accounts())
    def test_allocations_shares_and_parts_are_the_same(self, account: tuple[Snapshot, Settings]) -> None:
        proposal, expected = proposal_of(account), exact.outcome(*account)
        assert {str(line.crn): line.new_allocation for line in proposal.lines} == expected.allocations
        assert {
            str(line.crn): line.exact_share for line in proposal.lines if line.floor is not None
        } == expected.exact_shares
        parts = {part.name: part for part in proposal.groups}
        assert parts.keys() | {exact.NONE} == expected.totals.keys() | {exact.NONE}
        for name, part in parts.items():
            assert part.floors_seconds + part.exact_part == expected.exact_totals[name]
            assert part.new_allocation_seconds == part.floors_seconds + part.part == expected.totals[name]

    @many_examples
    @given(accounts())
    def test_it_needs_only_levels_and_weights_to_be_derived(self, account: tuple[Snapshot, Settings]) -> None:
        """What the proposal carries is enough: each share is level * weight, or the whole room."""
        for line in proposal_of(account).lines:
            if line.level is None:
                assert line.exact_share == (0 if line.weight.scaled == 0 else line.room)
            else:
                wanted = line.level * line.weight.seconds
                assert line.exact_share == (wanted if line.room is None else min(wanted, Fraction(line.room)))
            assert line.weight.seconds == line.weight.activity_seconds + line.weight.equal_seconds


class TestAlways:
    @given(accounts(minimum_change=st.sampled_from([0, 5, 200, 10_000])), st.randoms(use_true_random=False))
    def test_the_order_of_the_inputs_has_no_say(self, account: tuple[Snapshot, Settings], random: Random) -> None:
        seen, wanted = account
        instances, groups, listed = list(wanted.instances), list(wanted.groups), list(seen.instances.items())
        for each in (instances, groups, listed):
            random.shuffle(each)
        shuffled = replace(wanted, instances=tuple(instances), groups=tuple(groups))
        assert propose(replace(seen, instances=dict(listed)), shuffled, TODAY) == propose(seen, wanted, TODAY)

    @many_examples
    @given(accounts(minimum_change=st.sampled_from([0, 1, 5, 200, 10_000])))
    def test_no_invariant_is_broken_unless_the_floors_alone_break_it(self, account: tuple[Snapshot, Settings]) -> None:
        proposal = proposal_of(account)
        budget = proposal.account.budget_seconds or 0
        floors_fit = proposal.pool.unconfigured_held_seconds + proposal.pool.floors_seconds <= budget
        assert [broken.number for broken in proposal.broken] == ([] if floors_fit else [1])
        limits = {each.name: each.limit_seconds for each in account[1].groups}
        for part in proposal.groups:
            own = [
                line for line in proposal.lines if (line.group or exact.NONE) == part.name and line.floor is not None
            ]
            assert part.new_allocation_seconds == sum(line.new_allocation or 0 for line in own)
            limit = limits.get(part.name)
            assert limit is None or part.new_allocation_seconds <= max(limit, part.floors_seconds)
            assert part.new_allocation_seconds >= part.floors_seconds

    @given(accounts(by_shares=False))
    def test_without_shares_nothing_is_left_that_anybody_could_take(self, account: tuple[Snapshot, Settings]) -> None:
        proposal = proposal_of(account)
        left = proposal.pool.distributable_seconds - sum(line.share for line in proposal.lines)
        assert left >= 0
        full = {part.name for part in proposal.groups if part.is_at_limit}
        could_take = [
            line
            for line in proposal.lines
            if line.score.is_active and line.share != line.room and line.group not in full and line.floor is not None
        ]
        assert not (left and could_take)

    @given(accounts(by_shares=True))
    def test_with_shares_neither(self, account: tuple[Snapshot, Settings]) -> None:
        proposal = proposal_of(account)
        left = proposal.pool.distributable_seconds - sum(line.share for line in proposal.lines)
        assert left >= 0
        assert not left or all(
            line.share == line.room or part.is_at_limit
            for part in proposal.groups
            for line in members(proposal, part.name)
            if line.score.is_active and line.floor is not None
        )

    @given(accounts(minimum_change=st.sampled_from([5, 200, 10_000])))
    def test_what_the_dead_band_keeps_is_the_live_value(self, account: tuple[Snapshot, Settings]) -> None:
        for line in proposal_of(account).lines:
            if line.reason is Reason.DEAD_BAND:
                assert line.new_allocation == line.live.allocation_seconds

    @given(accounts())
    def test_groups_that_hold_nobody_back_change_nothing_in_what_all_get(
        self, account: tuple[Snapshot, Settings]
    ) -> None:
        """Groups without limits and shares only round otherwise: nobody's exact share moves."""
        seen, wanted = account
        boundless = replace(wanted, groups=tuple(group(each.name) for each in wanted.groups))
        ungrouped = replace(wanted, groups=(), instances=tuple(replace(each, group=None) for each in wanted.instances))
        grouped, plain = propose(seen, boundless, TODAY), propose(seen, ungrouped, TODAY)
        assert [line.exact_share for line in grouped.lines] == [line.exact_share for line in plain.lines]
        assert grouped.level == plain.level
        assert all(abs(a.share - b.share) <= 1 for a, b in zip(grouped.lines, plain.lines, strict=True))

    @given(accounts(minimum_change=st.sampled_from([0, 200])))
    def test_groups_that_nobody_belongs_to_change_nothing_at_all(self, account: tuple[Snapshot, Settings]) -> None:
        seen, wanted = account
        alone = replace(wanted, instances=tuple(replace(each, group=None) for each in wanted.instances))
        limits_only = replace(alone, groups=tuple(replace(each, share_percent=None) for each in wanted.groups))
        plain = propose(seen, replace(alone, groups=()), TODAY)
        assert propose(seen, limits_only, TODAY).lines == plain.lines


class TestShares:
    @given(
        shares=st.lists(st.integers(1, 30), min_size=1, max_size=3),
        budget=st.integers(1_000, 100_000),
        active=st.lists(st.integers(1, 500), min_size=8, max_size=8),
    )
    def test_where_all_are_hungry_each_group_gets_its_share(
        self, shares: list[int], budget: int, active: list[int]
    ) -> None:
        """Floors of 1 s each, and nobody has a limit."""
        names = NAMES[: len(shares)]
        teams = [
            Team(f"t{number}", 1, active=used, group=[*names, None][number % (len(names) + 1)])
            for number, used in enumerate(active)
        ]
        wanted = settings(
            teams, minimum=1, groups=[group(name, share=str(share)) for name, share in zip(names, shares, strict=True)]
        )
        proposal = propose(snapshot(teams, budget=budget), wanted, TODAY)
        parts = {part.name: part for part in proposal.groups}
        for name, share in {**dict(zip(names, shares, strict=True)), exact.NONE: 100 - sum(shares)}.items():
            entitlement = Fraction(budget * share, 100)
            if entitlement >= parts[name].floors_seconds and all(
                Fraction(part.entitlement or 0) >= part.floors_seconds for part in proposal.groups
            ):
                assert parts[name].entitlement == parts[name].floors_seconds + parts[name].exact_part == entitlement
                assert abs(parts[name].new_allocation_seconds - entitlement) < 1
                assert parts[name].lent == parts[name].beyond_entitlement == 0

    @given(
        share=st.integers(1, 99),
        budget=st.integers(1_000, 100_000),
        idle=st.integers(1, 4),
        used=st.integers(1, 500),
    )
    def test_what_an_idle_group_lends_comes_back_when_it_is_active_again(
        self, share: int, budget: int, idle: int, used: int
    ) -> None:
        """Floors of 1 s each."""
        groups = [group("chem", share=str(share)), group("zoo", share=str(100 - share))]
        sleeping = [Team(f"idle-{number}", 1, group="zoo") for number in range(idle)]
        busy = Team("busy", 1, active=5, group="chem")

        def parts(*teams: Team) -> dict[str, int]:
            proposal = propose(snapshot(teams, budget=budget), settings(teams, minimum=1, groups=groups), TODAY)
            lent = {part.name: part.lent for part in proposal.groups}
            beyond = {part.name: part.beyond_entitlement for part in proposal.groups}
            assert lent["chem"] == beyond["zoo"] == 0
            assert lent["zoo"] == beyond["chem"]
            return {part.name: part.new_allocation_seconds for part in proposal.groups}

        assert parts(busy, *sleeping) == {"chem": budget - idle, "zoo": idle}
        awake = replace(sleeping[0], active=used)
        back = parts(busy, awake, *sleeping[1:])
        assert abs(back["zoo"] - Fraction(budget * (100 - share), 100)) < 1
        assert sum(back.values()) == budget


class TestEqualParts:
    @given(accounts(minimum_change=st.sampled_from([0, 200])))
    def test_0_is_by_activity_alone(self, account: tuple[Snapshot, Settings]) -> None:
        seen, wanted = account
        off = replace(wanted, sharing=settings([], equal_percent="0.00").sharing)
        none = replace(wanted, sharing=settings([]).sharing)
        assert propose(seen, off, TODAY).lines == propose(seen, none, TODAY).lines
        for line in propose(seen, off, TODAY).lines:
            assert line.weight.seconds == (line.score.seconds if line.floor is not None else 0)

    @given(st.lists(st.integers(0, 500), min_size=1, max_size=9), st.integers(0, 10_000))
    def test_100_is_equal_parts_for_all_that_are_active(self, active: list[int], pool: int) -> None:
        teams = [Team(f"t{number}", 1, active=used) for number, used in enumerate(active)]
        seen = snapshot(teams, budget=pool + len(teams))
        new = new_allocations(propose(seen, settings(teams, minimum=1, equal_percent="100"), TODAY))
        taking = [team for team in teams if team.active]
        assert [new[team.name] for team in teams if not team.active] == [1] * (len(teams) - len(taking))
        assert {(new[team.name] or 0) - 1 - pool // len(taking) for team in taking} <= {0, 1}
