"""What each person assigned to a campaign did in its days, before them, and after them.

One pass over orders makes a table with a row a person, from which all readouts take their sums
in the engine. Nobody is left out because they did nothing: intention to treat.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from commlab import guards
from commlab.errors import ArgumentError
from commlab.metrics.campaign_arms import assigned, control_of, planned_shares
from commlab.metrics.campaigns import Campaign, campaign
from commlab.metrics.person_sums import spans_before, sums_in, with_facts

if TYPE_CHECKING:
    from commlab.dataset import Dataset

PRE_DAYS = 90  # the look-back of member value: a quarter holds the usual repurchase cycle
METRICS = ("orders", "buyers", "revenue", "margin", "visitors")
UNTOUCHED = "untouched"  # orders that the campaign cannot touch: a negative control
UNITS = {"orders": "orders", "buyers": "share", "revenue": "money", "margin": "money",
         "visitors": "share", "order_value": "money", UNTOUCHED: "orders"}  # fmt: skip
# Ratios of two metrics, each summed over people first: numerator, denominator.
RATIOS = {"order_value": ("revenue", "orders")}
# `pre`: before the campaign. `placebo`: as long as it, right before. `earlier`: before that.
# `month`: what the trade holds a campaign against.
SPANS = ("", "pre_", "placebo_", "earlier_", "after_", "month_")
MONTH_DAYS = 30


@dataclasses.dataclass(frozen=True)
class Outcomes:
    """One row a person assigned to one campaign, on the engine.

    Attributes:
        campaign: The campaign.
        table: `member_id`, `arm`, `unit` (what was chosen as one), `home` (chat group at the
            start; null where none is known), `participated` (0, 1), `size`
            (1), and per span and metric a float64 column: "" (its days), "pre_" (90 days before),
            "placebo_" (as many days as it lasted, right before), "earlier_" (90 days before
            those), "after_" (as many days after it), "month_" (30 days before). Money in
            currency units. `tenure` (days
            since joining, null where unknown) and `recency` (days since the last order before
            it, null where none).
        metrics: Metrics that the tables hold, of `METRICS`.
        arms: Arms that got something, sorted.
        control: Arm that got nothing.
        pre_days: Days of "pre_".
        pre_seen: Days of it that the orders cover.
        after_seen: Days of "after_" that are over.
        segments: Names of segment columns that `table` carries too.
        planned: Arm → share that it was to have; None where that was not recorded.
        negative_control: Whether `table` holds "untouched" and "placebo_untouched": orders of
            goods that the campaign cannot touch.
    """

    campaign: Campaign
    table: ir.Table
    metrics: tuple[str, ...]
    arms: tuple[str, ...]
    control: str
    pre_days: int
    pre_seen: int
    after_seen: int
    segments: tuple[str, ...] = ()
    planned: Mapping[str, float] | None = None
    negative_control: bool = False

    @property
    def clustered(self) -> bool:
        """Whether units hold several people."""
        return self.campaign.design != "randomised"

    def frame(self, columns: list[str] | None = None) -> pd.DataFrame:
        """Return rows to learn from, by member_id; default all columns."""
        chosen = self.table if columns is None else self.table.select(columns)
        return chosen.order_by("member_id").to_pandas()


def campaign_outcomes(
    ds: Dataset,
    campaign_id: str,
    *,
    window_days: int | None = None,
    pre_days: int = PRE_DAYS,
    segments: tuple[str, ...] = (),
    untouched: str = "",
) -> Outcomes:
    """Return what everybody assigned to a campaign did.

    Orders count by the day they were paid, refunds (as known at `as_of`) with their order;
    nothing after `as_of` is read, and a campaign that still runs is read as far as it has come.

    Args:
        ds: The dataset, with campaigns, assignments and orders.
        campaign_id: The campaign.
        window_days: Days from the start in which outcomes count; default the campaign's dates.
        pre_days: Days before it whose orders predict those in it.
        segments: Columns of `members` to keep for segments chosen before looking.
        untouched: Category of goods that the campaign cannot touch, see `order_items`: orders of
            it become the negative control.

    Raises:
        ArgumentError: There is no such campaign, or `segments` names no column of members.
        DesignError: The assignments contradict the design, there is no control arm, or nobody was
            assigned.
        MissingTableError: A table is missing.

    Example:
        >>> import commlab as cl
        >>> ds = cl.open_dataset("data_samples")  # doctest: +SKIP
        >>> cl.metrics.campaign_outcomes(ds, "c01").arms  # doctest: +SKIP
        ('treated',)
    """
    guards.whole("pre_days", pre_days, low=1)
    item = campaign(ds, campaign_id, window_days)
    people = assigned(ds, item)
    length, day = dt.timedelta(days=item.days), dt.timedelta(days=1)
    moment = dt.timedelta(microseconds=1)
    spans = {
        "": (item.starts_at, item.end_seen + moment),
        **spans_before(item.before, length, pre_days),
        "placebo_": (item.before - length, item.before),
        "month_": (item.before - dt.timedelta(days=MONTH_DAYS), item.before),
        "after_": (item.ends_at + moment, min(item.ends_at + length + moment, ds.end)),
    }
    sums, names = sums_in(ds, spans)
    metrics = tuple(name for name in METRICS if name in names)
    if untouched:
        sums = _with_untouched(ds, sums, spans, untouched)
    table = people.left_join(sums, "member_id").drop("member_id_right")
    table = table.mutate(
        size=ibis.literal(1.0),
        **{span + name: table[span + name].fill_null(0.0) for span in SPANS for name in metrics},
    )
    if untouched:
        names = (UNTOUCHED, f"placebo_{UNTOUCHED}")
        table = table.mutate(**{name: table[name].fill_null(0.0) for name in names})
    table = _facts(ds, item, table, segments)
    # Every readout asks this table again; kept on the engine, orders are read once.
    table = table if ds.engine.borrowed else table.cache()
    arms = set(ds.frame(table.select("arm").distinct(), ["arm"])["arm"].astype(str))
    control = control_of(item, arms)
    return Outcomes(
        campaign=item,
        table=table,
        metrics=metrics,
        arms=tuple(sorted(arms - {control})),
        control=control,
        pre_days=pre_days,
        pre_seen=_seen(ds, item, pre_days),
        after_seen=max(0, int((spans["after_"][1] - spans["after_"][0]) / day + 1e-6)),
        segments=segments,
        planned=planned_shares(ds, item, control),
        negative_control=bool(untouched),
    )


def _with_untouched(
    ds: Dataset, sums: ir.Table, spans: dict[str, tuple[dt.datetime, dt.datetime]], category: str
) -> ir.Table:
    items = ds.table("order_items")
    chosen = items.filter(items.category == category).select("order_id").distinct()
    if not int(ds.frame(chosen.agg(n=chosen.count()))["n"].iloc[0]):
        raise ArgumentError(
            f"untouched == {category!r}, no order holds goods of this category.",
            fix="Name a category as it stands in order_items.",
        )
    orders = ds.table("orders").semi_join(chosen, "order_id")
    orders = orders.filter(orders.member_id.notnull())
    found = orders.group_by("member_id").agg(**{
        f"{span}{UNTOUCHED}": ((orders.paid_at >= spans[span][0])
                               & (orders.paid_at < spans[span][1])).sum().cast("float64")
        for span in ("", "placebo_")
    })  # fmt: skip
    # Whoever bought such goods has a row in the sums of orders already.
    return sums.left_join(found, "member_id").drop("member_id_right")


def _facts(ds: Dataset, item: Campaign, table: ir.Table, segments: tuple[str, ...]) -> ir.Table:
    people = ds.people()
    known = [name for name in people.columns if name not in ("member_id", "joined_at", "nickname")]
    for name in segments:
        if name not in known:
            raise ArgumentError(
                f"segments == {segments!r}, members have no column {name!r}.",
                fix=f"Choose of: {', '.join(known)}.",
            )
    return with_facts(table, people.select("member_id", "joined_at", *segments), item.before)


def _seen(ds: Dataset, item: Campaign, pre_days: int) -> int:
    first = ds.frame(ds.table("orders").agg(first=ds.table("orders").paid_at.min()))["first"].iloc[
        0
    ]
    if pd.isna(first):
        return 0
    covered = (item.before - pd.Timestamp(first).to_pydatetime()) / dt.timedelta(days=1)
    return int(max(0, min(pre_days, -(-covered // 1))))
