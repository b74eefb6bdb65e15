"""Amounts a hundred times the rest: fen taken for yuan, in whole months or in single rows."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
from scipy import special

from commlab.quality.conditions import examples
from commlab.quality.findings import Finding
from commlab.quality.tolerant import Tolerant

BINS = 20  # a decade of amounts: 12 % wide, fine enough for a median
MONTH_ROWS = 30  # the median of a log-normal with sigma 2 is then good to a quarter of a decade
# A factor of 100 is two decades; medians of 30 rows may miss it by .3.
APART = (1.7, 2.3)
VALLEY = (1.0, 1.6)  # as wide as APART, between the bulk and its hundredfold
TAIL_LEVEL = 1e-6  # looked at for every kind of order of every workspace every week
TAIL_SHARE = 0.3  # above it the median no longer stands in the bulk
WHOLE = 0.99  # fen are whole numbers, and stay so when they are read as yuan


def hundredfold_months(amounts: pd.DataFrame) -> list[int]:
    """Return the months whose median amount is a hundred times that of the others.

    Where the months that stand apart are the cheaper ones, the rest is in fen: the minority is
    returned either way.

    Args:
        amounts: Columns `month` (year × 12 + month − 1), `bin` (20 to a decade of currency
            units), `n`, and `whole` (rows of `n` that are whole currency units).
    """
    medians, whole = {}, {}
    for month, part in amounts.groupby("month", sort=True):
        if part["n"].sum() >= MONTH_ROWS:
            medians[int(str(month))] = _median(part)
            whole[int(str(month))] = part["whole"].sum() / part["n"].sum()
    if len(medians) < 3:
        return []
    usual = float(np.median(list(medians.values())))
    apart = {month: value - usual for month, value in medians.items()}
    high = [m for m, gap in apart.items() if APART[0] <= gap <= APART[1] and whole[m] >= WHOLE]
    if high:
        return high
    rest = [m for m in medians if abs(apart[m]) < APART[0]]
    low = [m for m, gap in apart.items() if -APART[1] <= gap <= -APART[0]]
    return low if low and min((whole[m] for m in rest), default=0) >= WHOLE else []


def hundredfold_tail(amounts: pd.DataFrame) -> float | None:
    """Return the decade above which single rows are a hundred times the rest, else None.

    Any distribution with one peak falls on beyond its peak: as many rows or more lie between
    10 and 40 times the median as between 50 and 200 times. The opposite, in whole numbers only,
    is a second peak at the hundredfold.

    Args:
        amounts: Columns as for `hundredfold_months`.

    Returns:
        log10 of the smallest amount concerned, in currency units.
    """
    if amounts.empty:
        return None
    middle = _median(amounts)
    place = (amounts["bin"] + 0.5) / BINS - middle
    upper = amounts[place.between(*APART)]
    valley = int(amounts.loc[place.between(*VALLEY), "n"].sum())
    high = int(upper["n"].sum())
    beyond = int(amounts.loc[place >= APART[0], "n"].sum())
    if not high or beyond > TAIL_SHARE * amounts["n"].sum():
        return None
    if upper["whole"].sum() < WHOLE * high:
        return None
    # P(X >= high) of a binomial with probability one half, as an incomplete beta function.
    chance = special.betainc(high, valley + 1, 0.5)
    return middle + APART[0] if chance < TAIL_LEVEL else None


def amount_rules(tolerant: Tolerant) -> list[Finding]:
    """Return the orders whose amounts look like fen taken for yuan, by kind of order."""
    ds = tolerant.ds
    if not ds.has("orders") or not {"amount", "paid_at"} <= set(tolerant.present("orders")):
        return []
    known = tolerant.known("orders", "order_id", "paid_at", "amount", "kind")
    kind = known.kind.fill_null("regular") if "kind" in known.columns else ibis.literal("regular")
    known = known.mutate(
        kind_=kind,
        month_=(known.paid_at.year() * 12 + known.paid_at.month() - 1).cast("int64"),
    ).filter(known.amount > 0)
    binned = known.mutate(
        bin_=((known.amount.cast("float64") / 100).log10() * BINS).floor().cast("int64"),
        whole_=(known.amount % 100 == 0).cast("int64"),
    )
    counted = binned.group_by(kind="kind_", month="month_", bin="bin_").agg(
        n=ibis._.count(), whole=ibis._.whole_.sum()
    )
    histogram = ds.frame(counted, order_by=["kind", "month", "bin"])
    total = int(histogram["n"].sum())
    found = []
    for kind_name, part in histogram.groupby("kind", sort=True):
        months = hundredfold_months(part)
        of_kind = binned.filter(binned.kind_ == kind_name)
        if months:
            rows = int(part.loc[part["month"].isin(months), "n"].sum())
            shown = tuple(f"{month // 12}-{month % 12 + 1:02d}" for month in months)
            values = {"when": ", ".join(shown), "factor": 100}
            found.append(
                Finding("orders", "amount", "hundredfold", "warning", rows, rows / total,
                        shown[:3], values)
            )  # fmt: skip
        edge = hundredfold_tail(part[~part["month"].isin(months)])
        if edge is not None:
            single = of_kind.filter(
                of_kind.amount >= 100 * 10**edge, of_kind.month_.notin([*months, -1])
            )
            rows = int(ds.engine.execute(single.count()))
            values = {"when": "", "factor": 100}
            found.append(
                Finding("orders", "amount", "hundredfold", "warning", rows, rows / total,
                        examples(tolerant, "orders", single), values)
            )  # fmt: skip
    return found


def _median(amounts: pd.DataFrame) -> float:
    by_bin = amounts.groupby("bin", sort=True)["n"].sum()
    at = int(np.searchsorted(by_bin.cumsum(), by_bin.sum() / 2))
    return (float(by_bin.index[at]) + 0.5) / BINS
