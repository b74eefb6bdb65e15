"""Brand effect and brand premium: what surveys say, and how much is sold without a discount."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd
from scipy import stats as distributions

from commlab import guards, stats
from commlab.config import MIN_EVENTS
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.metrics.acquisition import YEAR
from commlab.metrics.buyer_lives import IN, OUT
from commlab.metrics.rates import minimum

if TYPE_CHECKING:
    from commlab.dataset import Dataset

NPS = "nps"
# Reichheld 2003, The One Number You Need to Grow: 9 and 10 promote, 0 to 6 detract.
_PROMOTES, _DETRACTS = 9, 6
MEASURES = ("full_price", "discount")


def survey_waves(
    ds: Dataset, *, level: float = LEVEL, min_people: int | None = None
) -> pd.DataFrame:
    """Return what members and others answer in each wave, weighted, and the difference.

    Means are ratios Σ w·x / Σ w over respondents with their linearised variance; several answers
    of one respondent to one question in a wave are one, their mean. The scores of "nps" are
    promoters less detractors, in points. Differences are corrected for their number
    (Benjamini–Hochberg). Who answers is not drawn at random, whatever the weights.

    Args:
        ds: The dataset, with surveys.
        level: Confidence level.
        min_people: Respondents on either side below which a wave is "too_few".

    Returns:
        Frame sorted by question and wave: question, wave, starts_on (first answer), members_in
        and members_out (respondents), mean_in and mean_out with _low and _high, difference with
        low and high (members less others), p, p_adjusted, flagged, status.

    Raises:
        MissingTableError: There are no surveys.
    """
    answers = ds.table("surveys").anti_join(ds.staff_ids(), "member_id")
    score = answers.score
    nps = ibis.cases((score >= _PROMOTES, 100.0), (score <= _DETRACTS, -100.0), else_=0.0)
    rows = answers.select(
        "respondent_id", "question", "wave", "at",
        side=ibis.ifelse(answers.member_id.notnull(), IN, OUT),
        x=ibis.ifelse(answers.question == NPS, nps, score),
        w=answers.weight.fill_null(1.0),
    )  # fmt: skip
    rows = rows.filter(rows.w > 0, rows.x.notnull())
    keys = ["question", "wave", "side"]
    people = rows.group_by([*keys, "respondent_id"]).agg(x=rows.x.mean(), w=rows.w.mean(),
                                                         at=rows["at"].min())  # fmt: skip
    w, x = people.w, people.x
    sums = people.group_by(keys).agg(
        n=people.count(), w=w.sum(), wx=(w * x).sum(), ww=(w * w).sum(), wwx=(w * w * x).sum(),
        wwxx=(w * w * x * x).sum(), at=people["at"].min(),
    )  # fmt: skip
    frame = ds.frame(sums, keys)
    frame["mean"] = frame["wx"] / frame["w"]
    spread = frame["wwxx"] - 2 * frame["mean"] * frame["wwx"] + frame["mean"] ** 2 * frame["ww"]
    n = frame["n"].astype(float)
    frame["variance"] = spread.clip(lower=0) / frame["w"] ** 2 * n / (n - 1).clip(lower=1)
    return _waves(frame, level, minimum(ds, min_people))


def _waves(frame: pd.DataFrame, level: float, smallest: int) -> pd.DataFrame:
    z = stats.quantile(level)
    keys = ["question", "wave"]
    names = ["n", "mean", "variance", "at"]
    wide = pd.DataFrame(frame.set_index([*keys, "side"])[names].unstack("side"))  # noqa: PD010
    wide = wide.reindex(columns=pd.MultiIndex.from_product([names, [IN, OUT]]))
    starts = pd.DataFrame(wide["at"]).min(axis=1)
    out = pd.DataFrame({"starts_on": pd.to_datetime(starts).dt.normalize()}, index=wide.index)
    errors: dict[str, pd.Series] = {}
    enough = np.ones(len(wide), dtype=bool)
    for side in (IN, OUT):
        out[f"members_{side}"] = wide[("n", side)].astype("Float64").fillna(0).astype("int64")
        enough &= (out[f"members_{side}"] >= smallest).to_numpy()
    for side in (IN, OUT):
        mean = wide[("mean", side)].astype(float).where(enough)
        errors[side] = wide[("variance", side)].astype(float).where(enough) ** 0.5
        out[f"mean_{side}"] = mean
        out[f"mean_{side}_low"] = mean - z * errors[side]
        out[f"mean_{side}_high"] = mean + z * errors[side]
    error = np.hypot(errors[IN], errors[OUT])
    out["difference"] = out[f"mean_{IN}"] - out[f"mean_{OUT}"]
    out["low"], out["high"] = out["difference"] - z * error, out["difference"] + z * error
    with np.errstate(divide="ignore", invalid="ignore"):
        out["p"] = 2 * distributions.norm.sf(np.abs(out["difference"] / error))
    out["p_adjusted"] = stats.benjamini_hochberg(out["p"])
    out["flagged"] = out["p_adjusted"] < 1 - level
    out["status"] = np.where(enough, "ok", "too_few")
    return out.reset_index().sort_values(["question", "starts_on", "wave"], ignore_index=True)


def brand_premium(
    ds: Dataset, days: int = YEAR, *, level: float = LEVEL, min_people: int | None = None
) -> pd.DataFrame:
    """Return how much members and others buy at full price, and how deep discounts go.

    An order is at full price where nothing was taken off its list price. Ratios of sums over
    buyers, so that one buyer's orders may be alike; an order without a buyer is a buyer of its
    own. Trial orders and membership charges are left out: their prices are set, not bargained.

    Args:
        ds: The dataset, with orders that carry list_amount or discount.
        days: Days up to `as_of`: a year holds every season once.
        level: Confidence level.
        min_people: Buyers below which a side is "too_few".

    Returns:
        Frame of four rows: measure ("full_price": share of what was sold by list price that went
        at full price; "discount": what was taken off, over list prices), segment ("in": members,
        "out": all other buyers), buyers, orders, rate, low, high, status.

    Raises:
        NotEnoughDataError: Orders carry neither list price nor discount.
    """
    guards.whole("days", days, low=1)
    orders = ds.table("orders", since=ds.as_of - dt.timedelta(days=days - 1))
    if not ({"list_amount", "discount"} & ds.columns("orders")):
        raise NotEnoughDataError(
            "orders carry neither list_amount nor discount.",
            fix="Add list_amount (price before reductions) or discount to orders.",
        )
    orders = orders.filter(orders.kind == "regular").anti_join(ds.staff_ids(), "member_id")
    list_price = ibis.coalesce(orders.list_amount, orders.amount + orders.discount)
    rows = orders.select(
        buyer=ibis.coalesce(orders.member_id, orders.order_id),
        side=ibis.ifelse(orders.member_id.notnull() & (orders.buyer_status == "member"), IN, OUT),
        x=list_price.cast("float64"),
        off=(list_price - orders.amount).cast("float64"),
    )  # fmt: skip
    rows = rows.filter(rows.x > 0)
    off = ibis.greatest(rows.off, 0.0)
    rows = rows.mutate(discount=off, full_price=ibis.ifelse(off > 0, 0.0, rows.x))
    held = rows.group_by("side", "buyer").agg(
        orders=rows.count(), x=rows.x.sum(), discount=rows.discount.sum(),
        full_price=rows.full_price.sum(), full=(rows.discount <= 0).sum(),
    )  # fmt: skip
    sums = {"xx": (held.x * held.x).sum(), "sx": held.x.sum()}
    for name in MEASURES:
        y = held[name]
        sums |= {
            f"{name}_y": y.sum(),
            f"{name}_yy": (y * y).sum(),
            f"{name}_xy": (held.x * y).sum(),
        }
    frame = ds.frame(
        held.group_by("side").agg(buyers=held.count(), orders=held.orders.sum(),
                                  full=held.full.sum(), **sums), ["side"]
    )  # fmt: skip
    return _premium(frame, level, minimum(ds, min_people))


def _premium(frame: pd.DataFrame, level: float, smallest: int) -> pd.DataFrame:
    parts = []
    for name in MEASURES:
        rate, low, high = stats.ratio_interval(
            frame["buyers"], frame[f"{name}_y"], frame["sx"], frame[f"{name}_yy"], frame["xx"],
            frame[f"{name}_xy"], level=level,
        )  # fmt: skip
        # The delta method needs some orders of either kind.
        kinds = np.minimum(frame["full"], frame["orders"] - frame["full"])
        ok = ((frame["buyers"] >= smallest) & (kinds >= MIN_EVENTS)).to_numpy()
        part = frame[["side", "buyers", "orders"]].rename(columns={"side": "segment"})
        part = part.assign(
            measure=name, rate=rate, low=np.maximum(low, 0), high=np.minimum(high, 1)
        )
        part.loc[~ok, ["rate", "low", "high"]] = np.nan
        parts.append(part.assign(status=np.where(ok, "ok", "too_few")))
    out = pd.concat(parts, ignore_index=True)
    return out[["measure", "segment", "buyers", "orders", "rate", "low", "high", "status"]]
