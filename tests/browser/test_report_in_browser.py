"""The report in a real browser: headless Chromium, where there is one."""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.cli import Qauvern, Site

pytest.importorskip("qauvern.render.report", reason="the extra `report` is not installed")
webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="there is no Chromium with its driver here")

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)


class Browser:
    """Chromium with one page open."""

    def __init__(self, folder: Path) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for flag in (*FLAGS, f"--user-data-dir={folder}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        service = webdriver.ChromeService(DRIVER, env={**os.environ, "HOME": str(folder)})
        self._driver = webdriver.Chrome(options=options, service=service)

    def open(self, path: Path, *, width: int = 1280) -> None:
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=width < 500
        )
        self._driver.get_log("performance")
        self._driver.get(path.as_uri())

    def run(self, script: str, *arguments: Any) -> Any:
        return self._driver.execute_script(script, *arguments)

    def command(self, name: str, **parameters: Any) -> Any:
        return self._driver.execute_cdp_cmd(name, parameters)

    def said(self) -> list[str]:
        return [entry["message"] for entry in self._driver.get_log("browser")]

    def asked_for(self) -> list[str]:
        """The addresses that the page asked for since it was opened."""
        messages = [json.loads(entry["message"])["message"] for entry in self._driver.get_log("performance")]
        return [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]

    def quit(self) -> None:
        self._driver.quit()


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
    assert browser.run("return document.querySelectorAll('svg.chart').length") >= 8


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
    names = column(browser, "name")
    assert click_heading(browser, "allocation_delta_seconds") == "descending"
    figures = column(browser, "allocation_delta_seconds")
    assert figures == sorted(figures, reverse=True)
    assert click_heading(browser, "allocation_delta_seconds") == "ascending"
    assert column(browser, "allocation_delta_seconds") == sorted(figures)
    assert click_heading(browser, "name") == "ascending"
    assert column(browser, "name") == names
    limits_last = click_heading(browser, "new_limit_seconds") and column(browser, "new_limit_seconds")
    assert limits_last[-1] is None
    assert limits_last[0] is not None
    assert browser.said() == []


def test_finds_by_name_and_hides_what_stays_the_same(browser: Browser, site: Site) -> None:
    configuration = site.configuration()
    site.write_config(configuration)
    site.qauvern("optimize", "--yes")
    site.qauvern("report")
    browser.open(site.folder / "report.html")
    shown = "return [...document.querySelectorAll('#changes tbody tr')].filter((row) => row.offsetHeight).length"
    assert browser.run(shown) == len(configuration["instances"])
    browser.run("document.querySelector('.only-changes').click()")
    assert browser.run(shown) < len(configuration["instances"])
    browser.run("document.querySelector('.only-changes').click()")
    browser.run(
        "const field = document.querySelector('.changes input[type=search]');"
        "field.value = 'DRUG'; field.dispatchEvent(new Event('input'))"
    )
    assert browser.run(shown) == 1


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_never_scrolls_sideways(browser: Browser, report: Path, width: int) -> None:
    browser.open(report, width=width)
    assert browser.run("return document.documentElement.scrollWidth") <= width
    narrow = browser.run("return getComputedStyle(document.querySelector('.narrow')).display") != "none"
    assert narrow is (width <= 640)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_follows_the_reader_s_scheme_with_enough_contrast(browser: Browser, report: Path, scheme: str) -> None:
    browser.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.open(report)
    ink, soft, paper = browser.run(
        """const colors = (element) => getComputedStyle(element);
        return [colors(document.body).color, colors(document.querySelector(".said")).color,
            colors(document.body).backgroundColor];"""
    )
    browser.command("Emulation.setEmulatedMedia", features=[])
    assert (luminance(paper) > 0.5) is (scheme == "light")
    assert contrast(ink, paper) > 12
    assert contrast(soft, paper) > 4.5


def luminance(color: str) -> float:
    """Relative luminance of rgb(r, g, b), as WCAG 2 defines it."""
    parts = [int(part) / 255 for part in color.partition("(")[2].rstrip(")").split(",")[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_prints_whole_tables(browser: Browser, report: Path) -> None:
    browser.open(report)
    browser.command("Emulation.setEmulatedMedia", media="print")
    clipped, controls = browser.run(
        """const scrolls = [...document.querySelectorAll(".scroll")];
        return [scrolls.filter((each) => getComputedStyle(each).overflowY !== "visible").length,
            [...document.querySelectorAll(".controls")].filter((each) => each.offsetHeight).length];"""
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
        buttons = browser.command("Runtime.evaluate", expression="document.querySelectorAll('button').length")
    finally:
        browser.command("Emulation.setScriptExecutionDisabled", value=False)
    assert buttons["result"]["value"] == 0
    assert "Changes, and why" in text
    assert "spin-glass-sampling" in text


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
