"""Trial users who show what they got, and whether they buy afterwards (C2)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from commlab import guards, stats
from commlab.errors import MissingTableError, NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.metrics.clustered import cluster_sums, clustered_rates, flag
from commlab.metrics.rates import minimum

if TYPE_CHECKING:
    from commlab.dataset import Dataset

SHARE_DAYS, BUY_DAYS = 14, 60  # a sample lasts two weeks; what it brings comes in two months
LABELS = ("silent", "shared")
_SHOWN = ("image", "video")


def trial_shares(
    ds: Dataset,
    *,
    share_days: int = SHARE_DAYS,
    buy_days: int = BUY_DAYS,
    level: float = LEVEL,
    min_at_risk: int | None = None,
) -> pd.DataFrame:
    """Return who pays in full after a trial: those who shared it beside those who did not.

    The two sides are parted on one day for all (a landmark, Anderson, Cain & Gelber 1983):
    `share_days` after the first trial, by whether somebody shared it, or showed a picture in a
    group, until then; whoever bought before that day is left out. So nobody has time to buy that
    others lack. Who shares likes it more: association.

    Args:
        ds: The dataset, with orders that say which are trials, and touchpoints or messages.
        share_days: Days after the first trial in which sharing counts.
        buy_days: Days after them in which an order that is no trial counts.
        level: Confidence level.
        min_at_risk: Trial users below which a rate is "too few"; default from the settings.

    Returns:
        Frame of "silent" and "shared": label, at_risk, active (bought), rate with low and high
        (Wilson; members of one chat group are a cluster), deff, difference (of "shared" from
        "silent"), p_adjusted, flagged, status.

    Raises:
        MissingTableError: No orders that say their kind, or nothing shows who shared.
        NotEnoughDataError: No trial is old enough.
    """
    guards.whole("share_days", share_days, low=1)
    guards.whole("buy_days", buy_days, low=1)
    smallest = minimum(ds, min_at_risk)
    rows = _landmark(ds, share_days, buy_days)
    frame = ds.frame(cluster_sums(rows, ["label"], "unit", "bought", "one"), ["label"])
    if frame.empty:
        raise NotEnoughDataError("no trial is old enough to say what followed.", where=ds.name)
    frame = frame.set_index("label").reindex(LABELS).fillna(0.0).reset_index()
    frame = pd.concat([frame, clustered_rates(frame, level=level)], axis=1)
    frame["at_risk"], frame["active"] = frame["x"].astype("int64"), frame["y"].astype("int64")
    # One chat group tells nothing of how much groups vary.
    enough = (frame["at_risk"] >= smallest).to_numpy() & frame["rate"].notna().to_numpy()
    for name in ("rate", "low", "high", "deff"):
        frame[name] = frame[name].where(enough)
    silent, shared = frame.iloc[0], frame.iloc[1]
    widest = np.nanmax([1.0, *frame["deff"]])
    p = float(stats.two_proportion_p(shared["active"], shared["at_risk"], silent["active"],
                                     silent["at_risk"], deff=widest))  # fmt: skip
    both = bool(enough.all())
    frame["difference"] = [np.nan, shared["rate"] - silent["rate"] if both else np.nan]
    frame["p_adjusted"] = [np.nan, p if both else np.nan]  # one comparison
    frame["flagged"] = (frame["p_adjusted"] < 1 - level).to_numpy(dtype=bool)
    frame["status"] = np.where(enough, "ok", "too_few")
    return frame[["label", "at_risk", "active", "rate", "low", "high", "deff", "difference",
                  "p_adjusted", "flagged", "status"]]  # fmt: skip


def _landmark(ds: Dataset, share_days: int, buy_days: int) -> ir.Table:
    """Return trial users: label, bought, one, unit."""
    if not ds.has("orders") or "kind" not in ds.columns("orders"):
        raise MissingTableError("which orders are trials is in orders.kind.", where=ds.name)
    shown = _shown(ds)
    orders = ds.table("orders")
    orders = orders.filter(orders.member_id.notnull()).anti_join(ds.staff_ids(), "member_id")
    trials = orders.filter(orders.kind == "trial")
    first = trials.group_by("member_id").agg(begin=trials.paid_at.min())
    day = ibis.interval(days=share_days)
    over = ds.end - dt.timedelta(days=share_days + buy_days)
    first = first.filter(first.begin <= ibis.literal(over, "timestamp(6)"))
    full = orders.filter(orders.kind.fill_null("regular") != "trial")
    full = full.select("member_id", "paid_at").inner_join(first, "member_id")
    before = full.filter(full.paid_at < full.begin + day).select("member_id")
    until = full.begin + ibis.interval(days=share_days + buy_days)
    after = full.filter(full.paid_at >= full.begin + day, full.paid_at < until)
    did = shown.inner_join(first, "member_id")
    did = did.filter(did["at"] >= did.begin, did["at"] < did.begin + day)
    rows = first.anti_join(before.distinct(), "member_id")
    for name, part in (("did", did), ("bought", after)):
        marked = part.select("member_id").distinct().mutate(**{name: ibis.literal(1)})
        rows = rows.left_join(marked, "member_id").drop("member_id_right")
    if ds.has("memberships"):
        stays = ds.table("memberships")
        homes = stays.group_by("member_id").agg(home=stays.group_id.argmin(stays.joined_at))
        rows = rows.left_join(homes, "member_id").drop("member_id_right")
        unit = ibis.coalesce(rows.home, rows.member_id)
    else:
        unit = rows.member_id
    return rows.select(
        label=ibis.ifelse(rows.did.notnull(), LABELS[1], LABELS[0]), unit=unit,
        bought=flag(rows.bought.notnull()), one=ibis.literal(1, "int64"),
    )  # fmt: skip


def _shown(ds: Dataset) -> ir.Table:
    """Return when members shared, or showed a picture in a group: member_id, at."""
    parts = []
    if ds.has("touchpoints"):
        steps = ds.table("touchpoints")
        parts.append(steps.filter(steps.event == "shared").select("member_id", at="at"))
    if ds.has("messages") and "kind" in ds.columns("messages"):
        said = ds.table("messages")
        said = said.filter(said.group_id.notnull(), said.kind.isin(_SHOWN), ~said.revoked)
        parts.append(said.select("member_id", at="sent_at"))
    if not parts:
        raise MissingTableError("who shared is in touchpoints or messages.", where=ds.name)
    return ibis.union(*parts) if len(parts) > 1 else parts[0]
