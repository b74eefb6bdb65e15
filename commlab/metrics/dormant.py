"""How many of those who fell silent come back, by how long they had been silent."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from commlab import guards, stats
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.metrics.churn_features import churn_rows

if TYPE_CHECKING:
    from commlab.dataset import Dataset

BANDS = (30, 60, 90, 180, 365)  # days of silence at which operators draw their lines
SPELLS = 3  # horizons looked back, one after the other
EXPOSED = 14  # days before the cutoff in which a message to the person counts
ARMS = ("sent", "not_sent")


def dormant_bands(
    ds: Dataset,
    horizon: int,
    *,
    bands: tuple[int, ...] = BANDS,
    spells: int = SPELLS,
    by_send: bool = False,
) -> pd.DataFrame:
    """Return the rate of coming back within a horizon by band of silence, with and without a send.

    Silence is counted at cutoffs one horizon apart, so no purchase is counted twice. A send counts
    when it reached the person in the fourteen days up to the cutoff, before anything that is
    counted as coming back. Who is written to is chosen by people: this is association.

    Args:
        ds: The dataset, with orders.
        horizon: Days within which somebody comes back.
        bands: Days at which the bands begin; shorter silence is no dormancy.
        spells: At most so many cutoffs.
        by_send: Whether to tell those written to from those not.

    Returns:
        Frame: band ("30–59"), from_day, until (missing in the last), send ("sent", "not_sent";
        only with `by_send`), at_risk (persons and spells), returned, rate, low, high (Wilson,
        spells of one person as one), status.

    Raises:
        NotEnoughDataError: No horizon is over, nobody had been silent, or, with `by_send`, nobody
            had been written to.
        MissingTableError: There are no sends, with `by_send`.
    """
    guards.whole("horizon", horizon, low=1)
    guards.whole("spells", spells, low=1)
    if by_send:
        ds.table("sends")  # says what is missing
    rows = _spells(ds, horizon, bands, spells)
    if by_send and not (rows["send"] == ARMS[0]).any():
        raise NotEnoughDataError(
            "no send reached a silent person.", fix="Fill member_id and sent_at in sends."
        )
    found = []
    for first, after in itertools.pairwise((*bands, None)):
        mine = rows[(rows["days"] >= first) & (rows["days"] < (np.inf if after is None else after))]
        name = f"{first}+" if after is None else f"{first}–{after - 1}"
        last = pd.NA if after is None else after - 1
        for arm in ARMS if by_send else ("",):
            one = mine[mine["send"] == arm] if arm else mine
            found.append((name, first, last, arm, *_rate(ds, one)))
    names = ["band", "from_day", "until", "send", "at_risk", "returned", "rate", "low", "high",
             "status"]  # fmt: skip
    frame = pd.DataFrame(found, columns=names).astype({"until": "Int64"})
    frame.attrs["deff"] = len(rows) / rows["member_id"].nunique()
    return frame if by_send else frame.drop(columns="send")


def returned(bands: pd.DataFrame) -> Estimate:
    """Return the rate of coming back of all who had been silent for longer than the first mark.

    Args:
        bands: What `dormant_bands` returned.
    """
    n, back = int(bands["at_risk"].sum()), int(bands["returned"].sum())
    low, high = stats.wilson(back, n, deff=bands.attrs.get("deff", 1.0))
    return Estimate(
        value=back / n, low=float(low), high=float(high), level=LEVEL, n=n, unit="share",
        method="Wilson",
    )  # fmt: skip


def _rate(ds: Dataset, rows: pd.DataFrame) -> tuple[int, int, float, float, float, str]:
    n, back = len(rows), int(rows["back"].sum())
    if n < ds.settings.min_at_risk:
        return n, back, np.nan, np.nan, np.nan, "too_few"
    low, high = stats.wilson(back, n, deff=n / rows["member_id"].nunique())
    return n, back, back / n, float(low), float(high), "ok"


def _spells(ds: Dataset, horizon: int, bands: tuple[int, ...], spells: int) -> pd.DataFrame:
    parts = []
    for place in range(1, spells + 1):
        cutoff = ds.as_of - dt.timedelta(days=horizon * place)
        try:
            known = churn_rows(ds, cutoff, horizon, most=None)
        except NotEnoughDataError:
            break
        part = known[["member_id"]].assign(days=known["days_since_order"], back=~known["churned"])
        written = _written_to(ds, cutoff)
        part["send"] = np.where(part["member_id"].isin(written), *ARMS)
        parts.append(part[part["days"] >= bands[0]])
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if rows.empty:
        raise NotEnoughDataError(
            f"nobody had been silent for {bands[0]} days, {horizon} days before the end.",
            fix="Use a shorter horizon.",
        )
    return rows


def _written_to(ds: Dataset, cutoff: dt.date) -> pd.Series:
    """Return those whom a message reached in the days up to a cutoff."""
    if not ds.has("sends"):
        return pd.Series(dtype=object)
    sends = ds.at(cutoff).table("sends")
    start = dt.datetime.combine(cutoff - dt.timedelta(days=EXPOSED - 1), dt.time())
    reached = sends.status.isnull() | sends.status.isin(("sent", "delivered"))
    sends = sends.filter(sends.member_id.notnull() & (sends.sent_at >= start) & reached)
    return ds.frame(sends.select("member_id").distinct(), ["member_id"])["member_id"]


def cost_per_return(ds: Dataset, horizon: int, *, bands: tuple[int, ...] = BANDS) -> Estimate:
    """Return what campaigns cost for each silent person they wrote to who came back.

    Campaigns that have a line of costs and whose sends reached silent persons long enough ago.
    A campaign that also wrote to others bears only the part of its sends that went to silent
    ones. Everybody who came back is counted, also those who would have come unasked: this is
    the least that a return can have cost.

    Args:
        ds: The dataset, with orders, sends and costs.
        horizon: Days within which somebody comes back.
        bands: The first is the days from which somebody counts as silent.

    Raises:
        NotEnoughDataError: The costs name no such campaign, or nobody came back.
        MissingTableError: There are no sends or no costs.
    """
    cutoff = ds.as_of - dt.timedelta(days=horizon)
    costs, sends = ds.table("costs"), ds.table("sends")
    spent = costs.filter(costs.campaign_id.notnull()).group_by("campaign_id")
    money = ds.frame(spent.agg(cost=costs.amount.sum())).set_index("campaign_id")["cost"].to_dict()
    end = dt.datetime.combine(cutoff, dt.time()) + dt.timedelta(days=1)
    reached = sends.status.isnull() | sends.status.isin(("sent", "delivered"))
    known = sends.filter(
        reached & sends.member_id.notnull() & (sends.sent_at < end)
        & sends.campaign_id.isin(list(money) or [""])
    ).select("member_id", "campaign_id", day=sends.sent_at.date())  # fmt: skip
    wrote = ds.frame(known.distinct(), ["campaign_id", "day", "member_id"])
    share, silent, back = 0.0, 0, 0
    for (campaign, day), part in wrote.groupby(["campaign_id", "day"]):
        rows = churn_rows(ds, pd.Timestamp(str(day)).date(), horizon, most=None)
        mine = rows[rows["member_id"].isin(part["member_id"])]
        mine = mine[mine["days_since_order"] >= bands[0]]
        everybody = int((wrote["campaign_id"] == campaign).sum())
        share += float(money[str(campaign)]) * len(mine) / everybody
        silent, back = silent + len(mine), back + int((~mine["churned"]).sum())
    if back < 5 or silent < ds.settings.min_at_risk:
        raise NotEnoughDataError(
            f"costs name campaigns that reached {silent:,} silent people, of whom {back:,} came "
            f"back: must be {ds.settings.min_at_risk} and 5.",
            fix="Fill campaign_id in sends and costs.",
        )
    low, high = stats.wilson(back, silent)
    each = ds.money(share) / silent
    return Estimate(
        value=each / (back / silent), low=each / float(high), high=each / float(low), n=back,
        unit="money", method="cost over Wilson rate",
    )  # fmt: skip
