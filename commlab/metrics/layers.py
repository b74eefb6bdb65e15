"""Layers of members: what each has bought, how long ago, and whether it still takes part.

Every member is in one layer. Lines between layers are drawn once and kept for earlier days, so
that a move between layers is a move of the member and not of the line.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from commlab import guards
from commlab.errors import NotEnoughDataError
from commlab.estimate import Estimate
from commlab.metrics import activity as activities, departures, periods
from commlab.metrics.churn_features import churn_horizon
from commlab.metrics.rfm import occasions

if TYPE_CHECKING:
    from commlab.dataset import Dataset

# Best first; "gone" last: whoever has left can be offered nothing.
LAYERS = ("loyal", "fading", "steady", "lapsed", "quiet", "overdue", "prospect", "silent",
          "unbought", "active", "still", "gone")  # fmt: skip
# What to do for each (requirement A8): a reason to buy for who is heard, content for who is not.
ACTIONS = {
    "loyal": "care", "fading": "call", "steady": "offer", "lapsed": "coupon", "quiet": "content",
    "overdue": "remind", "prospect": "trial", "silent": "content", "unbought": "first",
    "active": "listen", "still": "wake", "gone": "none",
}  # fmt: skip
# Layers put together where moves are counted: of two times ten states most cells are too small
# to be shown, and a move from silence to silence says little.
BROAD = {"lapsed": "overdue", "quiet": "overdue", "prospect": "unbought", "silent": "unbought"}
BROAD_LAYERS = tuple(dict.fromkeys(BROAD.get(layer, layer) for layer in LAYERS))
YEAR = 365  # days over which spending counts: every season once
ALIVE_DAYS = 30  # a sign of life within: a month, as the churn list has it
TOP = 0.2  # of buyers, the share that counts as valuable: the trade's "20 % bring 80 %"
OVERDUE = 90  # days, where too few bought twice for a pace of their own: a quarter
_SIGNS = ("message", "check_in", "click")


@dataclasses.dataclass(frozen=True)
class LayerRules:
    """Where the lines between layers run.

    Attributes:
        overdue_days: More days than this without a purchase are overdue.
        valuable: Net spend of the last 365 days from which a buyer is valuable, in minor units;
            None without orders.
        from_pace: Whether `overdue_days` is the pace of those who came back.
        heard: Whether anything but orders shows who takes part.
    """

    overdue_days: int
    valuable: int | None
    from_pace: bool
    heard: bool


def layer_rules(ds: Dataset, overdue_days: int = 0, top: float = TOP) -> LayerRules:
    """Return the lines between layers as the data draw them at `as_of`.

    Args:
        ds: The dataset.
        overdue_days: Days without a purchase that are overdue; 0: the days within which 85 % of
            those who bought again had done so (`churn_horizon`), or 90 where fewer than 100 did.
        top: Share of the buyers of the last 365 days that is valuable, above 0 up to 1.

    Raises:
        ArgumentError: An argument is out of bounds.
        NotEnoughDataError: Neither orders nor signs of life: everybody would be called silent.
    """
    guards.whole("overdue_days", overdue_days)
    guards.in_range("top", top, low=0, high=1, open_low=True)
    heard = bool(_sources(ds))
    if not ds.has("orders") and not heard:
        raise NotEnoughDataError("nothing shows who buys or takes part.", where=ds.name)
    if not ds.has("orders"):
        return LayerRules(overdue_days or OVERDUE, None, False, heard)
    days, paced = overdue_days, False
    if not days:
        try:
            days, paced = churn_horizon(ds), True
        except NotEnoughDataError:
            days = OVERDUE
    spent = _bought(ds).filter(lambda t: t.spent > 0)
    spent = spent.mutate(place=ibis.row_number().over(order_by=ibis.desc("spent")) + 1,
                         n=spent.count().over())  # fmt: skip
    last = spent.filter(spent.place <= (spent.n * top).ceil())
    line = ds.frame(last.agg(line=last.spent.min()))["line"].iloc[0]
    return LayerRules(days, None if pd.isna(line) else int(line), paced, heard)


@dataclasses.dataclass(frozen=True)
class LayerWords:
    """What a page says about the lines.

    Attributes:
        kind: "how", "how_no_orders" or "how_orders_only".
        pace: "measured" where `overdue_days` is the pace of buyers, else "given".
        line: The line of value, an amount; None without orders.
    """

    kind: str
    pace: str
    line: Estimate | None


def layer_words(ds: Dataset, rules: LayerRules) -> LayerWords:
    """Return what a page says about the lines between layers.

    Args:
        ds: The dataset.
        rules: From `layer_rules`.
    """
    pace = "measured" if rules.from_pace else "given"
    if not ds.has("orders"):
        return LayerWords("how_no_orders", pace, None)
    line = Estimate(value=ds.money(float(rules.valuable or 0)), unit="money", method="a line")
    return LayerWords("how" if rules.heard else "how_orders_only", pace, line)


def member_layers(ds: Dataset, rules: LayerRules) -> ir.Table:
    """Return the layer of each member at `as_of`, as an expression: `member_id`, `layer`, `spent`.

    - "gone": neither in a group nor the friend of an adviser any more (`departures.absences`);
    - bought within `overdue_days`: "loyal" where valuable, else "steady";
    - bought, but longer ago: "fading" where valuable, else "lapsed" where there was a message,
      check-in or click within 30 days and "quiet" where there was none;
    - no purchase known: "prospect" with such a sign, "silent" without;
    - where there are no orders at all: "active" with such a sign, "still" without.

    Where nothing but orders shows who takes part, it is "overdue" and "unbought" instead of these
    pairs. A purchase is a day with positive net spend (`rfm`).

    Args:
        ds: The dataset.
        rules: From `layer_rules`.
    """
    people = ds.people().select("member_id")
    people = _marked(people, _bought(ds) if ds.has("orders") else None, ("last", "spent"))
    people = _marked(people, _signs(ds), ("sign",))
    people = _marked(people, _gone(ds), ("away",))
    day = periods.number_of(ds.as_of, "day")
    rich = (people.spent >= (rules.valuable or 0)) & (people.spent > 0)
    due = people["last"] < day - rules.overdue_days
    sign = people.sign.notnull()

    def told(heard: str, unheard: str, unknown: str) -> ibis.Value:
        # Without anything that shows it, nobody is called silent.
        return ibis.ifelse(sign, heard, unheard) if rules.heard else ibis.literal(unknown)

    nothing = (
        ("prospect", "silent", "unbought") if ds.has("orders") else ("active", "still", "still")
    )  # the last without orders never comes about: `layer_rules` refuses it
    layer = ibis.cases(
        (people.away.notnull(), "gone"),
        (people["last"].isnull(), told(*nothing)),
        (rich.fill_null(False) & ~due, "loyal"),
        (rich.fill_null(False), "fading"),
        (~due, "steady"),
        else_=told("lapsed", "quiet", "overdue"),
    )
    return people.select("member_id", layer=layer, spent=people.spent.fill_null(0))


def _marked(people: ir.Table, found: ir.Table | None, names: tuple[str, ...]) -> ir.Table:
    """Return people with the columns of another table by person; nulls where it has no row."""
    if found is None:
        return people.mutate(**{name: ibis.null("int64") for name in names})
    own = found.select(known="member_id", **{name: found[name] for name in names})
    return people.left_join(own, people.member_id == own.known).drop("known")


def _bought(ds: Dataset) -> ir.Table:
    """Return per buyer: member_id, last (day number), spent (in 365 days, minor units)."""
    days = occasions(ds)
    first = periods.number_of(ds.as_of, "day") - YEAR + 1
    return days.group_by("member_id").agg(
        last=days.day.max(),
        spent=ibis.ifelse(days.day >= first, days.net, 0).sum().cast("int64"),
    )


def signs_since(ds: Dataset) -> dt.date | None:
    """Return the day from which on the data show who takes part; None without any sign.

    An archive of messages is often switched on later than the rest, and before it whoever only
    writes looks silent: messages decide where there are any.

    Args:
        ds: The dataset.
    """
    names = _sources(ds)
    found = [first_day(ds, name) for name in (names[:1] if names[:1] == ("message",) else names)]
    return min((day for day in found if day is not None), default=None)


def first_day(ds: Dataset, activity: str) -> dt.date | None:
    """Return the day of the first activity of a kind; None without any.

    Args:
        ds: The dataset.
        activity: See `activity.events`.
    """
    rows: ir.Table = activities.events(ds, activity)
    first = ds.frame(rows.agg(first=rows["at"].min()))["first"].iloc[0]
    return None if pd.isna(first) else first.date()


def _sources(ds: Dataset) -> tuple[str, ...]:
    tables = {"message": "messages", "check_in": "check_ins", "click": "touchpoints"}
    return tuple(name for name in _SIGNS if ds.has(tables[name]))


def _signs(ds: Dataset) -> ir.Table | None:
    since = ds.as_of - dt.timedelta(days=ALIVE_DAYS - 1)
    parts = [activities.events(ds, name, since) for name in _sources(ds)]
    if not parts:
        return None
    rows = ibis.union(*parts) if len(parts) > 1 else parts[0]
    start = ibis.literal(dt.datetime.combine(since, dt.time()), "timestamp(6)")
    rows = rows.filter(rows["at"] >= start).select("member_id").distinct()
    return rows.mutate(sign=ibis.literal(1, "int64"))


def _gone(ds: Dataset) -> ir.Table | None:
    spells = departures.absences(ds)
    if spells is None:
        return None
    gone = spells.filter(spells.gone_until.isnull()).select("member_id").distinct()
    return gone.mutate(away=ibis.literal(1, "int64"))
