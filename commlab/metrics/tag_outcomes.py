"""Whether members with a tag go on to buy, or to take part, more often than alike ones without.

Who is tagged is not dealt out at random: a difference, not what tagging does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from commlab import stats
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.metrics import activity as activities, cohorts, periods
from commlab.metrics.clustered import flag
from commlab.metrics.contrast import Parts, contrasts
from commlab.metrics.layers import LayerRules, member_layers
from commlab.metrics.previous import known_then
from commlab.metrics.rates import minimum
from commlab.metrics.rfm import occasions
from commlab.metrics.similarity import Similarity
from commlab.metrics.tags import member_tags

if TYPE_CHECKING:
    from commlab.dataset import Dataset

DAYS = 90  # of what followed: a quarter
OUTCOMES = ("bought", "active")
COLUMNS = (
    "tag_group", "tag", "outcome", "at_risk", "took", "rate", "rest_at_risk", "rest_rate",
    "difference", "low", "high", "p_adjusted", "flagged", "status",
)  # fmt: skip


def tag_outcomes(
    ds: Dataset, rules: LayerRules, days: int = DAYS, *, level: float = LEVEL
) -> pd.DataFrame:
    """Return what followed in the last days for members with each tag, and for alike ones.

    Tags as they were known `days` ago (those without a time are left out: they may be later).
    Alike are members of the same layer then: others are weighted to the layers of those who had
    the tag. Members who had left are left out. Chat groups are clusters (`contrast.contrasts`).

    Args:
        ds: The dataset, with tags.
        rules: From `layer_rules`.
        days: Days that are looked back.
        level: Confidence level.

    Returns:
        Frame by outcome, then the largest difference first: tag_group, tag, outcome ("bought": a
        day with positive net spend; "active": any sign of life, see `activity`), at_risk (had the
        tag), took (of them), rate, rest_at_risk, rest_rate (of alike ones without), difference
        with low and high,
        p_adjusted (Benjamini–Hochberg over all tags and outcomes), flagged, status.

    Raises:
        MissingTableError: There are no tags.
        NotEnoughDataError: No tag was held by enough members then, or the data had not begun.
    """
    ds.raw("tags")  # a missing table before anything else
    then = known_then(ds, days)
    held = member_layers(then, rules)
    held = held.filter(held.layer != "gone").select("member_id", stratum="layer")
    tags = member_tags(then)
    tags = tags.filter(tags["first"].notnull()).select(who="member_id", tag_group="tag_group",
                                                       tag="tag")  # fmt: skip
    least = minimum(ds, None)
    rows = _followed(ds, then, held)
    wearing = rows.inner_join(tags, rows.member_id == tags.who)
    keys, parts = ["tag_group", "tag"], ["stratum", "cluster"]
    wanted = [name for name in OUTCOMES if name in rows.columns]
    if not wanted:
        raise NotEnoughDataError("nothing shows what became of members.")
    sums = {name: ibis._[name].sum() for name in wanted}
    own = ds.frame(wearing.group_by(*keys, *parts).agg(n=ibis._.count(), **sums), [*keys, *parts])
    whole = ds.frame(rows.group_by(parts).agg(n=ibis._.count(), **sums), parts)
    many = own.groupby(keys)["n"].transform("sum") >= least
    found = [
        row
        for (group, tag), mine in own[many].groupby(keys, sort=True)
        for row in _contrasted(str(group), str(tag), mine, whole, wanted, least, level)
    ]
    if not found:
        raise NotEnoughDataError(f"no tag was held by {least} members {days} days ago.")
    table = pd.DataFrame(found)
    adjusted = stats.benjamini_hochberg(table.pop("p").to_numpy(dtype=float))
    table["p_adjusted"], table["flagged"] = adjusted, adjusted < 1 - level
    table["_size"] = -table["difference"].abs()
    order = table["outcome"].map({name: place for place, name in enumerate(OUTCOMES)})
    table = table.assign(_order=order).sort_values(["_order", "_size", *keys], kind="stable")
    return table[list(COLUMNS)].reset_index(drop=True)


def _contrasted(
    group: str, tag: str, mine: pd.DataFrame, whole: pd.DataFrame, outcomes: list[str],
    least: int, level: float,
) -> list[dict[str, object]]:  # fmt: skip
    parts = ["stratum", "cluster"]
    own = mine.groupby(parts, dropna=False)[["n", *outcomes]].sum()
    rest = whole.set_index(parts)[["n", *outcomes]]
    rest = rest.sub(own.reindex(rest.index).fillna(0))
    both = pd.concat([own.assign(target=1), rest.assign(target=0)]).reset_index()
    both = both[both["n"] > 0]
    found = contrasts(
        Parts(
            target=both["target"].to_numpy(dtype=np.int64),
            stratum=pd.factorize(both["stratum"])[0],
            cluster=pd.factorize(both["cluster"])[0],  # -1 without a group
            people=np.repeat(both[["n"]].to_numpy(dtype=float), len(outcomes), axis=1),
            active=both[outcomes].to_numpy(dtype=float),
            similarity=Similarity(0.0, 1.0, 0.0),  # the groups' own scores tell
        ),
        level,
    )
    rows: list[dict[str, object]] = []
    for place, outcome in enumerate(outcomes):
        n, k, others, expected, half, p = (
            float(values[1, place]) if len(values) > 1 else 0.0
            for values in (found.at_risk, found.active, found.rest_at_risk, found.expected,
                           found.half, found.p)
        )  # fmt: skip
        enough = min(n, others) >= least
        gap = (k - expected) / n if n else np.nan
        figures = {
            "rate": k / n if n else np.nan, "rest_rate": expected / n if n else np.nan,
            "difference": gap, "low": max(gap - half, -1.0), "high": min(gap + half, 1.0), "p": p,
        }  # fmt: skip
        rows.append({
            "tag_group": group, "tag": tag, "outcome": outcome, "at_risk": int(n), "took": int(k),
            "rest_at_risk": int(others), "status": "ok" if enough else "too_few",
            **{name: value if enough else np.nan for name, value in figures.items()},
        })  # fmt: skip
    return rows


def _followed(ds: Dataset, then: Dataset, held: ir.Table) -> ir.Table:
    """Return member_id, stratum, cluster (as known then) and 0 or 1 for each outcome."""
    since = then.end
    rows = held
    if ds.has("memberships"):
        groups = cohorts.members(then, cluster=True).select(own="member_id", cluster="cluster")
        rows = rows.left_join(groups, rows.member_id == groups.own).drop("own")
    else:
        rows = rows.mutate(cluster=ibis.null("string"))
    if ds.has("orders"):
        days = occasions(ds)
        days = days.filter(days.day > periods.number_of(then.as_of, "day"))
        rows = _hit(rows, days.select("member_id"), "bought")
    if any(ds.has(name) for name in ("messages", "check_ins", "touchpoints", "orders")):
        lives = activities.events(ds, since=since.date())
        lives = lives.filter(lives["at"] >= ibis.literal(since, "timestamp(6)"))
        rows = _hit(rows, lives.select("member_id"), "active")
    return rows


def _hit(rows: ir.Table, found: ir.Table, name: str) -> ir.Table:
    found = found.distinct().select(acting="member_id")
    both = rows.left_join(found, rows.member_id == found.acting)
    return both.mutate(**{name: flag(both.acting.notnull())}).drop("acting")
