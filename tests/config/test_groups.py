"""Groups and equal parts in the config file: what is taken, what is refused where, and what is odd."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from qauvern.config import ConfigError, group_warnings, parse
from qauvern.errors import Remedy
from qauvern.model import Group, Settings, Sharing


def read(top: str, *instances: str) -> Settings:
    """Three lines, then `top`, then instances with their groups; `-` is none."""
    lines = ["account_id: acc", "plan: premium", "minimum_allocation_seconds: 60", *top.splitlines(), "instances:"]
    for number, group in enumerate(instances or ["-"]):
        crn = f"crn:v1:bluemix:public:quantum-computing:us-east:a/acc:{number}::"
        lines += [f"  - name: n{number}", f'    crn: "{crn}"', *([] if group == "-" else [f"    group: {group}"])]
    return parse("\n".join(lines).encode(), Path("config.yaml"))


def problems(top: str, *instances: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        read(top, *instances)
    return [str(problem).removeprefix("config.yaml:") for problem in refused.value.problems]


def groups(*entries: str) -> str:
    """A list of groups, one a line from line 5 on."""
    return "\n".join(["groups:", *(f"  - {{{entry}}}" for entry in entries)])


class TestWhatIsTaken:
    def test_without_them_there_are_none_and_shares_go_by_activity(self) -> None:
        settings = read("")
        assert (settings.groups, settings.sharing, settings.instances[0].group) == ((), Sharing(Decimal(0)), None)

    @pytest.mark.parametrize("nothing", ["groups:", "groups: []"])
    def test_an_empty_list(self, nothing: str) -> None:
        assert read(nothing).groups == ()

    def test_every_key(self) -> None:
        settings = read(
            "sharing:\n  equal_percent: 33.30\n"
            + groups("name: chem, share_percent: 62.5, limit_seconds: 0", "name: 'art dept'"),
            "chem",
            "-",
            "art dept",
        )
        assert settings.groups == (Group("chem", Decimal("62.5"), 0), Group("art dept", None, None))
        assert str(settings.sharing.equal_percent) == "33.30"
        assert [each.group for each in settings.instances] == ["chem", None, "art dept"]

    def test_they_may_stand_below_the_instances(self) -> None:
        text = (
            "account_id: acc\nplan: paygo\nminimum_allocation_seconds: 1\ninstances:\n  - name: n\n"
            '    crn: "crn:v1:bluemix:public:quantum-computing:us-east:a/acc:1::"\n    group: chem\n'
            "groups:\n  - name: chem\n"
        )
        assert parse(text.encode(), Path("config.yaml")).instances[0].group == "chem"

    def test_shares_of_100_in_all_and_shares_of_0(self) -> None:
        shares = ["99.9", "0.1", "0"]
        settings = read(groups(*(f"name: g{number}, share_percent: {share}" for number, share in enumerate(shares))))
        assert [each.share_percent for each in settings.groups] == [Decimal(share) for share in shares]


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("top", "at", "says"),
        [
            (groups("share_percent: 5"), "5:5", "a group has no `name`"),
            (groups("name: none"), "5:12", "cannot be the name of a group"),
            (groups("name: ' '"), "5:12", "blank"),
            (groups("name: 5"), "5:12", "quote it"),
            (groups("name: a, share_percent: -1"), "5:30", "below 0"),
            (groups("name: a, share_percent: 100.1"), "5:30", "above 100"),
            (groups("name: a, share_percent: 50%"), "5:30", "write 50"),
            (groups("name: a, limit_seconds: -1"), "5:30", "below 0"),
            (groups("name: a, limit_seconds: 1.5"), "5:30", "fraction"),
            (groups("name: a, limit_seconds: 10h"), "5:30", "write 36000"),
            (groups("name: a, colour: red"), "5:15", "unknown key `colour` in a group"),
            (groups("name: a", "name: b", "name: a"), "7:12", "is listed already, on line 5"),
            ("groups:\n  - chem", "5:5", "a group is a mapping with name"),
            ("groups: chem", "4:9", "a list of groups"),
            ("sharing:\n  equal_percent: 101", "5:18", "above 100"),
            ("sharing:\n  equal_percent: -0.5", "5:18", "below 0"),
            ("sharing:\n  equal_percents: 5", "5:3", "did you mean `equal_percent`?"),
            ("sharing: 50", "4:10", "equal_percent, indented below it"),
            ("group: a", "4:1", "it belongs to an instance"),
        ],
    )
    def test_where_it_stands(self, top: str, at: str, says: str) -> None:
        (problem,) = problems(top)
        assert problem.startswith(f"{at}: ")
        assert says in problem

    def test_the_share_that_takes_the_sum_above_100(self) -> None:
        entries = [f"name: g{number}, share_percent: {share}" for number, share in enumerate(["60", "40.1", "1"])]
        (problem,) = problems(groups(*entries))
        assert problem.startswith("6:31: share_percent: with 40.1 the shares add up to more than 100")

    def test_many_digits_are_added_up_exactly(self) -> None:
        tiny = "0." + "0" * 26 + "1"
        (problem,) = problems(groups("name: a, share_percent: 100", f"name: b, share_percent: {tiny}"))
        assert problem.startswith("6:30")

    @pytest.mark.parametrize(
        ("name", "says"),
        [
            ("chemistri", "did you mean `chemistry`?"),
            ("physics", "add it to groups, or leave the key out"),
            ("none", "leave the key out for no group"),
        ],
    )
    def test_an_instance_in_an_unknown_group(self, name: str, says: str) -> None:
        (problem,) = problems(groups("name: chemistry"), "chemistry", name)
        assert problem.startswith(f"12:12: group: there is no group `{name}`: ")
        assert says in problem

    def test_a_group_where_there_are_none(self) -> None:
        (problem,) = problems("", "chem")
        assert problem.startswith("7:12: group: there is no group `chem`")

    def test_all_at_once_and_no_consequences_of_a_refused_name(self) -> None:
        """The second group's name was refused, so it is not known which group the instances mean."""
        found = problems(groups("name: a, limit_seconds: 1h", "nam: b", "name: a"), "b", "''")
        assert [problem.split(": ")[0] for problem in found] == ["5:30", "6:6", "7:12", "14:12"]


class TestWhatIsOdd:
    def test_nothing(self) -> None:
        assert group_warnings(read(groups("name: a, share_percent: 100"), "a")) == ()
        assert group_warnings(read(groups("name: a, share_percent: 99.9"), "a", "-")) == ()
        assert group_warnings(read("")) == ()

    def test_a_group_without_instances(self) -> None:
        (warning,) = group_warnings(read(groups("name: a", "name: b"), "b"))
        assert (warning.remedy, warning.facts) == (Remedy.GIVE_A_GROUP, {"group": "a"})

    def test_shares_of_100_and_instances_in_no_group(self) -> None:
        shares = groups("name: a, share_percent: 99.5", "name: b, share_percent: 0.5")
        (warning,) = group_warnings(read(shares, "a", "b", "-", "-"))
        assert (warning.remedy, warning.facts) == (Remedy.LEAVE_A_SHARE, {"ungrouped": 2})
