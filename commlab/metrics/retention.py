"""Cohort retention: what share of those who came in a period is active k periods later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from commlab import guards
from commlab.errors import ArgumentError
from commlab.estimate import LEVEL
from commlab.metrics import periods as calendar, rates

if TYPE_CHECKING:
    from commlab.dataset import Dataset


def retention(
    ds: Dataset,
    anchor: str = "joined",
    cohort: str = "month",
    activity: str = "any",
    kind: str = "on",
    *,
    brackets: Sequence[tuple[int, int]] | None = None,
    split: str | None = None,
    periods: int | None = None,
    level: float = LEVEL,
    min_at_risk: int | None = None,
) -> pd.DataFrame:
    """Return the retention table: one row per (segment,) cohort and calendar period.

    Period 0 is the joining period; what a member did before the anchor does not count, several
    activities in a period count once. Nobody leaves the denominator: it is all members of the
    cohort who are not staff. `rfm_summary` counts purchases with positive net spend; here a paid
    order is a sign of life whether it was refunded or not.

    Args:
        ds: The dataset.
        anchor: What starts membership of a cohort: "joined", "group_joined", "first_message" or
            "first_order" (see `cohorts.members`).
        cohort: Unit of cohorts and periods, "month" or "week".
        activity: "any" (message, order, check-in or click, where the table exists), "message",
            "order", "check_in", "click", "visit" or "share".
        kind: "on": active in period k. "unbounded": active in k or any later period up to
            `as_of`; its tail falls by construction, because the last periods have little time
            to come back in. "bracket": active at least once from one period to another.
        brackets: For kind "bracket": first and last period of each, in order, not overlapping.
        split: What tells segments apart (see `cohorts.members`).
        periods: Last period to show; default all.
        level: Confidence level.
        min_at_risk: People below which a rate is "too few"; default from the settings.

    Returns:
        Frame sorted by segment, cohort and period with

        - `segment` (text; only with `split`), `cohort` (first day), `period` (int; for brackets
          the first one, beside `last` and `label`), `size` (members of the cohort so far);
        - `at_risk`, `active` (whole numbers; missing where the period is not over or was not
          observed), `rate`, `low`, `high` (shares; missing unless the status is "ok");
        - `status`: "ok"; "open": the period is not over at `as_of`; "before_data": it began
          before the data of this activity; "after_data": it ended after them (see
          `activity.covered` for both); "too_few";
        - `deff`, `n_effective`: design effect and at_risk / deff. Members of one chat group are
          alike, so for activity "any" and "message" the interval is Wilson's with n / deff: one
          intra-class correlation over all cells, first group joined as cluster, Student's
          quantile for few groups (`cells.Similarity`). Otherwise deff is 1: Wilson as it stands.
          It is also 1 where no cell has two groups; the interval then speaks of these groups,
          not of groups to come.

        The grid is complete: a period without activity is a row with `active` 0; cohorts without
        members are absent.

    Raises:
        ArgumentError: An argument is outside what is listed.
        MissingTableError: The workspace lacks a table that the anchor, activity or split needs.

    Example:
        >>> import commlab as cl
        >>> ds = cl.open_dataset("data_samples")  # doctest: +SKIP
        >>> cl.metrics.retention(ds, cohort="month", split="channel")  # doctest: +SKIP
    """
    counts = rates.count(ds, anchor, cohort, activity, kind, brackets, split, periods)
    minimum = rates.minimum(ds, min_at_risk)
    similarity = counts.similarity()
    squares = np.where(counts.cluster >= 0, counts.people**2, counts.people)
    people = counts.by_row(counts.people)
    # The same groups stand behind every period of a cohort, so the effect is the row's.
    deff = similarity.design_effect(counts.by_row(squares), people, level)
    shape = counts.status.shape
    frame = rates.frame(
        at_risk=np.broadcast_to(people[:, None], shape),
        active=counts.by_row(counts.active),
        deff=np.broadcast_to(deff[:, None], shape),
        known=counts.known,
        status=counts.status,
        level=level,
        minimum=minimum,
    )
    rows, columns = np.indices(shape).reshape(2, -1)
    keys: dict[str, Any] = {"segment": counts.segments[rows]} if split else {}
    keys["cohort"] = calendar.starts(counts.cohorts[rows], cohort, ds.settings.week_start)
    keys.update(rates.period_columns(counts, columns, kind))
    keys["size"] = people[rows]
    table = pd.concat([pd.DataFrame(keys), frame], axis=1)
    return table[(counts.status != "").ravel()].reset_index(drop=True)


def overall_retention(
    source: Dataset | pd.DataFrame,
    anchor: str = "joined",
    cohort: str = "month",
    activity: str = "any",
    kind: str = "on",
    *,
    brackets: Sequence[tuple[int, int]] | None = None,
    split: str | None = None,
    periods: int | None = None,
    level: float = LEVEL,
    min_at_risk: int | None = None,
) -> pd.DataFrame:
    """Return retention by period, pooled over the cohorts whose period is over and observed.

    Later periods rest on fewer and older cohorts (`cohorts` says how many): the curve compares
    people of different times and need not fall.

    Args:
        source: The dataset; or a frame that `retention` made, if its members are not clustered
            in chat groups. (A group that recruits in two months makes those cohorts alike, and
            how much is not in the frame.) With a frame only `level` and `min_at_risk` (default
            1) are used.
        anchor: As for `retention`, and so are the others.
        cohort: See `retention`.
        activity: See `retention`.
        kind: See `retention`.
        brackets: See `retention`.
        split: See `retention`.
        periods: See `retention`.
        level: Confidence level.
        min_at_risk: People below which a rate is "too few".

    Returns:
        Frame sorted by segment and period: `segment` (only with `split`), `period` (for brackets
        with `last` and `label`), `cohorts` (number pooled), `at_risk`, `active`, `rate`, `low`,
        `high`, `status` ("ok" or "too_few"), `deff`, `n_effective`. Periods that no cohort has
        completed are absent.

    Raises:
        ArgumentError: A frame whose members are clustered; and as for `retention`.
        MissingTableError: As for `retention`.
    """
    if isinstance(source, pd.DataFrame):
        return _overall_of_frame(source, level, 1 if min_at_risk is None else min_at_risk)
    counts = rates.count(source, anchor, cohort, activity, kind, brackets, split, periods)
    minimum = rates.minimum(source, min_at_risk)
    pooled = counts.pool(counts.known)
    present = pooled.cohorts > 0
    frame = rates.frame(
        at_risk=pooled.people,
        active=pooled.active,
        deff=counts.similarity().design_effect(pooled.squares, pooled.people, level),
        known=present,
        status=np.where(present, "ok", "").astype(object),
        level=level,
        minimum=minimum,
    )
    rows, columns = np.indices(present.shape).reshape(2, -1)
    keys: dict[str, Any] = {"segment": pooled.segments[rows]} if split else {}
    keys.update(rates.period_columns(counts, columns, kind))
    keys["cohorts"] = pooled.cohorts.ravel()
    table = pd.concat([pd.DataFrame(keys), frame], axis=1)
    return table[present.ravel()].reset_index(drop=True)


def _overall_of_frame(frame: pd.DataFrame, level: float, minimum: int) -> pd.DataFrame:
    known = frame[frame["status"].isin(["ok", "too_few"])]
    if (known["deff"] > 1).any():
        raise ArgumentError(
            "source is a frame whose members are clustered in chat groups.",
            fix="Pass the dataset: overall_retention(ds, …) with the arguments of retention.",
        )
    keys = [name for name in ("segment", "period", "last", "label") if name in frame]
    sums = known.groupby(keys, sort=True).agg(
        cohorts=("cohort", "size"), at_risk=("at_risk", "sum"), active=("active", "sum")
    )
    sums = sums.reset_index()
    at_risk = sums.pop("at_risk").to_numpy(dtype=np.int64)
    rest = rates.frame(
        at_risk=at_risk,
        active=sums.pop("active").to_numpy(dtype=np.int64),
        deff=np.ones(len(at_risk)),
        known=np.ones(len(at_risk), dtype=bool),
        status=np.full(len(at_risk), "ok", dtype=object),
        level=level,
        minimum=guards.whole("min_at_risk", minimum, low=1),
    )
    return pd.concat([sums, rest], axis=1)
