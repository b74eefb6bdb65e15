"""What tells buyers apart: tier, first purchase, recency–frequency–margin, channel, group."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from commlab import guards
from commlab.errors import MissingTableError
from commlab.metrics import cohorts

if TYPE_CHECKING:
    from commlab.dataset import Dataset

OWN = ("tier", "first_order", "rfm")
ASKED = ("channel", "group", *OWN)


def buyer_splits(ds: Dataset, but: str | None = None) -> tuple[str, ...]:
    """Return by what else buyers can be told apart: of channel, group, tier, first_order, rfm.

    Args:
        ds: The dataset.
        but: The one that is shown already.
    """
    there = (*cohorts.available_splits(ds), *OWN)
    lacking = () if ds.has("tiers") else ("tier",)
    return tuple(name for name in ASKED if name in there and name not in (but, *lacking))


def buyer_groups(ds: Dataset, buyers: pd.DataFrame, by: str) -> pd.Series:
    """Return the group of each buyer, aligned with the rows.

    Args:
        ds: The dataset.
        buyers: From `customer_values`.
        by: "tier" (that of `as_of`), "first_order" (quarter of the first purchase, "2026-Q1"),
            "rfm" ("111" to "000": bought again later than half of the buyers, more often, and
            left more margin in all; 1 for yes), or a split of `cohorts.members`.

    Raises:
        MissingTableError: The workspace lacks the table.
    """
    guards.one_of("by", by, (*OWN, *cohorts.SPLITS))
    if by == "rfm":
        return _rfm(buyers)
    if by == "first_order":
        first = pd.Timestamp(ds.as_of) - pd.to_timedelta((buyers["T"] * 7).round(), unit="D")
        quarter = [f"{day.year}-Q{(day.month + 2) // 3}" for day in first]
        return pd.Series(quarter, index=buyers.index, name=by)
    known = _tiers(ds) if by == "tier" else _split(ds, by)
    return buyers["member_id"].map(known).fillna(cohorts.UNKNOWN).rename(by)


def _split(ds: Dataset, by: str) -> pd.Series:
    people = cohorts.members(ds, split=by).select("member_id", "segment")
    return ds.frame(people).set_index("member_id")["segment"]


def _tiers(ds: Dataset) -> pd.Series:
    if not ds.has("tiers"):
        raise MissingTableError("by == 'tier' needs the table tiers.", where=ds.name)
    spells = ds.table("tiers")
    midnight = dt.datetime.combine(ds.as_of, dt.time()) + dt.timedelta(days=1)
    spells = spells.filter(spells.valid_to.isnull() | (spells.valid_to >= ibis.literal(midnight)))
    rows = ds.frame(spells.select("member_id", "tier", "valid_from"),
                    ["member_id", "valid_from", "tier"])  # fmt: skip
    return rows.drop_duplicates("member_id", keep="last").set_index("member_id")["tier"]


def _rfm(buyers: pd.DataFrame) -> pd.Series:
    """Return the eight groups of the trade: each of the three above the median or not."""
    silence = buyers["T"] - buyers["recency"]
    total = buyers["first_margin"] + buyers["frequency"] * buyers["monetary_value"]
    marks = (silence <= silence.median(), buyers["frequency"] > buyers["frequency"].median(),
             total > total.median())  # fmt: skip
    code = [np.where(mark, "1", "0") for mark in marks]
    joined = [f"{r}{f}{m}" for r, f, m in zip(*code, strict=True)]
    return pd.Series(joined, index=buyers.index, name="rfm")
