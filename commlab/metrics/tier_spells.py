"""How long members held a tier, in a chat group at its start or not."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pandas as pd

from commlab.errors import ArgumentError, NotEnoughDataError
from commlab.metrics.buyer_lives import IN, OUT
from commlab.metrics.rates import minimum

if TYPE_CHECKING:
    from commlab.dataset import Dataset

_EPOCH = dt.date(1970, 1, 1)


def tier_spells(ds: Dataset, tier: str = "") -> pd.DataFrame:
    """Return how long each member held a tier: the first time that it was reached.

    Rows of one member and tier that follow each other within a day are one spell.

    Args:
        ds: The dataset, with tiers and memberships.
        tier: The tier; empty: the rarest of those with enough spells on either side, as a rule the
            highest.

    Returns:
        Frame sorted by member_id: member_id, side ("in": in a chat group on the day on which the
        spell began; else "out"), days (held so far), ended; attrs["tier"].

    Raises:
        MissingTableError: There are no tiers or no memberships.
        ArgumentError: Nobody ever held the tier.
        NotEnoughDataError: No tier has enough spells on either side.
    """
    spells = _spells(ds)
    sizes = pd.crosstab(spells["tier"], spells["side"])
    sizes = sizes.reindex(columns=[IN, OUT], fill_value=0)
    if tier and tier not in sizes.index:
        raise ArgumentError(f"tier == {tier!r}, nobody ever held it.",
                            fix=f"There are: {', '.join(sizes.index)}.")  # fmt: skip
    smallest = minimum(ds, None)
    enough = sizes[sizes.min(axis=1) >= smallest]
    if not tier and len(sizes) > 1:
        # The tier that most have held is the one in which everybody begins: nobody keeps it.
        enough = enough.drop(str(sizes.sum(axis=1).idxmax()), errors="ignore")
    if not tier and not enough.empty:
        tier = str(enough.sum(axis=1).sort_index().sort_values(kind="stable").index[0])
    if not tier or tier not in enough.index:
        raise NotEnoughDataError(
            f"no tier asked for was held by {smallest} people in a chat group and as many others."
        )
    rows = spells[spells["tier"] == tier].drop(columns="tier").reset_index(drop=True)
    rows.attrs["tier"] = tier
    return rows


def _spells(ds: Dataset) -> pd.DataFrame:
    """Return the first spell of each member and tier: member_id, tier, side, days, ended."""
    tiers = ds.table("tiers").anti_join(ds.staff_ids(), "member_id")
    rows = tiers.select(
        "member_id", "tier",
        begin=tiers.valid_from.cast("date").epoch_days().cast("int64"),
        end=tiers.valid_to.cast("date").epoch_days().cast("int64"),
    )  # fmt: skip
    frame = ds.frame(rows, ["member_id", "tier", "begin", "end"])
    last = (ds.as_of - _EPOCH).days
    frame["end"] = frame["end"].astype("Int64")
    stop = frame["end"].fillna(last + 1)
    # A row that follows the one before within a day continues it.
    before = stop.groupby([frame["member_id"], frame["tier"]]).shift()
    fresh = (before.isna() | (frame["begin"] > before + 1)).fillna(True).astype(bool)
    frame["spell"] = fresh.groupby([frame["member_id"], frame["tier"]]).cumsum()
    frame = frame.assign(stop=stop)
    frame = frame[frame["spell"] == 1]
    same = frame.groupby(["member_id", "tier"], as_index=False)
    out = same.agg(begin=("begin", "min"), stop=("stop", "max"))
    out["ended"] = out["stop"] <= last
    out["days"] = (out["stop"].clip(upper=last) - out["begin"]).astype("int64")
    out = out.assign(side=_sides(ds, out))
    return out[["member_id", "tier", "side", "days", "ended"]]


def _sides(ds: Dataset, spells: pd.DataFrame) -> list[str]:
    stays = ds.table("memberships")
    stays = stays.select(
        "member_id",
        since=stays.joined_at.cast("date").epoch_days().cast("int64"),
        left=stays.left_at.cast("date").epoch_days().cast("int64"),
    )  # fmt: skip
    held = spells.reset_index()[["index", "member_id", "begin"]]
    rows = held.merge(ds.frame(stays, ["member_id", "since", "left"]), on="member_id")
    left = rows["left"].astype("Int64")
    there = (rows["since"] <= rows["begin"]) & (left.isna() | (left > rows["begin"])).astype(bool)
    inside = set(rows.loc[there, "index"])
    return [IN if place in inside else OUT for place in spells.index]
