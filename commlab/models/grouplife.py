"""From golden to closed: the path of each group through trial, cleaning, watch and migration.

A state machine over weeks that looks at nothing later than the week it judges, so it gives the same
answer for a day in the past as was given then. The rules are the trade's:

- golden: not silver.
- trial: a silver group younger than `old_weeks` gets `trial_weeks` to show its potential, with
  atmosphere accounts, activities, points. Not silver at the end: passed; else failed.
- cleaning: an old silver group, and one that failed its trial. Each week it is judged by the
  number of high-value members and the mean value; low on `criteria` of the two in
  `watch_after` consecutive weeks puts it on watch. A week that is not known breaks the row.
- watch: `watch_min` to `watch_max` weeks with `atmosphere` accounts at least. Weeks with fewer do
  not count: what was not tried cannot have failed. Not low in a week after `watch_min` of them:
  recovered. Still low after `watch_max`: closing.
- closing: members are invited elsewhere; closing day and notice stand in the row. A group that is
  still open the week after its closing day was kept: the decision lapses and it is judged anew.
- closed: the group was closed. When a member writes later it was opened again and starts anew.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from commlab import guards
from commlab.models.groupstage import bottom

STATES = ("golden", "trial", "cleaning", "watch", "closing", "closed")
LOW = 0.15  # the trade's rule: the lowest 15 % of groups
WEEK = pd.Timedelta(days=7)


@dataclasses.dataclass(frozen=True, kw_only=True)
class LifeRules:
    """The rules of the path; every default is the trade's unless it says otherwise.

    Attributes:
        old_weeks: Age from which a group is old: 13 weeks, the three months that a group is said
            to live without newcomers.
        trial_weeks: Length of a trial: four weeks, as long as a watch may last (own choice).
        low: Share of groups that count as low in a week.
        criteria: How many of the two criteria must be low, 1 or 2.
        watch_after: Consecutive low weeks before the watch.
        watch_min: Fewest staffed weeks of a watch.
        watch_max: Most staffed weeks of a watch.
        atmosphere: Accounts of the atmosphere team that must write in a week of the watch.
        closing_days: Days from the decision to the closing: two weeks for inviting members one to
            one (own choice).
        notice_days: Days before the closing on which the notice is posted.
    """

    old_weeks: int = 13
    trial_weeks: int = 4
    low: float = LOW
    criteria: int = 1
    watch_after: int = 4
    watch_min: int = 2
    watch_max: int = 4
    atmosphere: int = 3
    closing_days: int = 14
    notice_days: int = 3

    def __post_init__(self) -> None:
        guards.whole("old_weeks", self.old_weeks, low=1)
        guards.whole("trial_weeks", self.trial_weeks, low=1)
        guards.in_range("low", self.low, low=0, high=0.5, open_low=True)
        guards.whole("criteria", self.criteria, low=1, high=2)
        guards.whole("watch_after", self.watch_after, low=1)
        guards.whole("watch_min", self.watch_min, low=1)
        guards.whole("watch_max", self.watch_max, low=self.watch_min)
        guards.whole("atmosphere", self.atmosphere)
        guards.whole("notice_days", self.notice_days)
        guards.whole("closing_days", self.closing_days, low=self.notice_days)


@dataclasses.dataclass(frozen=True)
class GroupLife:
    """Where every group is, and every step on its way.

    Attributes:
        now: One row a group: group_id, state, since (day on which it entered the state), low_weeks
            (consecutive low ones), staffed_weeks (of the watch), notice_on, closing_on.
        steps: One row a step: group_id, on (the day after the week that decided it), before, after,
            reason.
    """

    now: pd.DataFrame
    steps: pd.DataFrame


def judged_weeks(rows: pd.DataFrame, rules: LifeRules) -> pd.DataFrame:
    """Return weekly stages with low_count and low_mean: among the lowest `rules.low` that week.

    Args:
        rows: From `weekly_stages`.
        rules: The rules.
    """
    found = rows.copy()
    for name, column in (("low_count", "count"), ("low_mean", "mean")):
        figure = rows[column].where(rows["ranked"])
        low = figure.groupby(rows["week"]).transform(lambda x: bottom(x, rules.low))
        found[name] = low.astype("boolean").mask(figure.isna())
    return found


def group_life(rows: pd.DataFrame, rules: LifeRules | None = None) -> GroupLife:
    """Walk every group through its weeks.

    Args:
        rows: From `judged_weeks`: group_id, week, age, silver, low_count, low_mean (missing where
            the week is not known), atmosphere (missing: not known, then every week of a watch
            counts as staffed), closed.
        rules: The rules; default those of the trade.

    Returns:
        Where each group is and how it got there.
    """
    chosen = rules or LifeRules()
    ordered = rows.sort_values(["group_id", "week"])
    names = ["week", "age", "silver", "low_count", "low_mean", "atmosphere", "closed"]
    now, steps = [], []
    for name, part in ordered.groupby("group_id", sort=True):
        walk = _Walk(chosen)
        for values in part[names].itertuples(index=False, name=None):
            walk.week(dict(zip(names, values, strict=True)))
        now.append({"group_id": name, **walk.place()})
        steps += [{"group_id": name, **step} for step in walk.steps]
    columns = ["group_id", "state", "since", "low_weeks", "staffed_weeks", "notice_on",
               "closing_on"]  # fmt: skip
    return GroupLife(
        pd.DataFrame(now, columns=columns),
        pd.DataFrame(steps, columns=["group_id", "on", "before", "after", "reason"]),
    )


class _Walk:
    """One group on its way, week by week."""

    def __init__(self, rules: LifeRules) -> None:
        self.rules = rules
        self.state = ""
        self.since: Any = pd.NaT
        self.closing_on: Any = pd.NaT
        self.low = self.staffed = self.watched = self.tried = 0
        self.steps: list[dict[str, Any]] = []

    def place(self) -> dict[str, Any]:
        notice = self.closing_on - pd.Timedelta(days=self.rules.notice_days)
        return {
            "state": self.state, "since": self.since, "low_weeks": self.low,
            "staffed_weeks": self.staffed, "notice_on": notice, "closing_on": self.closing_on,
        }  # fmt: skip

    def week(self, seen: Mapping[str, Any]) -> None:
        on = seen["week"] + WEEK
        if seen["closed"]:
            if self.state != "closed":
                self._go("closed", on, "closed")
            return
        if self.state == "closed":
            self.low = 0
            self._go("", on, "reopened")
        low = _low(seen, self.rules.criteria)
        # A week that is not known neither counts nor lets the row go on.
        self.low = self.low + 1 if low else 0
        if pd.isna(seen["silver"]):
            return
        getattr(self, f"_{self.state or 'start'}")(seen, on, low)

    def _start(self, seen: Mapping[str, Any], on: pd.Timestamp, low: bool) -> None:
        self._by_stage(seen, on, "first_seen")

    def _golden(self, seen: Mapping[str, Any], on: pd.Timestamp, low: bool) -> None:
        if seen["silver"]:
            self._by_stage(seen, on, "turned_silver")

    def _trial(self, seen: Mapping[str, Any], on: pd.Timestamp, low: bool) -> None:
        self.tried += 1
        if self.tried < self.rules.trial_weeks:
            return
        if seen["silver"]:
            self._go("cleaning", on, "trial_failed")
        else:
            self._go("golden", on, "trial_passed")

    def _cleaning(self, seen: Mapping[str, Any], on: pd.Timestamp, low: bool) -> None:
        if self.low >= self.rules.watch_after:
            self._go("watch", on, "low_weeks")
        elif not seen["silver"]:
            self._go("golden", on, "turned_golden")

    def _watch(self, seen: Mapping[str, Any], on: pd.Timestamp, low: bool) -> None:
        staffed = pd.isna(seen["atmosphere"]) or seen["atmosphere"] >= self.rules.atmosphere
        self.staffed += int(staffed)
        if self.staffed >= self.rules.watch_min and not low:
            self._go("cleaning" if seen["silver"] else "golden", on, "recovered")
        elif self.staffed >= self.rules.watch_max:
            self._go("closing", on, "still_low")
            self.closing_on = on + pd.Timedelta(days=self.rules.closing_days)

    def _closing(self, seen: Mapping[str, Any], on: pd.Timestamp, low: bool) -> None:
        if on > self.closing_on:
            self._by_stage(seen, on, "not_closed")

    def _by_stage(self, seen: Mapping[str, Any], on: pd.Timestamp, reason: str) -> None:
        if not seen["silver"]:
            state = "golden"
        elif seen["age"] < self.rules.old_weeks:
            state = "trial"
        else:
            state = "cleaning"
        self._go(state, on, reason)

    def _go(self, state: str, on: pd.Timestamp, reason: str) -> None:
        self.steps.append({"on": on, "before": self.state, "after": state, "reason": reason})
        self.state, self.since = state, on
        self.staffed = self.tried = 0
        self.closing_on = pd.NaT


def _low(seen: Mapping[str, Any], criteria: int) -> bool:
    met: Iterable[bool] = (
        bool(seen[name]) for name in ("low_count", "low_mean") if not pd.isna(seen[name])
    )
    return sum(met) >= criteria


def group_trials(life: GroupLife) -> pd.DataFrame:
    """Return every trial with its start, end and outcome.

    Returns:
        Frame: group_id, start, end (missing while it lasts), outcome ("passed", "failed",
        "running", "closed").
    """
    found = []
    for name, part in life.steps.groupby("group_id", sort=True):
        start = None
        for step in part.to_dict("records"):
            if step["after"] == "trial":
                start = step["on"]
            elif step["before"] == "trial" and start is not None:
                outcome = {"trial_passed": "passed", "trial_failed": "failed"}.get(step["reason"])
                found.append((name, start, step["on"], outcome or "closed"))
                start = None
        if start is not None:
            found.append((name, start, pd.NaT, "running"))
    return pd.DataFrame(found, columns=["group_id", "start", "end", "outcome"])
