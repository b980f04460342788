"""The pages of the manual drawn for a terminal: as much of Markdown as they use, and no more."""

from __future__ import annotations

import re
from collections.abc import Sequence

import click

_INDENT = 2
_GAP = 2

_BLOCK = re.compile(
    r"(?P<comment>^<!--.*?-->\n)"
    r"|^\ *```[^\n]*\n(?P<code>.*?)^\ *```\n"
    r"|^(?P<heading>\#+\ [^\n]*)\n"
    r"|(?P<table>(?:^\|[^\n]*\n)+)"
    r"|(?P<item>^\ *(?:-|\d+\.)\ [^\n]*\n(?:^\ +(?!\ |-\ |\d+\.\ |```)\S[^\n]*\n)*)"
    r"|(?P<paragraph>(?:^(?!-\ |\d+\.\ |\||\#+\ |<!--|\ *```)[^\n]+\n)+)",
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)
_ITEM = re.compile(r"( *)(-|\d+\.) (.*)", re.DOTALL)
_INLINE = re.compile(r"`([^`]+)`|\*\*(.+?)\*\*|\[(.+?)\]\(([^)\s]+)\)|<(https?://[^>]+)>")
_PAGE_LINK = re.compile(r"\]\(([a-z-]+)\.md(?:#[^)]*)?\)")


def drawn(page: str, *, width: int) -> str:
    """The page within `width` characters, with styles; what does not wrap (code) stays as long as it is."""
    lines: list[str] = []
    end = 0
    for block in _BLOCK.finditer(page):
        if "\n" in page[end : block.start()] and lines:
            lines.append("")
        end = block.end()
        lines += _lines(str(block.lastgroup), block[str(block.lastgroup)], width)
    others = list(dict.fromkeys(_PAGE_LINK.findall(page)))
    if others:
        see = f"See also: {', '.join(f'`{each}`' for each in others)}. `qauvern help TOPIC` shows each."
        lines += ["", *_wrapped(_styled(see), width)]
    return "\n".join(lines)


def _lines(kind: str, text: str, width: int) -> list[str]:
    margin = " " * _INDENT
    if kind == "heading":
        return [click.style(_styled(text.lstrip("# ")), bold=True)]
    if kind == "code":
        return [f"{margin}  {line}".rstrip() for line in text.splitlines()]
    if kind == "table":
        return [f"{margin}{line}".rstrip() for line in _table(text, width - _INDENT)]
    if kind == "item":
        match = _ITEM.fullmatch(text)
        assert match
        bullet = f"{margin}{match[1]}{match[2]} "
        return _wrapped(_styled(match[3]), width, first=bullet, then=" " * len(bullet))
    return _wrapped(_styled(text), width, first=margin, then=margin) if kind == "paragraph" else []


def _styled(text: str) -> str:
    """The text with its marks turned into styles, each word on its own so that a line may end between any two."""

    def each(match: re.Match[str]) -> str:
        code, strong, label, _, url = match.groups()
        if label:
            return _styled(label)
        words = (code or strong or url).split()
        return " ".join(click.style(word, fg="cyan" if code else None, bold=bool(strong) or None) for word in words)

    return _INLINE.sub(each, text)


def _length(text: str) -> int:
    return len(click.unstyle(text))


def _wrapped(text: str, width: int, *, first: str = "", then: str = "") -> list[str]:
    lines = [first]
    started = False
    for word in text.split():
        if started and _length(lines[-1]) + 1 + _length(word) > width:
            lines.append(then)
            started = False
        lines[-1] += (" " if started else "") + word
        started = True
    return lines


def _table(text: str, width: int) -> list[str]:
    header, _, *rows = [_cells(line) for line in text.splitlines()]
    columns = list(zip(header, *rows, strict=True))
    least = [max(_length(word) for cell in column for word in ("", *cell.split())) for column in columns]
    widths = _fitted([max(map(_length, column)) for column in columns], least, width - _GAP * (len(columns) - 1))
    drawn_rows = [_row(row, widths) for row in rows]
    heading = [click.style(line, bold=True) for line in _row(header, widths)]
    rule = click.style((" " * _GAP).join("-" * each for each in widths), dim=True)
    return [*heading, rule, *(line for row in drawn_rows for line in row)]


def _cells(line: str) -> list[str]:
    return [_styled(cell.strip().replace(r"\|", "|")) for cell in re.split(r"(?<!\\)\|", line.strip()[1:-1])]


def _fitted(widths: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """The widths, the widest of them cut to one that lets all fit, but none below its least."""
    for most in range(max(widths), 0, -1):
        cut = [max(min(each, most), shortest) for each, shortest in zip(widths, least, strict=True)]
        if sum(cut) <= room:
            return cut
    return list(least)


def _row(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    wrapped = [_wrapped(cell, width) for cell, width in zip(cells, widths, strict=True)]
    height = max(map(len, wrapped))
    padded = [
        [line + " " * (width - _length(line)) for line in [*lines, *[""] * (height - len(lines))]]
        for lines, width in zip(wrapped, widths, strict=True)
    ]
    return [(" " * _GAP).join(line).rstrip() for line in zip(*padded, strict=True)]
