"""Selection: terms by name, CRN, group, region and state, and what they choose together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qauvern.balance import propose
from qauvern.model import Group, InstanceSettings, Settings
from qauvern.plan import BadSelection, Selection, State, states_held, states_of_line
from tests.helpers.make import TODAY, Team, crn, settings, snapshot, usage

MEMBERS = {
    "chem-catalysis": "chemistry",
    "chem-[old]": "chemistry",
    "Chem-upper": None,
    "phys-1": "physics",
    "phys-12": "physics",
    "team:colon": None,
}


def account() -> Settings:
    """Instances in two groups and none; the last one is in another region."""
    regions = {"team:colon": "eu-de"}
    return replace(
        settings([]),
        groups=(Group("chemistry"), Group("physics"), Group("empty")),
        instances=tuple(
            InstanceSettings(name, crn(f"guid-{index}", regions.get(name, "us-east")), group=group)
            for index, (name, group) in enumerate(MEMBERS.items())
        ),
    )


def names(only: list[str], exclude: list[str] | None = None, states: dict[str, set[State]] | None = None) -> set[str]:
    made = account()
    held = {each.crn: (states or {}).get(each.name, set()) for each in made.instances}
    chosen = Selection.parse(only or None, exclude or []).chosen(made, held.__getitem__)
    return {each.name for each in made.instances if each.crn in chosen}


class TestTerms:
    @pytest.mark.parametrize(
        ("term", "expected"),
        [
            ("chem-*", {"chem-catalysis", "chem-[old]"}),
            ("phys-?", {"phys-1"}),
            ("phys-[0-9]*", {"phys-1", "phys-12"}),
            ("[!cp]*", {"Chem-upper", "team:colon"}),
            ("phys-1", {"phys-1"}),
            ("chem-[old]", {"chem-[old]"}),
            ("team:colon", {"team:colon"}),
            ("team:*", {"team:colon"}),
            ("guid-3", {"phys-1"}),
            (str(crn("guid-3")), {"phys-1"}),
            ("group:physics", {"phys-1", "phys-12"}),
            ("group:none", {"Chem-upper", "team:colon"}),
            ("group:empty", set()),
            ("region:eu-de", {"team:colon"}),
            ("*", set(MEMBERS)),
        ],
    )
    def test_choose_by_name_pattern_id_group_and_region(self, term: str, expected: set[str]) -> None:
        assert names([term]) == expected

    @pytest.mark.parametrize("state", list(State))
    def test_choose_by_state(self, state: State) -> None:
        assert names([f"state:{state.value}"], states={"phys-1": {state}}) == {"phys-1"}

    @pytest.mark.parametrize("term", ["state:chnged", "state:", "group:", "region: ", "", " "])
    def test_of_an_unknown_state_or_of_nothing_are_refused(self, term: str) -> None:
        with pytest.raises(BadSelection) as refused:
            Selection.parse([term])
        assert refused.value.facts["term"] == term

    @pytest.mark.parametrize("term", ["chem*s?", "guid-99", "region:mars", str(crn("guid-99")), "PHYS-1"])
    def test_that_nothing_has_are_named_wherever_they_stand(self, term: str) -> None:
        for selection in (Selection.parse([term, "phys-*"]), Selection.parse([], ["phys-*", term])):
            (unmatched,) = selection.unmatched(account())
            assert unmatched.text == term

    def test_of_a_known_group_or_state_may_choose_nothing(self) -> None:
        assert Selection.parse(["group:empty", "state:idle"]).unmatched(account()) == ()
        assert names(["group:empty", "state:idle"]) == set()

    def test_of_an_unknown_group_is_refused(self) -> None:
        with pytest.raises(BadSelection, match="'chemistry'"):
            Selection.parse(["group:chemistri"]).unmatched(account())


class TestSelection:
    def test_that_is_not_made_is_everything(self) -> None:
        assert names([]) == set(MEMBERS)
        assert Selection.parse().is_everything

    def test_of_no_terms_is_nothing(self) -> None:
        assert Selection.parse([]).chosen(account()) == set()
        assert not Selection.parse([]).is_everything

    def test_is_the_union_of_only_without_what_is_excluded(self) -> None:
        assert names(["phys-*", "chem-*"], ["*1*", "chem-[[]*"]) == {"chem-catalysis"}

    def test_may_only_exclude(self) -> None:
        assert names([], ["group:chemistry", "group:physics"]) == {"Chem-upper", "team:colon"}

    def test_by_a_name_of_two_takes_both(self) -> None:
        made = account()
        twice = replace(made, instances=(*made.instances, replace(made.instances[3], crn=crn("guid-other"))))
        assert len(Selection.parse(["phys-1"]).chosen(twice)) == 2

    @pytest.mark.parametrize(
        ("term", "takes_one"), [("state:changed", True), ("state:idle", False), ("changed", False)]
    )
    def test_takes_a_proposal_where_it_asks_what_changes(self, term: str, takes_one: bool) -> None:
        assert Selection.parse([], [term]).takes_a_proposal is takes_one


class TestStates:
    def test_of_a_proposal_go_by_the_new_limit(self) -> None:
        teams = [
            Team("reached", consumed=50, limit=50, live_limit=90),
            Team("in-debt", consumed=50.001, limit=50),
            Team("idle", 10),
            Team("held", 100, limit=100, live_limit=100),
            Team("open", consumed=40, active=40),
        ]
        proposal = propose(snapshot(teams, budget=10_000), settings(teams), TODAY)
        found = {line.name: states_of_line(line) for line in proposal.lines}
        assert found == {
            "reached": {State.CHANGED, State.LIMIT_REACHED},
            "in-debt": {State.CHANGED, State.LIMIT_REACHED, State.IN_DEBT},
            "idle": {State.IDLE, State.UNLIMITED},
            "held": {State.CHANGED, State.IDLE},
            "open": {State.CHANGED, State.UNLIMITED},
        }

    def test_without_a_proposal_go_by_the_live_limit(self) -> None:
        assert states_held(usage(50), 50) == {State.LIMIT_REACHED}
        assert states_held(usage(50.001), 50) == {State.LIMIT_REACHED, State.IN_DEBT}
        assert states_held(usage(0), 50) == {State.IDLE}
        assert states_held(usage(0, last_14d=1), None) == {State.UNLIMITED}
        assert states_held(None, None) == set()
