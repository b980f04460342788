"""Names: equal ones, and live ones that a config file cannot hold."""

from __future__ import annotations

import pytest

from qauvern.config import config_name, settings_notices
from qauvern.errors import Remedy
from qauvern.model import BillingPlan, Crn, InstanceSettings, Settings


def crn(guid: str) -> Crn:
    return Crn(f"crn:v1:bluemix:public:quantum-computing:us-east:a/acc:{guid}::")


def settings(*named: tuple[str, str]) -> Settings:
    return Settings("acc", BillingPlan.PREMIUM, 60, tuple(InstanceSettings(name, crn(guid)) for guid, name in named))


class TestNameWarnings:
    def test_different_names_are_none(self) -> None:
        assert settings_notices(settings(("1", "a"), ("2", "A"), ("3", "b"))) == ()

    def test_equal_names_are_one_line_each_with_their_crns(self) -> None:
        notices = settings_notices(settings(("4", "b"), ("2", "a"), ("1", "a"), ("3", "b"), ("5", "c")))
        assert tuple((notice.facts["name"], notice.facts["crns"]) for notice in notices) == (
            ("a", (crn("1"), crn("2"))),
            ("b", (crn("3"), crn("4"))),
        )

    def test_no_instance_at_all_is_one_and_offers_to_fill_the_file(self) -> None:
        (notice,) = settings_notices(settings())
        assert notice.remedy is Remedy.FILL_CONFIG


class TestConfigName:
    @pytest.mark.parametrize(
        ("live", "written"),
        [
            ("Team: A", "Team: A"),
            (" kept ", " kept "),
            ("a\nb\x00", "a\ufffdb\ufffd"),
            ("half \ud800", "half \ufffd"),
            ("", "guid"),
            ("   ", "guid"),
            ("x" * 200, "x" * 180),
            (" " * 180 + "x", "guid"),
        ],
    )
    def test_what_a_config_file_refuses_is_replaced(self, live: str, written: str) -> None:
        assert config_name(live, crn("guid")) == written
