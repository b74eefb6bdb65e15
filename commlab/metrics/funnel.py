"""How many take the next step in time, and where people are lost on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab import guards
from commlab.config import MIN_AT_RISK
from commlab.estimate import LEVEL, Estimate
from commlab.intervals import median_interval
from commlab.metrics import cohorts, funnel_walk as walk, steps as ways
from commlab.metrics.rates import minimum
from commlab.metrics.similarity import estimate
from commlab.stats import benjamini_hochberg, two_proportion_p, wilson

if TYPE_CHECKING:
    from commlab.dataset import Dataset

Floats = npt.NDArray[np.float64]
ALL = "all"  # segment of everybody, without a split
WINDOW = 7  # days that a step may take
# People do not buy in a week because they were pulled into a group, nor again the week after.
WINDOWS = {"first_order": 30, "repeat_order": 90}
COLUMNS = (
    "segment", "place", "from_step", "step", "reached", "at_risk", "took", "rate", "low", "high",
    "deff", "lost", "open", "waiting", "already", "unseen", "median_hours", "median_low",
    "median_high", "difference", "p_adjusted", "flagged", "status",
)  # fmt: skip


def funnel(
    ds: Dataset,
    steps: Sequence[str] | None = None,
    *,
    windows: Mapping[str, int] | None = None,
    split: str | None = None,
    level: float = LEVEL,
    min_at_risk: int | None = None,
) -> pd.DataFrame:
    """Return how many members took each step of a way within a window of the step before.

    A member has reached a step when a chain of events leads to it, each at or after the one
    before and no later than the step may take. Every possible start is tried, not only the first:
    whoever added the adviser twice may join the group after the second time.

    A step is judged on those who could be seen to take it or not: they reached the step before at
    a moment whose window is over at the end of `as_of`, and not before the next step was first
    seen at all. Windows still open are no loss and no success. (To count the successes of open
    windows, too, would make every new channel look quick.) Steps that one takes once (adding the
    adviser, joining a group, the survey, being tagged, the first order) cannot be lost by whoever
    took them before: these members are counted apart.

    Args:
        ds: The dataset.
        steps: Names of `commlab.metrics.steps.STEPS`, in order ("a|b": either); default those of
            the usual way that people took.
        windows: Days that a step may take, by its name; default 7, for a first order 30, for a
            repeat order 90.
        split: None, or what tells segments apart (see `cohorts.members`).
        level: Confidence level.
        min_at_risk: Members below which a rate is "too few"; default from the settings.

    Returns:
        Frame by segment and place: segment, place (0 …), from_step (missing at the first), step,
        reached (members, open windows included); at_risk, took, rate, low, high (Wilson,
        n divided by `deff`, the design effect of members whom one adviser serves: see
        `similarity`), lost (at risk and did not take it), open (reached the step before with open
        windows only), waiting (of them, who have not taken the step yet), already (had taken it
        before), unseen (only before the step was first seen), median_hours with median_low and
        median_high (from the latest step before to the first passing; order statistics),
        difference (rate minus that of all other segments), p_adjusted and flagged (of it,
        Benjamini–Hochberg over all), status ("ok" or "too_few"). Of the first step only reached.

    Raises:
        ArgumentError: Steps unknown, named twice or fewer than two; unknown split.
        NotEnoughDataError: No steps are named and the workspace shows fewer than two usual ones.
        MissingTableError: The workspace lacks a table that a step or the split needs.

    Example:
        >>> import commlab as cl
        >>> ds = cl.open_dataset("data_samples")  # doctest: +SKIP
        >>> cl.metrics.funnel(ds, ["added_adviser", "joined_group"])  # doctest: +SKIP
    """
    way = ways.chosen(ds, steps)
    days = _days(way, windows)
    smallest = minimum(ds, min_at_risk)
    walked = walk.walked(ds, way, days)
    people = cohorts.members(ds, split=split) if split else ds.people()
    segment = people.segment if split else ibis.literal(ALL)
    people = people.select("member_id", segment=segment)
    walked = walked.inner_join(_with_adviser(ds, people, split), "member_id")
    counted = ds.frame(walk.counts(walked, len(way)), ["segment", "adviser"])
    if counted.empty and not split:  # nobody has taken any step yet: said, not left out
        counted = pd.DataFrame(0, index=[0], columns=counted.columns)
        counted = counted.assign(segment=ALL, adviser="")
    waits = ds.frame(walk.waits(walked, len(way)), ["segment", "place", "hours"])
    parts = [_place(counted, waits, way, place, level) for place in range(len(way))]
    frame = pd.concat(parts, ignore_index=True)
    return _judged(frame, level, smallest)


def step_rate(frame: pd.DataFrame, step: str, *, level: float = LEVEL) -> Estimate:
    """Return the share that takes one step, of those who took the one before.

    Args:
        frame: From `funnel` without split.
        step: Name of the step.
        level: Confidence level that the frame was made with.
    """
    rows = frame[(frame["step"] == step) & (frame["place"] > 0)]
    if rows.empty:
        return Estimate.refused("this step is not on the way", unit="share")
    row = rows.iloc[0]
    if row["status"] != "ok":
        return Estimate.too_few(int(row["at_risk"]), unit="share", minimum=MIN_AT_RISK)
    deff = float(row["deff"])
    method = "Wilson" if deff == 1 else f"Wilson, design effect {deff:.2f}"
    return Estimate(value=row["rate"], low=row["low"], high=row["high"], level=level,
                    n=int(row["at_risk"]), unit="share", method=method)  # fmt: skip


def weak_steps(frame: pd.DataFrame, most: int = 3, *, small: int = 5) -> pd.DataFrame:
    """Return the steps that a segment takes less often than the others, beyond chance.

    Args:
        frame: From `funnel` with a split.
        most: Rows returned.
        small: Rows with so few who took the step, or did not, are left out: the page hides them.

    Returns:
        Rows of the frame, those first where most were lost beyond the others' rate.
    """
    rows = frame[(frame["place"] > 0) & frame["flagged"] & (frame["difference"] < 0)]
    rows = rows[(rows["took"] >= small) & (rows["lost"] >= small)]
    missed = -rows["at_risk"].astype(float) * rows["difference"]
    return rows.loc[missed.nlargest(most).index].reset_index(drop=True)


def _days(way: Sequence[str], windows: Mapping[str, int] | None) -> list[int]:
    """Return the days that each step may take."""
    asked = dict(windows or {})
    for step, days in asked.items():
        guards.one_of("windows", step, way)
        guards.whole(f"windows[{step!r}]", days, low=1)
    return [asked.get(step, WINDOWS.get(step, WINDOW)) for step in way]


def _with_adviser(ds: Dataset, people: ir.Table, split: str | None) -> ir.Table:
    """Return people with `adviser`: who is served by the same one is alike; else one a segment."""
    # Between advisers nobody else's customers are like theirs: there is nothing to tell apart.
    if split == "adviser" or not ds.has("members") or "adviser_id" not in ds.columns("members"):
        return people.mutate(adviser=ibis.literal(ALL))
    served = ds.people().select("member_id", adviser="adviser_id")
    rows = people.left_join(served, "member_id").drop("member_id_right")
    return rows.mutate(adviser=rows.adviser.fill_null(cohorts.UNKNOWN))


def _design_effect(counted: pd.DataFrame, place: int, level: float) -> Floats:
    """Return by segment how much customers of one adviser being alike widens the rate of a step."""
    wide = [
        counted.pivot_table(f"{kind}_{place}", "adviser", "segment", aggfunc="sum", fill_value=0)
        for kind in ("risk", "took")
    ]
    sizes, took = (part.to_numpy(dtype=float) for part in wide)
    if len(sizes) < 2:
        return np.ones(sizes.shape[1])
    likeness = estimate(sizes, took[:, :, None], np.ones((sizes.shape[1], 1), dtype=bool))
    return likeness.design_effect((sizes**2).sum(axis=0), sizes.sum(axis=0), level)


def _place(
    counts: pd.DataFrame, waits: pd.DataFrame, way: Sequence[str], place: int, level: float
) -> pd.DataFrame:
    """Return the rows of one step."""
    counted = counts.drop(columns="adviser").groupby("segment", sort=True, as_index=False).sum()
    frame = counted[["segment"]].assign(
        place=place,
        from_step=way[place - 1] if place else None,
        step=way[place],
        reached=counted[f"reached_{place}"],
    )
    if not place:
        return frame
    at_risk, took = counted[f"risk_{place}"], counted[f"took_{place}"]
    n, k = at_risk.to_numpy(dtype=float), took.to_numpy(dtype=float)
    deff = _design_effect(counts, place, level)
    low, high = wilson(k, n, level=level, deff=deff)
    rest, rest_took = n.sum() - n, k.sum() - k
    with np.errstate(invalid="ignore", divide="ignore"):
        rate, rest_rate = k / n, rest_took / rest
    frame = frame.assign(
        at_risk=at_risk,
        took=took,
        rate=rate,
        low=low,
        high=high,
        deff=deff,
        lost=at_risk - took,
        open=counted[f"open_{place}"],
        waiting=counted[f"waiting_{place}"],
        already=counted[f"already_{place}"],
        unseen=counted[f"reached_{place - 1}"]
        - at_risk
        - counted[f"open_{place}"]
        - counted[f"already_{place}"],
        rest=rest,
        difference=rate - rest_rate,
        p=two_proportion_p(k, n, rest_took, rest, deff=deff),
    )
    held = waits[waits["place"] == place]
    medians = {
        segment: median_interval(rows["hours"], rows["n"], level=level)
        for segment, rows in held.groupby("segment")
    }  # fmt: skip
    nothing = (np.nan, np.nan, np.nan)
    times = np.array([medians.get(segment, nothing) for segment in frame["segment"]])
    times = times.reshape(-1, 3)
    return frame.assign(median_hours=times[:, 0], median_low=times[:, 1], median_high=times[:, 2])


def _judged(frame: pd.DataFrame, level: float, smallest: int) -> pd.DataFrame:
    """Return the table with small cells refused and comparisons corrected."""
    later = (frame["place"] > 0).to_numpy()
    enough = ~later | (frame["at_risk"] >= smallest).to_numpy()
    for name in ("rate", "low", "high", "deff"):
        frame[name] = frame[name].where(enough)
    for name in ("median_hours", "median_low", "median_high"):
        frame[name] = frame[name].where((frame["took"] >= smallest).to_numpy())
    compared = later & enough & (frame["rest"] >= smallest).to_numpy()
    p = frame["p"].where(compared).to_numpy(dtype=float)
    frame["p_adjusted"] = benjamini_hochberg(p)
    frame["difference"] = frame["difference"].where(compared)
    frame["flagged"] = (frame["p_adjusted"] < 1 - level).to_numpy(dtype=bool)
    frame["status"] = np.where(enough, "ok", "too_few")
    for name in (
        "reached", "at_risk", "took", "lost", "open", "waiting", "already", "unseen",
    ):  # fmt: skip
        frame[name] = frame[name].astype("Int64")
    frame = frame.sort_values(["segment", "place"], kind="stable")
    return frame[list(COLUMNS)].reset_index(drop=True)
