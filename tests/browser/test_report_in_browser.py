"""The report in a real browser: headless Chromium, where there is one."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.browser import Browser, can_browse
from tests.helpers.cli import Qauvern, Site

pytest.importorskip("qauvern.render.report", reason="the extra `report` is not installed")
pytest.importorskip("selenium.webdriver", reason="selenium is not installed")

pytestmark = pytest.mark.skipif(not can_browse(), reason="there is no Chromium with its driver here")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    started = Browser(tmp_path_factory.mktemp("chromium"))
    yield started
    started.quit()


@pytest.fixture
def report(site: Site) -> Path:
    site.qauvern("report")
    return site.folder / "report.html"


FIGURES = """
    const figures = {};
    for (const id of ["changes", "usage"]) {
        const table = document.getElementById(id);
        const keys = [...table.tHead.rows[0].cells].map((each) => each.dataset.key);
        for (const row of table.tBodies[0].rows) {
            const figure = figures[row.dataset.crn] ??= {};
            [...row.cells].forEach((cell, at) => {
                figure[keys[at]] = at === 0 ? cell.textContent : "v" in cell.dataset ? Number(cell.dataset.v) : null;
            });
        }
    }
    return figures;
"""
DATA = "return JSON.parse(document.getElementById('data').textContent)"
COMPARED = (
    *("name", "current_allocation_seconds", "new_allocation_seconds", "allocation_delta_seconds"),
    *("current_limit_seconds", "new_limit_seconds", "activity_score", "fairness"),
    *("consumed_24h_seconds", "consumed_3day_seconds", "consumed_7day_seconds", "consumed_14day_seconds"),
    "consumed_28day_seconds",
)


def test_loads_without_a_word_on_the_console_and_asks_for_nothing(browser: Browser, report: Path) -> None:
    browser.open(report)
    assert browser.said() == []
    assert browser.asked_for() == [report.as_uri()]
    assert browser.run("return document.querySelectorAll('svg.chart').length") >= 3


def test_shows_the_figures_of_analyze(
    browser: Browser, site: Site, report: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the same snapshot: the moment that the report was made for is given to analyze too."""
    from datetime import datetime

    browser.open(report)
    moment = datetime.fromisoformat(browser.run("return document.querySelector('time').dateTime"))
    monkeypatch.setattr("qauvern.actions.workplace.utc_now", lambda: moment)
    document = site.qauvern("analyze", "--format", "json").json()
    figures = browser.run(FIGURES)
    assert {each["crn"] for each in document["instances"]} == set(figures)
    embedded = {each["crn"]: each for each in browser.run(DATA)["instances"]}
    for each in document["instances"]:
        assert {key: embedded[each["crn"]][key] for key in each} == each
    for each in document["instances"]:
        assert {key: figures[each["crn"]][key] for key in COMPARED} == {key: each[key] for key in COMPARED}
    shown = browser.run(
        "return Object.fromEntries([...document.querySelectorAll('dd[data-key]')].map("
        "(each) => [each.dataset.key, 'v' in each.dataset ? Number(each.dataset.v) : null]))"
    )
    account = {**document["account"], **document["reserve"]}
    assert shown == {key: account[key] for key in shown}


def column(browser: Browser, key: str) -> list[Any]:
    return list(
        browser.run(
            """const table = document.getElementById("changes");
            const at = [...table.tHead.rows[0].cells].findIndex((each) => each.dataset.key === arguments[0]);
            return [...table.tBodies[0].rows].map((row) => {
                const cell = row.cells[at];
                return "v" in cell.dataset ? Number(cell.dataset.v) : at === 0 ? cell.textContent : null;
            });""",
            key,
        )
    )


def click_heading(browser: Browser, key: str) -> str:
    script = """const heading = document.querySelector(`#changes th[data-key="${arguments[0]}"]`);
        heading.querySelector("button").click();
        return heading.getAttribute("aria-sort");"""
    return str(browser.run(script, key))


def test_sorts_by_any_column_both_ways_and_says_so(browser: Browser, report: Path) -> None:
    browser.open(report)
    assert click_heading(browser, "allocation_delta_seconds") == "descending"
    figures = column(browser, "allocation_delta_seconds")
    assert figures == sorted(figures, reverse=True)
    assert click_heading(browser, "allocation_delta_seconds") == "ascending"
    assert column(browser, "allocation_delta_seconds") == sorted(figures)
    assert click_heading(browser, "name") == "ascending"
    assert column(browser, "name") == sorted(column(browser, "name"))
    limits_last = click_heading(browser, "new_limit_seconds") and column(browser, "new_limit_seconds")
    assert limits_last[-1] is None
    assert limits_last[0] is not None
    assert browser.said() == []


SHOWN = "return [...document.querySelectorAll('#changes tbody tr')].filter((row) => row.checkVisibility()).length"
TOTALS = "return document.querySelector('.totals').textContent"


def type_into_filter(browser: Browser, text: str) -> None:
    browser.run(
        "const field = document.querySelector('#filter input');"
        "field.value = arguments[0]; field.dispatchEvent(new Event('input'))",
        text,
    )


