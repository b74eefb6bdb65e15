"""Members who were brought by others against those who came alone, at the same months and places.

Who is brought is not dealt out at random: association, not what the invitation does to people.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd
from scipy import special

from commlab import stats
from commlab.config import MIN_AT_RISK
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.metrics.newcomers import newcomer_measures, newcomer_outcomes

if TYPE_CHECKING:
    from commlab.dataset import Dataset

REFERRED, ALONE = "referred", "alone"
# By channel where people are brought in channels that others use too; else by region.
_HELD = (("month", "channel"), ("month", "region"), ("month",))
_ENOUGH = 0.5  # of the referred must have somebody to be matched with


def referred_outcomes(
    ds: Dataset,
    *,
    without: Collection[str] = (),
    level: float = LEVEL,
    min_people: int = MIN_AT_RISK,
) -> pd.DataFrame:
    """Return what referred members did after joining against others of their month and channel.

    Within each stratum the two means are compared; strata count by the referred in them. Where
    people are brought in a channel of their own, nobody can be matched by channel: then they are
    matched by month and region, and the column `held` says so.

    Args:
        ds: The dataset, with members and referrals.
        without: Members left out: self-referral rings.
        level: Confidence level.
        min_people: Fewer referred members, or others, are "too_few".

    Returns:
        Frame by outcome (`newcomers.OUTCOMES`): outcome, people (referred who could be matched),
        referred and alone (means at the mix of the referred), difference with low and high
        (normal), p_adjusted (Benjamini–Hochberg), flagged, held ("month channel", "month region",
        "month"), status.

    Raises:
        MissingTableError: No members or referrals.
        NotEnoughDataError: Nothing shows what became of anybody.
    """
    brought = ds.table("referrals").select(member_id="invitee_id").distinct()
    people = ds.people()
    if without:
        people = people.filter(~people.member_id.isin(sorted(without)))
    known = people.left_join(brought.mutate(hit=ibis.literal(1)), "member_id")
    segments = known.select("member_id", segment=ibis.ifelse(known.hit.notnull(), REFERRED, ALONE))
    rows = [
        _row(name, ds, segments, level, min_people) for name in newcomer_measures(ds)
    ]  # one question a measure, not a row of a table
    if not rows:
        raise NotEnoughDataError("nothing shows what became of newcomers.", where=ds.name)
    frame = pd.DataFrame(rows)
    frame["p_adjusted"] = stats.benjamini_hochberg(frame.pop("p").to_numpy(dtype=float))
    frame["flagged"] = (frame["p_adjusted"] < 1 - level).to_numpy(dtype=bool)
    return frame


def _row(
    name: str, ds: Dataset, segments: ibis.expr.types.Table, level: float, smallest: int
) -> dict[str, object]:
    for held in _HELD:
        sums = newcomer_outcomes(ds, name, segments=segments, strata=held)
        whole = int(sums.loc[sums["segment"] == REFERRED, "n"].sum())
        found = matched_difference(sums, REFERRED, ALONE, level=level)
        if whole and found["people"] >= _ENOUGH * whole:
            break
    enough = min(found["people"], found["others"]) >= smallest
    figures = ("referred", "alone", "difference", "low", "high", "p")
    values = [found[key] if enough else np.nan
              for key in ("one", "other", "difference", "low", "high", "p")]  # fmt: skip
    return {
        "outcome": name, "people": int(found["people"]), **dict(zip(figures, values, strict=True)),
        "held": " ".join(held), "status": "ok" if enough else "too_few",
    }  # fmt: skip


def matched_difference(
    sums: pd.DataFrame, one: str, other: str, *, level: float = LEVEL
) -> dict[str, float]:
    """Return the difference of two segments within strata, at the mix of strata of the first.

    Args:
        sums: segment, stratum, n, total, square, as `newcomer_outcomes` returns.
        one: Segment whose strata count.
        other: Segment that it is compared with.
        level: Confidence level.

    Returns:
        people and others (of each, in strata that both have), one and other (means),
        difference, low, high (normal, variances pooled over strata), p (two-sided).

    Example:
        >>> sums = pd.DataFrame({"segment": ["a", "b"], "stratum": ["may", "may"], "n": [400, 400],
        ...                      "total": [200, 120], "square": [200, 120]})
        >>> round(matched_difference(sums, "a", "b")["difference"], 3)
        0.2
    """
    cells = sums.pivot_table(index="stratum", columns="segment", values=["n", "total", "square"],
                             aggfunc="sum", fill_value=0)  # fmt: skip
    nothing = dict.fromkeys(("one", "other", "difference", "low", "high", "p"), float("nan"))
    if not {one, other} <= set(sums["segment"]):
        return {"people": 0.0, "others": 0.0, **nothing}
    n1, n0 = (cells["n"][name].to_numpy(dtype=float) for name in (one, other))
    both = (n1 > 0) & (n0 > 0)
    n1, n0 = n1[both], n0[both]
    if n1.sum() < 2 or n0.sum() < 2:
        return {"people": n1.sum(), "others": n0.sum(), **nothing}
    weight = n1 / n1.sum()
    mean, variance = [], 0.0
    for name, n in ((one, n1), (other, n0)):
        total, square = (cells[key][name].to_numpy(dtype=float)[both] for key in
                         ("total", "square"))  # fmt: skip
        inside = np.maximum(square - total**2 / n, 0).sum() / max(n.sum() - len(n), 1)
        mean.append(float(weight @ (total / n)))
        variance += float(inside * (weight**2 / n).sum())
    gap, error = mean[0] - mean[1], float(np.sqrt(variance))
    half = stats.quantile(level) * error
    p = float(2 * special.ndtr(-abs(gap) / error)) if error else float("nan")
    return {"people": n1.sum(), "others": n0.sum(), "one": mean[0], "other": mean[1],
            "difference": gap, "low": gap - half, "high": gap + half, "p": p}  # fmt: skip
