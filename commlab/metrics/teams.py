"""Team buying: how many teams are opened and completed, and how many buyers are new."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from commlab import stats
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL

if TYPE_CHECKING:
    from commlab.dataset import Dataset


def team_buying(ds: Dataset, *, level: float = LEVEL) -> pd.DataFrame:
    """Return teams that bought together by campaign: opened, completed, and how many are new.

    A team is opened by its first paid order and completed by an order of a second person; teams
    of which nothing was paid are not in the orders.

    Args:
        ds: The dataset, with orders that name teams.
        level: Confidence level.

    Returns:
        Frame by campaign: campaign ("" where the order names none), teams, completed, rate (of
        teams) with low and high (Wilson), buyers, newcomers (buyers whose first order it was),
        share (newcomers of buyers).

    Raises:
        MissingTableError: No orders.
        NotEnoughDataError: No order names a team.
    """
    orders = ds.table("orders")
    known = orders.filter(orders.member_id.notnull())
    first = known.group_by("member_id").agg(first=known.paid_at.min())
    rows = known.filter(known.team_id.notnull()).inner_join(first, "member_id")
    rows = rows.mutate(campaign=rows.campaign_id.fill_null(""),
                       new=(rows.paid_at == rows["first"]).cast("int64"))  # fmt: skip
    each = rows.group_by("campaign", "team_id").agg(people=rows.member_id.nunique())
    teams = each.group_by("campaign").agg(teams=each.count(), completed=(each.people >= 2).sum())
    own = rows.group_by("campaign", "member_id").agg(new=rows.new.max())
    people = own.group_by("campaign").agg(buyers=own.count(), newcomers=own.new.sum())
    found = teams.inner_join(people, "campaign")
    frame = ds.frame(found, ["campaign"])
    if frame.empty:
        raise NotEnoughDataError("no order names a team.", where=ds.name)
    low, high = stats.wilson(frame["completed"], frame["teams"], level=level)
    frame = frame.assign(rate=frame["completed"] / frame["teams"], low=low, high=high,
                         share=frame["newcomers"] / frame["buyers"])  # fmt: skip
    return frame[["campaign", "teams", "completed", "rate", "low", "high", "buyers", "newcomers",
                  "share"]]  # fmt: skip