def test_filters_the_whole_page_and_adds_up_what_is_shown(browser: Browser, report: Path) -> None:
    browser.open(report)
    rows = browser.run(DATA)["instances"]
    assert browser.run(SHOWN) == len(rows)
    wanted = rows[0]
    type_into_filter(browser, wanted["name"].upper())
    assert browser.run(SHOWN) == 1
    assert browser.run("return document.querySelectorAll('#usage tbody tr:not([hidden])').length") == 1
    assert browser.run(TOTALS).startswith(
        f"1 of {len(rows)} instances: hold {wanted['current_allocation_seconds']:,} s"
    )
    browser.run("document.querySelector('#filter .clear').click()")
    assert browser.run(SHOWN) == len(rows)
    total = sum(each["current_allocation_seconds"] or 0 for each in rows)
    assert f"hold {total:,} s" in browser.run(TOTALS)


@pytest.mark.parametrize("kind", ["region", "state"])
def test_chips_choose(browser: Browser, report: Path, kind: str) -> None:
    browser.open(report)
    rows = browser.run(DATA)["instances"]
    value = browser.run(
        "const chip = document.querySelector(`.chip[data-kind=${arguments[0]}]`); chip.click();"
        "return chip.dataset.value",
        kind,
    )
    expected = sum(value in (each["states"] if kind == "state" else each["region"]) for each in rows)
    assert 0 < browser.run(SHOWN) == expected


def test_csv_holds_what_is_shown(browser: Browser, report: Path) -> None:
    browser.open(report)
    wanted = browser.run(DATA)["instances"][0]
    type_into_filter(browser, wanted["name"])
    header, row, end = browser.run("return csvText()").split("\n")
    cells = dict(zip(header.split(","), row.split(","), strict=True))
    assert end == ""
    assert (cells["name"], cells["crn"]) == (wanted["name"], wanted["crn"])
    assert float(cells["consumed_28day_seconds"]) == wanted["consumed_28day_seconds"]
    assert browser.run("return csvCell('=1+1')") == "'=1+1"


def test_needs_attention_leads_to_rows(browser: Browser, report: Path) -> None:
    browser.open(report)
    missing = browser.run(
        "return [...document.querySelectorAll('.need a')].filter((each) => !document.querySelector(each.hash))"
        ".map((each) => each.hash)"
    )
    assert missing == []
    assert browser.run("return document.querySelectorAll('.need a').length") > 0


def test_figures_show_under_the_pointer_and_to_the_keyboard(browser: Browser, report: Path) -> None:
    browser.open(report)
    used = browser.run(DATA)["instances"]
    said = browser.run(
        """const heat = document.querySelector(".heat"), say = document.getElementById("say");
        heat.scrollIntoView({ block: "center" });
        const box = heat.getBoundingClientRect();
        const at = { bubbles: true, clientX: box.right - 1, clientY: box.top + 1 };
        heat.dispatchEvent(new PointerEvent("pointermove", at));
        const pointed = say.textContent;
        heat.focus();
        const focused = say.textContent;
        heat.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, key: "ArrowLeft" }));
        return [heat.closest("tr").dataset.crn, pointed, focused, say.textContent, say.hidden];"""
    )
    crn, pointed, focused, before, is_hidden = said
    name, days = next((each["name"], each["daily_seconds"]) for each in used if each["crn"] == crn)
    assert pointed == focused
    assert focused.startswith(f"{name}, ")
    assert focused.endswith(f": {days[-1]:,.1f} s".replace(".0 s", " s"))
    assert before.endswith(f": {days[-2]:,.1f} s".replace(".0 s", " s"))
    assert not is_hidden


def test_today_is_visible_without_scrolling(browser: Browser, report: Path) -> None:
    for width in (1400, 390):
        browser.open(report, width=width)
        edge = browser.run("return document.querySelector('.heat').getBoundingClientRect().right")
        assert edge <= width


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_never_scrolls_sideways(browser: Browser, report: Path, width: int) -> None:
    browser.open(report, width=width)
    assert browser.run("return document.documentElement.scrollWidth") <= width
    narrow = browser.run("return getComputedStyle(document.querySelector('.narrow')).display") != "none"
    assert narrow is (width <= 640)


