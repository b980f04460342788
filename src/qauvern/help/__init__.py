"""The manual: one Markdown page a topic. `qauvern help TOPIC` shows it, and so does a forge."""

from __future__ import annotations

TOPICS = (
    *("getting-started", "practice", "configuration", "environment", "allocations", "grants", "groups"),
    *("commands", "selection", "tables", "plans", "safety", "cron", "output", "json", "python", "exit-statuses"),
    *("troubleshooting", "migrating"),
)
"""In the order in which a newcomer needs them. No topic has the name of a command."""


def page(topic: str) -> str:
    """The topic's page, as Markdown.

    Raises:
        KeyError: there is no such topic.
    """
    if topic not in TOPICS:
        raise KeyError(topic)
    from importlib import resources

    return resources.files(__name__).joinpath(f"{topic}.md").read_text(encoding="utf-8")


def summary(topic: str) -> str:
    """What the page is about, in one line: its first paragraph."""
    return page(topic).split("\n\n")[1].replace("\n", " ")
