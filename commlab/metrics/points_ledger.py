"""The points ledger: what was earned, spent and has lapsed, and what the brand still owes.

Points are used up first in, first out, and lapse at the moment that each lot states. For members
whose lots lapse in the order in which they were earned, what is gone has a closed form: after the
spendings s₁ … s_k it is S_k + max(0, max_j (E(t_j) − S_{j−1})), E(t) being what was earned in lots
that had lapsed by t and S the sum of spendings. So the engine counts it with a running maximum.
The few others are walked row by row.
"""

from __future__ import annotations

import dataclasses
import math
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from commlab import stats
from commlab.config import MIN_AT_RISK
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.metrics.points_walk import outstanding_by_walk

if TYPE_CHECKING:
    from commlab.dataset import Dataset

OPENING, EXPIRED = "opening", "expired"  # reasons with a meaning of their own


@dataclasses.dataclass(frozen=True)
class Liability:
    """What the points that members hold would cost.

    Attributes:
        points: Points outstanding.
        money: Their worth in currency units, exact to the fen.
        holders: Members who hold any.
    """

    points: int
    money: Decimal
    holders: int

    def estimate(self) -> Estimate:
        """Return the money as a figure: a full count, so without an interval."""
        return Estimate.count(float(self.money), unit="money", n=self.holders)


def points_by_reason(ds: Dataset) -> pd.DataFrame:
    """Return the ledger summed by reason.

    Args:
        ds: The dataset, with points.

    Returns:
        Frame, most earned first, most spent last: reason, entries, people, points (sum),
        per_entry (points), cost (of all, currency units; missing without money per point).

    Raises:
        MissingTableError: No points.
    """
    rows = _rows(ds)
    sums = rows.group_by("reason").agg(
        entries=rows.count(), people=rows.member_id.nunique(), points=rows.delta.sum()
    )
    frame = ds.frame(sums, ["reason"])
    frame["per_entry"] = frame["points"] / frame["entries"]
    value = ds.settings.point_value
    frame["cost"] = np.nan if value is None else frame["points"] * value
    return frame.sort_values(["points", "reason"], ascending=[False, True]).reset_index(drop=True)


def points_held(ds: Dataset) -> pd.DataFrame:
    """Return what each member earned, spent, let lapse and still holds at the end of `as_of`.

    Lots lapse when `expires_at` is reached. A ledger that states when lots lapse is taken at its
    word: entries with the reason "expired" are its bookkeeping, and are not taken off a second
    time. Where no lot says when it lapses, they are what lapsed.

    Args:
        ds: The dataset, with points.

    Returns:
        Frame sorted by member_id: member_id, earned, spent, lapsed, held (earned less spent less
        lapsed; below 0 where the ledger spends what it never gave), due (earned in lots whose end
        is past), booked (in entries "expired").

    Raises:
        MissingTableError: No points.
    """
    rows = _rows(ds)
    stated = bool(ds.frame(rows.agg(n=rows.expires_at.count()))["n"].iloc[0])
    entries = rows.select(
        "member_id",
        "at",
        "expires_at",
        earned=ibis.ifelse(rows.delta > 0, rows.delta, 0),
        spent=ibis.ifelse((rows.delta < 0) & ~((rows.reason == EXPIRED) & ibis.literal(stated)),
                          -rows.delta, 0),
        booked=ibis.ifelse(rows.reason == EXPIRED, -rows.delta, 0),
    )  # fmt: skip
    frame = ds.frame(_closed_form(ds, entries), ["member_id"])
    odd = frame.pop("disordered").astype(bool)
    if odd.any():
        own = entries.semi_join(_disordered(entries), "member_id")
        walked = outstanding_by_walk(ds.frame(own, ["member_id", "at", "expires_at"]), ds.end)
        frame.loc[odd, "held"] = frame.loc[odd, "member_id"].map(walked)
    frame["lapsed"] = frame["earned"] - frame["spent"] - frame["held"]
    if not stated:  # what was booked as lapsed stands among the spendings
        frame["lapsed"] = frame["booked"]
        frame["spent"] -= frame["booked"]
    whole = ["earned", "spent", "lapsed", "held", "due", "booked"]
    return frame.astype(dict.fromkeys(whole, "int64"))[["member_id", *whole]]


def points_liability(ds: Dataset, held: pd.DataFrame) -> Liability:
    """Return what the outstanding points are worth, exact to the fen.

    Args:
        ds: The dataset, with points; its settings say what a point is worth.
        held: From `points_held`.

    Raises:
        NotEnoughDataError: No entries; no money per point in the settings; or opening balances
            are missing: somebody spends what the ledger never gave, or members were there before
            the ledger began and it has no entries with the reason "opening".
    """
    value = ds.settings.point_value
    if value is None:
        raise NotEnoughDataError(
            "what a point is worth is not stated.",
            where=ds.name,
            fix="Add point_value = 0.01 (money per point, your own) to commlab.toml.",
        )
    if held.empty:
        raise NotEnoughDataError("the ledger has no entries.", where=ds.name)
    short = held[held["held"] < 0]
    if len(short):
        raise NotEnoughDataError(
            f"{len(short)} members spend {-int(short['held'].sum())} points that the ledger never "
            "gave them: opening balances are missing.",
            where=ds.name,
            fix="Add a row with the reason 'opening' for each member, dated when it begins.",
        )
    early = _before_the_ledger(ds)
    if early:
        raise NotEnoughDataError(
            f"{early} members were there before the ledger began: opening balances are missing.",
            where=ds.name,
            fix="Add rows with the reason 'opening'; one of 0 points says that nobody held any.",
        )
    points = int(held["held"].sum())
    money = (Decimal(points) * Decimal(str(value))).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return Liability(points, money, int((held["held"] > 0).sum()))


