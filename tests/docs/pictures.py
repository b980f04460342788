"""Makes the pictures of README.md from the sandbox: `python -m tests.docs.pictures`, or `just pictures`.

The terminal is drawn as SVG from what a command says, with its own styles. The report is shown by
Chromium: at 1400 px, dark, on a phone of 390 px and as it prints, all of them in build/pictures, two of them in README.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from unittest import mock

from tests.docs.consoles import Console, Consoles, Step
from tests.helpers.browser import Browser

ROOT = Path(__file__).parents[2]
TERMINAL = "examples/pictures/terminal.svg"
PHONE = "examples/pictures/report-phone.png"

COMMAND = "qauvern --sandbox analyze"
COLUMNS = 112

_CHARACTER, _LINE, _MARGIN, _BAR = 7.23, 17, 16, 30
"""In pixels: a character's width at a font size of 12, a line's height, the margin, the window's bar."""
_COLORS = {30: "#5c6370", 31: "#e06c75", 32: "#98c379", 33: "#e5c07b", 34: "#61afef", 35: "#c678dd", 36: "#56b6c2"}
_INK, _PAPER, _TITLE = "#d7dae0", "#1e2227", "#9da5b4"

_STYLE = re.compile(r"\x1b\[([\d;]*)m")


@dataclass(frozen=True)
class Pen:
    """How text is drawn from here on."""

    color: int | None = None
    bold: bool = False
    dim: bool = False

    def after(self, codes: str) -> Pen:
        """The pen that the numbers of an escape sequence lead to."""
        pen = self
        for code in map(int, codes.split(";") if codes else ["0"]):
            if code == 0:
                pen = Pen()
            elif code in (1, 2):
                pen = Pen(pen.color, pen.bold or code == 1, pen.dim or code == 2)
            else:
                assert code in _COLORS, f"there is no colour for {code}"
                pen = Pen(code, pen.bold, pen.dim)
        return pen

    @property
    def attributes(self) -> str:
        color = f' fill="{_COLORS[self.color]}"' if self.color else ""
        return color + (' font-weight="bold"' if self.bold else "") + (' opacity="0.55"' if self.dim else "")


def svg(text: str, title: str, columns: int) -> str:
    """A terminal with this text, escape sequences and all."""
    lines = text.splitlines()
    width, height = columns * _CHARACTER + 2 * _MARGIN, len(lines) * _LINE + _BAR + 2 * _MARGIN
    drawn = "\n".join(_drawn(lines))
    font = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
    size = f'width="{width:.0f}" height="{height}"'
    buttons = "".join(
        f'<circle cx="{18 + 18 * at}" cy="16" r="5" fill="{_COLORS[code]}"/>' for at, code in enumerate((31, 33, 32))
    )
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" {size}>
<rect width="100%" height="100%" rx="8" fill="{_PAPER}"/>
{buttons}
<text x="50%" y="20" text-anchor="middle" font-family="sans-serif" font-size="12" fill="{_TITLE}">{escape(title)}</text>
<g font-family="{font}" font-size="12" fill="{_INK}" xml:space="preserve">
{drawn}
</g>
</svg>
"""


def _drawn(lines: list[str]) -> Iterator[str]:
    pen = Pen()
    for number, line in enumerate(lines):
        y, column = _BAR + _MARGIN + (number + 0.7) * _LINE, 0
        first, *rest = _STYLE.split(line)
        pieces = [("", first), *zip(rest[::2], rest[1::2], strict=True)]
        for codes, piece in pieces:
            pen = pen.after(codes) if codes or (codes, piece) != pieces[0] else pen
            for word in re.finditer(r"\S+(?: \S+)*", piece):  # each at its place, whatever the font's own width is
                x, length = _MARGIN + (column + word.start()) * _CHARACTER, len(word[0]) * _CHARACTER
                yield (
                    f'<text x="{x:.1f}" y="{y:.1f}" textLength="{length:.1f}"{pen.attributes}>{escape(word[0])}</text>'
                )
            column += len(piece)


def terminal(folder: Path) -> str:
    """The picture of a terminal."""
    with Consoles(folder, {}).fresh("terminal") as console:
        said = _on_a_terminal(console, COMMAND)
    return svg(f"\x1b[2m$\x1b[0m \x1b[1m{COMMAND}\x1b[0m\n{said}", "qauvern", COLUMNS)


def _on_a_terminal(console: Console, command: str) -> str:
    from tests.helpers.cli import Qauvern

    environment = {**console.environment, "COLUMNS": str(COLUMNS), "QAUVERN_PAGER": "", "TERM": "xterm"}
    with mock.patch.dict(os.environ):
        os.environ.pop("NO_COLOR", None)
        return Qauvern(environment)(*command.split()[1:], colors=True).stdout


@dataclass(frozen=True)
class Shot:
    """A picture of the report, from the top or from one of its headings on. README shows those in `examples`."""

    name: str
    width: int
    height: int
    scheme: str = "light"
    media: str = ""
    heading: str = ""
    in_readme: bool = False


SHOTS = (
    Shot("report.png", 1400, 1000, in_readme=True),
    Shot("report-dark.png", 1400, 800, scheme="dark", heading="usage-section", in_readme=True),
    Shot("report-phone.png", 390, 844),
    Shot("report-print.png", 760, 1075, media="print"),
)


def report(folder: Path) -> Iterator[tuple[Shot, bytes]]:
    """Pictures of the report, as PNG."""
    with Consoles(folder, {}).fresh("report") as console:
        console.run(Step("qauvern --sandbox report --output report.html", ()))
        browser = Browser(folder / "chromium")
        try:
            for shot in SHOTS:
                browser.emulate(scheme=shot.scheme, media=shot.media)
                browser.open(console.folder / "report.html", width=shot.width)
                browser.screenshot(shot.width, shot.height)
                browser.run("document.getElementById(arguments[0])?.scrollIntoView()", shot.heading)
                yield shot, browser.screenshot(shot.width, shot.height)
        finally:
            browser.quit()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        pictures, all_sizes = (ROOT / TERMINAL).parent, ROOT / "build" / "pictures"
        pictures.mkdir(exist_ok=True)
        (ROOT / TERMINAL).write_text(terminal(Path(folder) / "terminal"), encoding="utf-8")
        if "--terminal" not in sys.argv:
            all_sizes.mkdir(parents=True, exist_ok=True)
            for shot, picture in report(Path(folder) / "report"):
                for place in (all_sizes, pictures) if shot.in_readme else (all_sizes,):
                    (place / shot.name).write_bytes(picture)


if __name__ == "__main__":
    main()
