"""Growth accounting: where the active members of a period come from, and where the others go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from commlab import guards
from commlab.metrics import activity as activities, cohorts, departures, periods

if TYPE_CHECKING:
    from commlab.dataset import Dataset

ARRIVING = ("new", "retained", "resurrected", "activated_late")
STATES = (*ARRIVING, "dormant", "left")
_NEVER = 2**31  # number of a period that no calendar reaches


def lifecycle(
    ds: Dataset,
    unit: str = "month",
    activity: str = "any",
    anchor: str = "joined",
) -> pd.DataFrame:
    """Return, per period, how many members are active and how they came to be.

    The accounts close: active(t) = active(t−1) + new + activated_late + resurrected − dormant
    − left, and active = new + retained + resurrected + activated_late.

    Args:
        ds: The dataset.
        unit: "month" or "week".
        activity: See `retention`.
        anchor: See `retention`; what a member did before the anchor does not count.

    Returns:
        One row per period from the first anchor to `as_of`, in order:

        - `period` (first day), `members` (anchored by the end of the period; nobody leaves it);
        - `active`; of them `new` (anchored in the period), `retained` (active in the period
          before too), `resurrected` (not active in the period before, but earlier),
          `activated_late` (anchored earlier, active for the first time);
        - of those active in the period before and not now: `left` (by the end of the period
          neither in a group nor a friend of an adviser: `departures.absences`; migration and
          closing of a group are not leaving) and `dormant` (all others, so everybody where there
          are neither memberships nor contacts);
        - `created_inactive` (anchored in the period, not active in it);
        - `status`: "ok"; "open" (not over at `as_of`); "before_data" (not covered by the data of
          the activity, or the first that is covered while members are older than the data: what
          they did before is not known); "after_data" (the data of the activity ended before it
          did, see `activity.covered`). Counts other than `members` are missing unless the
          status is "ok", but for `active` in that first covered period.

        Shortly after data begin in the middle of a community's life, some "activated_late" are
        members who were active before anyone could see it.

    Raises:
        ArgumentError: An argument is outside what is listed.
        MissingTableError: The workspace lacks a table that the anchor or activity needs.
    """
    guards.one_of("unit", unit, cohorts.UNITS)
    guards.one_of("anchor", anchor, cohorts.ANCHORS)
    people = cohorts.members(ds, anchor)
    people = people.mutate(cohort=periods.number(people.anchor, unit, ds.settings.week_start))
    rows = _active(ds, people, unit, activity)
    arrived = rows.select(
        "period",
        state=ibis.cases(
            (rows.period == rows.cohort, "new"),
            (rows.before.isnull(), "activated_late"),
            (rows.before == rows.period - 1, "retained"),
            else_="resurrected",
        ),
    )
    joined = people.select(period="cohort", state=ibis.literal("joined"))
    lost = _lost(ds, rows, unit).select("period", "state")
    states = ibis.union(arrived, lost, joined)
    counts = states.group_by("period", "state").agg(people=states.count())
    return _table(ds, ds.frame(counts, ["period", "state"]), unit, activity)


def dormant(
    ds: Dataset, period: int, unit: str = "month", activity: str = "any", anchor: str = "joined"
) -> ir.Table:
    """Return `member_id` of those whom `lifecycle` counts as dormant in one period.

    Args:
        ds: The dataset.
        period: Number of the period, see `periods.number_of`.
        unit: See `lifecycle`.
        activity: See `lifecycle`.
        anchor: See `lifecycle`.
    """
    people = cohorts.members(ds, anchor)
    people = people.mutate(cohort=periods.number(people.anchor, unit, ds.settings.week_start))
    lost = _lost(ds, _active(ds, people, unit, activity), unit)
    return lost.filter((lost.period == period) & (lost.state == "dormant")).select("member_id")


def _active(ds: Dataset, people: ir.Table, unit: str, activity: str) -> ir.Table:
    """Return each member's active periods, with those before and after in `before`, `after`."""
    rows = activities.by_period(ds, activity, unit).inner_join(people, "member_id")
    rows = rows.filter(rows["last"] >= rows.anchor).select("member_id", "period", "cohort")
    own = ibis.window(group_by="member_id", order_by="period")
    return rows.mutate(before=rows.period.lag().over(own), after=rows.period.lead().over(own))


def _lost(ds: Dataset, rows: ir.Table, unit: str) -> ir.Table:
    """Return `member_id`, `period`, `state` of those active before `period` and not in it."""
    lost = rows.filter(rows.after.isnull() | (rows.after > rows.period + 1))
    lost = lost.select("member_id", period=lost.period + 1)
    gone = departures.absences(ds)
    if gone is None:
        return lost.mutate(state=ibis.literal("dormant"))
    week_start = ds.settings.week_start
    gone = gone.select(
        leaver="member_id",
        since=periods.number(gone.gone_from, unit, week_start),
        # Plain comparisons only: with an "or" DuckDB compares every pair of rows.
        until=periods.number(gone.gone_until, unit, week_start).fill_null(_NEVER),
    )
    inside = [
        lost.member_id == gone.leaver,
        gone.since <= lost.period,
        gone.until > lost.period,
    ]
    marked = lost.left_join(gone, inside)
    state = ibis.ifelse(marked.leaver.notnull(), "left", "dormant")
    return marked.select("member_id", "period", state=state)


def _table(ds: Dataset, counts: pd.DataFrame, unit: str, activity: str) -> pd.DataFrame:
    week_start = ds.settings.week_start
    names = ["period", "members", "active", *STATES, "created_inactive", "status"]
    if counts.empty:
        return pd.DataFrame(columns=names)
    wide = counts.pivot_table(
        index="period", columns="state", values="people", aggfunc="sum", fill_value=0
    )
    current = periods.number_of(ds.as_of, unit, week_start)
    oldest = int(wide.index.min())
    numbers = np.arange(oldest, current + 1, dtype=np.int64)
    # Those active in the current period are not yet lost to the next one.
    wide = wide.reindex(index=numbers, columns=[*STATES, "joined"], fill_value=0).astype("int64")
    seen_from, seen_until = activities.covered(ds, activity, unit, oldest)
    status = np.full(len(numbers), "ok", dtype=object)
    status[numbers > periods.last_complete(ds.as_of, unit, week_start)] = "open"
    after = numbers > (np.inf if seen_until is None else seen_until)
    status[after] = "after_data"
    unseen = np.inf if seen_from is None else seen_from
    status[(numbers < unseen) | ((numbers == unseen) & (oldest < unseen))] = "before_data"
    table = pd.DataFrame({"period": periods.starts(numbers, unit, week_start)})
    table["members"] = wide["joined"].cumsum().to_numpy()
    known = status == "ok"
    active = wide[list(ARRIVING)].sum(axis=1).to_numpy()
    created = (wide["joined"] - wide["new"]).to_numpy()
    over = numbers <= periods.last_complete(ds.as_of, unit, week_start)
    table["active"] = _masked(active, known | ((numbers == unseen) & over & ~after))
    for name in STATES:
        table[name] = _masked(wide[name].to_numpy(), known)
    table["created_inactive"] = _masked(created, known)
    table["status"] = status
    return table[names]


def _masked(values: np.ndarray, known: np.ndarray) -> pd.api.extensions.ExtensionArray:
    out = pd.array(values, dtype="Int64")
    out[~known] = pd.NA
    return out
