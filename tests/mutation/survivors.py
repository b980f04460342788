"""The mutants that may survive, each with the reason why no test can tell it from the code."""

from __future__ import annotations

from typing import NamedTuple


class Survivor(NamedTuple):
    """`becomes` is what the mutant makes of `line` in `function`."""

    function: str
    line: str
    becomes: str
    reason: str


def _of(function: str, line: str, reason: str, *replaced: tuple[str, str]) -> tuple[Survivor, ...]:
    return tuple(Survivor(function, line, line.replace(was, becomes), reason) for was, becomes in replaced)


SURVIVORS: tuple[Survivor, ...] = (
    *_of(
        "_water_fill._check",
        "lowest_room = min((room for room in rooms if room is not None), default=0)",
        "Where no room is limited, none is below 0, whatever stands for the lowest.",
        ("default=0", "default=1"),
    ),
    *_of(
        "_water_fill._levels_that_reach_the_room",
        "precision = 2 * max((weights[index] for index in limited), default=1).bit_length()",
        "More precision leaves the order as it is; without limited rooms nothing is put in order.",
        ("2 *", "3 *"),
        ("default=1", "default=2"),
    ),
    *_of(
        "activity.ActivityScore.is_active",
        "return self.scaled > 0",
        "The least score above 0 is 6: 1 ms in the 28 days, by its factor.",
        ("> 0", "> 1"),
    ),
    *_of(
        "dead_band._live_share",
        "return (candidate.live.allocation_seconds or 0) - candidate.floor_seconds",
        "Only asked of those that may keep their live value, which is their floor or more, and a floor is 1 or more.",
        ("or 0", "or 1"),
    ),
    *_of(
        "grants.effective_limit",
        "return EffectiveLimit(UNLIMITED, LimitSource.NONE)",
        "UNLIMITED is a name for None.",
        ("UNLIMITED", "None"),
    ),
    *_of(
        "grants._overlapping",
        "cluster_end = date.min",
        "The first grant always opens a cluster, and sets it, before it is read.",
        ("date.min", "None"),
    ),
    *_of(
        "grants.limit_terms",
        "for grant, days in zip(taking_part, charged, strict=True)",
        "_charge gives one entry for each grant, so the lengths are equal.",
        ("strict=True", "strict=None"),
        ("strict=True", ""),
        ("strict=True", "strict=False"),
    ),
    *_of(
        "propose.propose",
        "broken=(),",
        "Replaced by what the invariants find, which do not read it.",
        ("()", "None"),
    ),
    *_of(
        "document.plan_text",
        'return json.dumps(plan_document(plan), indent=2, ensure_ascii=False) + "\\n"',
        "To json.dumps None is as good as False.",
        ("False", "None"),
    ),
    *_of(
        "document._canonical",
        'return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))',
        "To json.dumps None is as good as False.",
        ("False", "None"),
    ),
    *_of(
        "document._digest",
        'return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()',
        "Names of encodings are read in any case.",
        ("utf-8", "UTF-8"),
    ),
    *_of(
        "document._seconds",
        "value = document.get(key, False)",
        "What stands for a missing figure only has to be none: true is refused as false is.",
        ("False", "True"),
    ),
    *_of(
        "guardrails._max_decrease_percent",
        "if -100 * change.allocation_delta > Fraction(most) * (change.before.allocation_seconds or 0)",
        "Without an allocation before there is no decrease: the left side is 0 or less.",
        ("or 0", "or 1"),
    ),
)
