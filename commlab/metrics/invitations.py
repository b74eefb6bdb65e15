"""Whether invitations wear out: who comes after the first, the second, the third (B9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from commlab import guards, stats
from commlab.errors import MissingTableError, NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.metrics import steps as ways
from commlab.metrics.clustered import cluster_sums, clustered_rates, flag
from commlab.metrics.rates import minimum

if TYPE_CHECKING:
    from commlab.dataset import Dataset

WINDOW = 7  # days in which somebody comes because of an invitation: that of the funnel
BANDS = ("0", "1", "2", "3+")  # earlier invitations
EVENTS = ("joined_group", "deleted")


def invitation_saturation(
    ds: Dataset,
    *,
    window_days: int = WINDOW,
    level: float = LEVEL,
    min_at_risk: int | None = None,
) -> pd.DataFrame:
    """Return how many join a group after an invitation, by how many they had had before.

    An invitation counts of whoever is in no group yet, from then on until the next one or for
    `window_days`, and only where that time is over. Beside it who deletes an adviser in that
    time, of those who had one at the invitation. Later invitations go to those who declined
    earlier ones: part of the fall is that the willing have come already, not that invitations
    wear out.

    Args:
        ds: The dataset, with touchpoints of the event "invited".
        window_days: Days in which what follows counts.
        level: Confidence level.
        min_at_risk: Invitations below which a rate is "too few"; default from the settings.

    Returns:
        Frame by event ("joined_group", "deleted"; those for which there are tables) and label
        ("0", "1", "2", "3+" earlier invitations): event, label, at_risk (invitations), took,
        rate with low and high (Wilson; those whom one adviser serves, else those of one member,
        are a cluster), deff, difference (from the first invitation), p_adjusted
        (Benjamini–Hochberg), flagged, status.

    Raises:
        MissingTableError: No touchpoints, or nothing shows who joined a group.
        NotEnoughDataError: No invitation is recorded.
    """
    guards.whole("window_days", window_days, low=1)
    smallest = minimum(ds, min_at_risk)
    if not ds.has("touchpoints"):
        raise MissingTableError("invitations are in touchpoints (event invited).", where=ds.name)
    calls = _calls(ds, window_days)
    parts = []
    for event in EVENTS:
        happened = _happened(ds, event)
        if happened is not None:
            could = _friends(ds, calls) if event == "deleted" else calls
            parts.append(ds.frame(_counted(could, happened), ["label"]).assign(event=event))
    frame = pd.concat(parts, ignore_index=True)
    if not frame["x"].sum():
        raise NotEnoughDataError("no invitation is recorded in touchpoints.", where=ds.name)
    frame = pd.concat([frame, clustered_rates(frame, level=level)], axis=1)
    frame["at_risk"], frame["took"] = frame["x"].astype("int64"), frame["y"].astype("int64")
    enough = (frame["at_risk"] >= smallest).to_numpy() & frame["rate"].notna().to_numpy()
    for name in ("rate", "low", "high", "deff"):
        frame[name] = frame[name].where(enough)
    first = frame[frame["label"] == BANDS[0]].set_index("event")
    usual = {name: frame["event"].map(first[name]) for name in ("took", "at_risk", "rate", "deff")}
    widest = np.maximum(frame["deff"], usual["deff"])
    p = stats.two_proportion_p(frame["took"], frame["at_risk"], usual["took"], usual["at_risk"],
                               deff=widest)  # fmt: skip
    compared = enough & (frame["label"] != BANDS[0]).to_numpy() & usual["rate"].notna().to_numpy()
    frame["difference"] = (frame["rate"] - usual["rate"]).where(compared)
    frame["p_adjusted"] = stats.benjamini_hochberg(np.where(compared, p, np.nan))
    frame["flagged"] = (frame["p_adjusted"] < 1 - level).to_numpy(dtype=bool)
    frame["status"] = np.where(enough, "ok", "too_few")
    return frame[["event", "label", "at_risk", "took", "rate", "low", "high", "deff", "difference",
                  "p_adjusted", "flagged", "status"]]  # fmt: skip


def _calls(ds: Dataset, days: int) -> ir.Table:
    """Return the invitations of those in no group yet: member_id, unit, label, begin, end."""
    touches = ds.table("touchpoints")
    rows = touches.filter(touches.event == "invited").semi_join(ds.people(), "member_id")
    rows = rows.select("member_id", begin="at").distinct()
    joins = ways.step_events(ds, "joined_group")
    first = joins.group_by("member_id").agg(joined=joins["at"].min())
    rows = rows.left_join(first, "member_id").drop("member_id_right")
    rows = rows.filter(rows.joined.isnull() | (rows.begin <= rows.joined))
    own = ibis.window(group_by="member_id", order_by="begin")
    rows = rows.mutate(
        earlier=ibis.row_number().over(own),  # from 0
        following=rows.begin.lead().over(own),
    )
    over = rows.begin + ibis.interval(days=days)
    end = ibis.ifelse(rows.following.notnull() & (rows.following < over), rows.following, over)
    rows = rows.mutate(end=end)
    rows = rows.filter(rows.end <= ibis.literal(ds.end, "timestamp(6)"))
    label = ibis.ifelse(rows.earlier >= 3, BANDS[-1], rows.earlier.cast("string"))
    rows = rows.mutate(label=label)
    rows = rows.inner_join(ways.served(ds), "member_id")
    return rows.select("member_id", "unit", "label", "begin", "end")


def _happened(ds: Dataset, event: str) -> ir.Table | None:
    """Return when it happened to members: member_id, at; None where nothing tells."""
    if event == "joined_group":
        return ways.step_events(ds, event).select("member_id", "at")
    if not ds.has("contacts"):
        return None
    friends = ds.table("contacts")
    gone = friends.filter(
        friends.deleted_at.notnull(), friends.deleted_by.fill_null("customer") == "customer"
    )
    return gone.select("member_id", at="deleted_at")


def _friends(ds: Dataset, calls: ir.Table) -> ir.Table:
    """Return the invitations of those who had an adviser then: nobody else can delete one."""
    friends = ds.table("contacts").select("member_id", "added_at", "deleted_at")
    had = calls.inner_join(friends, "member_id")
    had = had.filter(had.added_at <= had.begin,
                     had.deleted_at.isnull() | (had.deleted_at >= had.begin))  # fmt: skip
    return had.select("member_id", "unit", "label", "begin", "end").distinct()


def _counted(calls: ir.Table, happened: ir.Table) -> ir.Table:
    """Return sums by label: invitations, and those that it followed."""
    both = calls.left_join(happened, "member_id").drop("member_id_right")
    # What happens at the moment of the next invitation is still that of this one's time.
    inside = flag((both["at"] >= both.begin) & (both["at"] < both.end))
    keys = ["member_id", "unit", "label", "begin"]
    each = both.mutate(inside=inside).group_by(keys).agg(y=lambda t: t.inside.max())
    each = each.mutate(x=ibis.literal(1, "int64"))
    return cluster_sums(each, ["label"], "unit", "y", "x")
