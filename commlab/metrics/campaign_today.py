"""What is known today of everybody who could be treated next: what a campaign's people had."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from commlab.metrics.outcomes import Outcomes
from commlab.metrics.person_sums import spans_before, sums_in, with_facts

if TYPE_CHECKING:
    from commlab.dataset import Dataset


def campaign_today(ds: Dataset, outcomes: Outcomes) -> pd.DataFrame:
    """Return, as of today, what was known of a campaign's people before it, of all who are there.

    Staff are left out, and so is whose stays in chat groups and friendships with advisers have all
    ended: nothing could be sent to them.

    Args:
        ds: The dataset.
        outcomes: Outcomes of a campaign: the same metrics are used, and a look-back as long as
            orders covered then.

    Returns:
        Frame by member_id: member_id, adviser_id (null where none is known), arm (of the campaign;
        null for who was not in it), `pre_` and each metric, tenure, recency.
    """
    item = outcomes.campaign
    # Where orders began shortly before the campaign, longer sums of today would mean more.
    look_back = outcomes.pre_seen or outcomes.pre_days
    spans = spans_before(ds.end, dt.timedelta(days=item.days), look_back)
    sums, _ = sums_in(ds, spans)
    names = [f"pre_{name}" for name in outcomes.metrics]
    people = _reachable(ds)
    adviser = people.adviser_id if "adviser_id" in people.columns else ibis.null("string")
    people = people.select("member_id", "joined_at", adviser_id=adviser)
    table = people.select("member_id").left_join(
        sums.select("member_id", "last_order", *names), "member_id"
    )
    table = table.drop("member_id_right")
    table = table.mutate(**{name: table[name].fill_null(0.0) for name in names})
    table = with_facts(table, people, ds.end)
    arms = outcomes.table.select("member_id", "arm")
    table = table.left_join(arms, "member_id").drop("member_id_right")
    columns = ["member_id", "adviser_id", "arm", *names, "tenure", "recency"]
    return ds.frame(table.select(columns), ["member_id"])


def _reachable(ds: Dataset) -> ir.Table:
    """Return people with a stay in a group or a friendship that lasts, or of whom neither tells."""
    ends = [
        ds.table(name).select("member_id", over=ds.table(name)[end].notnull())
        for name, end in (("memberships", "left_at"), ("contacts", "deleted_at"))
        if ds.has(name)
    ]
    if not ends:
        return ds.people()
    known = ibis.union(*ends) if len(ends) > 1 else ends[0]
    gone = known.group_by("member_id").agg(over=known.over.all())
    return ds.people().anti_join(gone.filter(gone.over), "member_id")
