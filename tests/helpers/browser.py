"""A real browser: headless Chromium, driven by selenium."""

from __future__ import annotations

import base64
import json
import os
import shutil
from pathlib import Path
from typing import Any

_CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_DRIVER = shutil.which("chromedriver")
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)


def can_browse() -> bool:
    """There is a Chromium with its driver here."""
    return bool(_CHROMIUM and _DRIVER)


class Browser:
    """Chromium with one page open."""

    def __init__(self, folder: Path) -> None:
        from selenium import webdriver

        options = webdriver.ChromeOptions()
        options.binary_location = str(_CHROMIUM)
        for flag in (*_FLAGS, f"--user-data-dir={folder}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        service = webdriver.ChromeService(_DRIVER, env={**os.environ, "HOME": str(folder)})
        self._driver: Any = webdriver.Chrome(options=options, service=service)

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

    def screenshot(self, width: int, height: int) -> bytes:
        """What is to be seen, as PNG."""
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        return base64.b64decode(self.command("Page.captureScreenshot")["data"])

    def emulate(self, *, scheme: str = "light", media: str = "") -> None:
        """The colour scheme that the reader prefers, and the medium."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.command("Emulation.setEmulatedMedia", features=features, media=media)

    def said(self) -> list[str]:
        return [entry["message"] for entry in self._driver.get_log("browser")]

    def asked_for(self) -> list[str]:
        """The addresses that the page asked for since it was opened."""
        messages = [json.loads(entry["message"])["message"] for entry in self._driver.get_log("performance")]
        return [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]

    def quit(self) -> None:
        self._driver.quit()