def breakage(
    held: pd.DataFrame, *, level: float = LEVEL, min_people: int = MIN_AT_RISK
) -> Estimate:
    """Return the share of points that lapsed, of those whose end is past (units: members).

    Args:
        held: From `points_held`.
        level: Confidence level.
        min_people: Fewer members with such points are "too few".
    """
    rows = held[held["due"] > 0]
    if rows.empty:
        return Estimate.refused("no lot has reached its end", unit="share")
    if len(rows) < min_people:
        return Estimate.too_few(len(rows), unit="share", minimum=min_people)
    y, x = rows["lapsed"].astype(float), rows["due"].astype(float)
    value, low, high = stats.ratio_interval(len(rows), y.sum(), x.sum(), (y * y).sum(),
                                            (x * x).sum(), (x * y).sum(), level=level)  # fmt: skip
    return Estimate(value=float(value), low=max(float(low), 0.0), high=min(float(high), 1.0),
                    level=level, n=len(rows), unit="share", method="delta")  # fmt: skip


def _rows(ds: Dataset) -> ir.Table:
    rows = ds.table("points")
    rows = rows.filter(rows.member_id.notnull(), rows.delta.notnull(), rows["at"].notnull())
    return rows.anti_join(ds.staff_ids(), "member_id")


def _before_the_ledger(ds: Dataset) -> int:
    """Return how many members joined before the first day of a ledger without opening rows."""
    rows = _rows(ds)
    told = ds.frame(rows.agg(first=rows["at"].min(), opened=(rows.reason == OPENING).sum()))
    first, opened = told["first"].iloc[0], told["opened"].iloc[0]
    if pd.isna(first) or int(opened or 0) or not ds.has("members"):
        return 0
    day = pd.Timestamp(first).normalize().to_pydatetime()
    people = ds.people()
    earlier = people.filter(people.joined_at < ibis.literal(day, "timestamp(6)"))
    return int(ds.frame(earlier.agg(n=earlier.count()))["n"].iloc[0])


def _lots(entries: ir.Table) -> ir.Table:
    """Return what was earned by member, moment and end (null: never)."""
    lots = entries.filter(entries.earned > 0)
    return lots.group_by("member_id", "at", "expires_at").agg(earned=lots.earned.sum())


def _disordered(entries: ir.Table) -> ir.Table:
    """Return the members with a lot that lapses before one that was earned earlier."""
    lots = _lots(entries)
    never = ibis.literal(math.inf)
    ends = lots.expires_at.epoch_seconds().cast("float64").fill_null(never)
    lots = lots.mutate(end=ends)
    order = ibis.window(group_by="member_id", order_by=[lots["at"], lots.end])
    lots = lots.mutate(earlier=lots.end.lag().over(order))
    # An end at or before the earning is no lot that can be spent.
    odd = (lots.earlier > lots.end).fill_null(False) | (lots.expires_at <= lots["at"]).fill_null(
        False
    )
    return lots.filter(odd).select("member_id").distinct()


def _closed_form(ds: Dataset, entries: ir.Table) -> ir.Table:
    """Return by member earned, spent, held, due, booked and whether the form does not hold."""
    lots = _lots(entries)
    over = lots.expires_at < ibis.literal(ds.end, "timestamp(6)")
    lapses = lots.filter(over).select("member_id", at="expires_at", lapse="earned", paid=_zero())
    spent = entries.filter(entries.spent > 0)
    pays = spent.select("member_id", "at", lapse=_zero(), paid="spent")
    events = ibis.union(lapses, pays)
    events = events.group_by("member_id", "at").agg(
        lapse=events.lapse.sum(), paid=events.paid.sum()
    )
    # At one moment lots lapse before anything is spent.
    upto = ibis.window(group_by="member_id", order_by="at", preceding=None, following=0)
    events = events.mutate(
        lapsed=events.lapse.sum().over(upto), before=events.paid.sum().over(upto) - events.paid
    )
    gone = events.group_by("member_id").agg(beyond=(events.lapsed - events.before).max())
    sums = entries.group_by("member_id").agg(
        earned=entries.earned.sum(), spent=entries.spent.sum(), booked=entries.booked.sum(),
        due=ibis.ifelse(entries.expires_at < ibis.literal(ds.end, "timestamp(6)"),
                        entries.earned, 0).sum(),
    )  # fmt: skip
    table = sums.left_join(gone, "member_id").drop("member_id_right")
    odd = _disordered(entries).mutate(disordered=ibis.literal(True))
    table = table.left_join(odd, "member_id").drop("member_id_right")
    lapsed = ibis.greatest(table.beyond.fill_null(0), 0)
    return table.mutate(
        held=table.earned - table.spent - lapsed, disordered=table.disordered.fill_null(False)
    ).drop("beyond")


def _zero() -> ir.Value:
    return ibis.literal(0, "int64")
