"""Red packets in groups: who makes them, who opens them with points, who earns some (B17)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from commlab import guards
from commlab.errors import MissingTableError, NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.intervals import count_interval
from commlab.metrics.rates import minimum

if TYPE_CHECKING:
    from commlab.dataset import Dataset

DAYS = 90  # days looked back on: a quarter
KINDS = ("made", "made_by_staff", "opened", "earned")
_WORDS = ("red_packet", "红包")  # reasons of the ledger that hold one of these


def red_packets(ds: Dataset, days: int = DAYS, *, level: float = LEVEL) -> pd.DataFrame:
    """Return red packets made and opened: how many, by how many people, how many each.

    Made is a message of the kind red_packet in a group. Opened is what the ledger of points takes
    for one (a reason with "red_packet" or "红包" and points spent), earned what it gives for
    sharing or making one.

    Args:
        ds: The dataset, with messages or points.
        days: Days up to `as_of`.
        level: Confidence level.

    Returns:
        Frame: label ("made" by members, "made_by_staff", "opened", "earned"; those for which
        there are tables), people, entries (packets or rows of the ledger), points (spent or
        earned; missing of packets made), per_person with low and high (score interval of a mean
        count, widened by the dispersion that people show; of those who did it at all; missing of
        fewer people than the settings ask for).

    Raises:
        MissingTableError: Neither messages nor points.
        NotEnoughDataError: No red packet is recorded.
    """
    since = ds.as_of - dt.timedelta(days=guards.whole("days", days, low=1) - 1)
    parts = []
    if ds.has("messages") and "kind" in ds.columns("messages"):
        rows = ds.table("messages", since=since)
        rows = rows.filter(rows.kind == "red_packet", rows.group_id.notnull(), ~rows.revoked)
        staff = ds.staff_ids()
        parts += [_each(rows.anti_join(staff, "member_id"), "made"),
                  _each(rows.semi_join(staff, "member_id"), "made_by_staff")]  # fmt: skip
    if ds.has("points"):
        rows = ds.table("points", since=since).anti_join(ds.staff_ids(), "member_id")
        word = rows.reason.contains(_WORDS[0]) | rows.reason.contains(_WORDS[1])
        parts += [_each(rows.filter(word, rows.delta < 0), "opened"),
                  _each(rows.filter(word, rows.delta > 0), "earned")]  # fmt: skip
    if not parts:
        raise MissingTableError("red packets are in messages (kind) or points.", where=ds.name)
    each = ibis.union(*parts)
    sums = each.group_by("label").agg(
        people=each.count(), entries=each.n.sum(), squares=(each.n * each.n).sum(),
        points=each.points.sum(),
    )  # fmt: skip
    frame = ds.frame(sums, ["label"])
    if frame.empty:
        raise NotEnoughDataError("no red packet is recorded.", where=ds.name)
    frame["per_person"], frame["low"], frame["high"] = count_interval(
        frame["people"], frame["entries"], frame["squares"], level=level
    )
    few = frame["people"] < minimum(ds, None)
    frame.loc[few, ["per_person", "low", "high"]] = np.nan
    order = frame["label"].map(KINDS.index)
    frame = frame.iloc[order.argsort()].reset_index(drop=True)
    return frame[["label", "people", "entries", "points", "per_person", "low", "high"]]


def _each(rows: ir.Table, label: str) -> ir.Table:
    """Return how often each person did it: label, member_id, n, points."""
    points = rows.delta.abs().sum() if "delta" in rows.columns else ibis.null("int64")
    each = rows.group_by("member_id").agg(n=rows.count(), points=points.cast("int64"))
    return each.select("member_id", "n", "points", label=ibis.literal(label))
