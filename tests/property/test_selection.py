"""Any instances, any terms: a selection is what its terms choose one by one."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase

from hypothesis import given
from hypothesis import strategies as st

from qauvern.model import Group, InstanceSettings, Settings
from qauvern.plan import Selection, State
from tests.helpers.make import crn, settings

names = st.text("abAB-:[]*?", min_size=1, max_size=4)
groups = st.sampled_from([None, "x", "y"])
regions = st.sampled_from(["us-east", "eu-de"])


@st.composite
def accounts(draw: st.DrawFn) -> Settings:
    instances = tuple(
        InstanceSettings(draw(names), crn(f"guid-{index}", draw(regions)), group=draw(groups))
        for index in range(draw(st.integers(0, 8)))
    )
    return replace(settings([]), groups=(Group("x"), Group("y")), instances=instances)


patterns = names.filter(lambda name: not name.startswith(("group:", "region:", "state:")))
terms = st.one_of(
    patterns,
    st.sampled_from(
        ["guid-0", "guid-1", "group:x", "group:none", "region:eu-de", *(f"state:{s.value}" for s in State)]
    ),
)
lists = st.lists(terms, max_size=3)


held = st.lists(st.sets(st.sampled_from(State)), min_size=8, max_size=8)


def one_by_one(account: Settings, term: str, states: dict[str, set[State]]) -> set[str]:
    """What a term chooses, by its definition."""
    kind, _, wanted = term.partition(":")
    found: set[str] = set()
    for each in account.instances:
        if kind == "group" and wanted:
            fits = (each.group or "none") == wanted
        elif kind == "region" and wanted:
            fits = each.crn.region == wanted
        elif kind == "state" and wanted:
            fits = wanted in {state.value for state in states[each.crn]}
        else:
            fits = fnmatchcase(each.name, term) or term in (each.name, each.crn.guid)
        if fits:
            found.add(each.crn)
    return found


@given(accounts(), st.none() | lists, lists, held)
def test_it_is_the_union_of_only_without_what_is_excluded(
    account: Settings, only: list[str] | None, exclude: list[str], held: list[set[State]]
) -> None:
    states: dict[str, set[State]] = {each.crn: hold for each, hold in zip(account.instances, held, strict=False)}
    wanted = set().union(*(one_by_one(account, term, states) for term in only)) if only is not None else set(states)
    unwanted = set().union(*(one_by_one(account, term, states) for term in exclude))
    assert Selection.parse(only, exclude).chosen(account, lambda crn: states[crn]) == wanted - unwanted


@given(accounts(), lists, lists)
def test_what_matches_nothing_is_named(account: Settings, only: list[str], exclude: list[str]) -> None:
    unmatched = [term.text for term in Selection.parse(only, exclude).unmatched(account)]
    assert unmatched == [
        term
        for term in [*only, *exclude]
        if not term.startswith(("group:", "state:")) and not one_by_one(account, term, {})
    ]