CONTRAST = """
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgba = (color) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminance = ([r, g, b]) => {
        const [x, y, z] = [r, g, b].map((part) => part / 255)
            .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const paper = (element) => {
        for (let each = element; each; each = each.parentElement) {
            const color = rgba(getComputedStyle(each).backgroundColor);
            if (color[3] === 255) return color;
        }
        return [255, 255, 255, 255];
    };
    const found = new Map();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        const isRead = !["SCRIPT", "STYLE", "TITLE"].includes(element.tagName.toUpperCase());
        if (!isRead || !walker.currentNode.textContent.trim()) continue;
        if (!element.checkVisibility()) continue;
        const style = getComputedStyle(element);
        const ink = rgba(element.closest("svg") ? style.fill : style.color);
        const [lighter, darker] = [luminance(ink), luminance(paper(element))].sort((a, b) => b - a);
        const ratio = (lighter + 0.05) / (darker + 0.05);
        const isLarge = parseFloat(style.fontSize) >= 24;
        if (ratio < (isLarge ? 3 : 4.5)) {
            const text = walker.currentNode.textContent.trim().slice(0, 30);
            found.set(element.className || element.tagName, [text, ratio]);
        }
    }
    return Object.fromEntries(found);
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_follows_the_reader_s_scheme_with_enough_contrast(browser: Browser, report: Path, scheme: str) -> None:
    """All text has the contrast that WCAG 2 AA asks for: 4.5, and 3 where it is large."""
    browser.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.open(report)
    paper = browser.run("return getComputedStyle(document.body).backgroundColor")
    too_weak = browser.run(CONTRAST)
    browser.command("Emulation.setEmulatedMedia", features=[])
    assert (luminance(paper) > 0.5) is (scheme == "light")
    assert too_weak == {}


def luminance(color: str) -> float:
    """Relative luminance of rgb(r, g, b), as WCAG 2 defines it."""
    parts = [int(part) / 255 for part in color.partition("(")[2].rstrip(")").split(",")[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_prints_whole_tables(browser: Browser, report: Path) -> None:
    browser.open(report)
    browser.command("Emulation.setEmulatedMedia", media="print")
    clipped, controls = browser.run(
        """const scrolls = [...document.querySelectorAll(".scroll")];
        return [scrolls.filter((each) => getComputedStyle(each).overflowY !== "visible").length,
            [...document.querySelectorAll("#filter, #chips")].filter((each) => each.offsetHeight).length];"""
    )
    browser.command("Emulation.setEmulatedMedia", media="")
    assert (clipped, controls) == (0, 0)
    printed = base64.b64decode(browser.command("Page.printToPDF", preferCSSPageSize=True)["data"])
    assert printed.startswith(b"%PDF")


def test_is_whole_without_scripts(browser: Browser, report: Path) -> None:
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(report)
        text = browser.command("Runtime.evaluate", expression="document.body.innerText")["result"]["value"]
        visible = "[...document.querySelectorAll('button')].filter((each) => each.checkVisibility()).length"
        buttons = browser.command("Runtime.evaluate", expression=visible)
    finally:
        browser.command("Emulation.setScriptExecutionDisabled", value=False)
    assert buttons["result"]["value"] == 0
    assert "Changes, and why" in text
    assert "spin-glass-sampling" in text


def many(count: int) -> str:
    """The page of an account of so many instances, in groups of twenty."""
    from qauvern.balance import propose
    from qauvern.render.report import report_of, report_page
    from tests.helpers.make import TODAY, Team, grant, group, settings, snapshot

    days = [TODAY - timedelta(days=back) for back in range(29)]
    teams = [
        Team(
            f"{('chemistry', 'physics', 'materials')[at % 3]}-catalysis-{at:04}",
            100 + 37 * at % 3_000,
            consumed=sum((at * 37 + back * 11) % 90 for back in range(29)),
            active=at % 7 and (at * 37) % 90,
            limit=None if at % 3 else 3_000,
            live_limit=None if at % 3 else 3_000,
            grants=() if at % 30 else (grant(TODAY - timedelta(days=5), TODAY + timedelta(days=9), 600),),
            daily={day: (at * 37 + back * 11) % 90 for back, day in enumerate(days)},
            region="us-east" if at % 5 else "eu-de",
            group=f"department-{at // 20:02}",
        )
        for at in range(count)
    ]
    configured = settings(teams, groups=[group(name) for name in sorted({str(team.group) for team in teams})])
    taken = snapshot(teams, budget=count * 3_000)
    return str(report_page(report_of(propose(taken, configured, TODAY), taken)))


def test_300_instances_print_on_15_pages(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(many(300), encoding="utf-8")
    browser.open(tmp_path / "report.html")
    printed = base64.b64decode(browser.command("Page.printToPDF", preferCSSPageSize=True)["data"])
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) <= 15


def test_1000_instances_are_small_and_quick(browser: Browser, tmp_path: Path) -> None:
    """Until the first filtering is done, in seconds of the page's own thread: others may use the machine meanwhile."""
    text = many(1_000)
    (tmp_path / "report.html").write_text(text, encoding="utf-8")
    browser.command("Performance.enable", timeDomain="threadTicks")
    browser.open(tmp_path / "report.html", width=1400)
    type_into_filter(browser, "physics")
    assert len(text.encode()) < 5_000_000
    assert browser.said() == []
    assert 0 < browser.run(SHOWN) < 1_000
    spent = {each["name"]: each["value"] for each in browser.command("Performance.getMetrics")["metrics"]}
    assert spent["TaskDuration"] < 2


def test_a_name_that_is_markup_stays_text(browser: Browser, site: Site, qauvern: Qauvern) -> None:
    configuration = site.configuration()
    nasty = "<img src=x onerror=console.error(1)>"
    configuration["instances"][0]["name"] = nasty
    site.write_config(configuration)
    qauvern("report")
    browser.open(site.folder / "report.html")
    assert browser.said() == []
    assert browser.run("return document.images.length") == 0
    assert nasty in column(browser, "name")
