"""What show and analyze say of groups: a table with the sums over their instances."""

from __future__ import annotations

from collections.abc import Sequence

from qauvern import figures
from qauvern.render.text import Column, Table, draw_table, figure_column
from qauvern.render.views import GroupView
from qauvern.units import TimeUnit


def proposed_groups_table(groups: Sequence[GroupView], *, width: int | None, unit: TimeUnit) -> Table:
    """One row for each group of a proposal, with totals."""
    deltas = [group.allocation_delta for group in groups]
    colors = ["green" if delta > 0 else "yellow" if delta else None for delta in deltas]
    return draw_table(
        [
            *_terms(groups, unit),
            figure_column(figures.GROUP_USED, groups, unit=unit, drop_order=2),
            figure_column(figures.GROUP_CURRENT, groups, unit=unit),
            figure_column(figures.GROUP_NEW, groups, unit=unit),
            figure_column(figures.GROUP_DELTA, groups, unit=unit, drop_order=1, colors=colors),
        ],
        width=width,
    )


def shown_groups_table(groups: Sequence[GroupView], *, width: int | None, unit: TimeUnit) -> Table:
    """One row for each group as it stands, with totals."""
    return draw_table(
        [
            *_terms(groups, unit),
            figure_column(figures.GROUP_CURRENT, groups, unit=unit),
            figure_column(figures.GROUP_USED, groups, unit=unit),
        ],
        width=width,
    )


def _terms(groups: Sequence[GroupView], unit: TimeUnit) -> list[Column]:
    has_shares = any(group.share_percent is not None for group in groups)
    has_limits = any(group.limit_seconds is not None for group in groups)
    return [
        figure_column(figures.GROUP_NAME, groups, shrinks_to=24, total="Total"),
        figure_column(figures.GROUP_INSTANCES, groups, drop_order=3),
        *([figure_column(figures.GROUP_SHARE, groups)] if has_shares else []),
        *([figure_column(figures.GROUP_LIMIT, groups, unit=unit)] if has_limits else []),
    ]
