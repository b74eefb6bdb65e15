"""What those present buy in the days after somebody posts, beyond what their group would have.

An event study by group and week. In each week the hours within some days after a post are compared
with the other hours of the same week in the same group; the rate is one a person present and an
hour of the usual day, so that newcomers, evenings and festivals do not pass for influence. Where
posts overlap, their effects add up: the excess of orders over all weeks, divided by all persons
present at all posts, is the lift of one post whatever the shape of its fading. The same reading of
the days *before* posts is the placebo: what comes before a post cannot come of it.

Unless posting was randomised this is association: people may buy and post for the same reason.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from commlab import guards
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL, Estimate
from commlab.metrics.influence_rows import InfluenceRows
from commlab.models.shrinkage import drawn_in
from commlab.stats import benjamini_hochberg, jackknife_reach, quantile

Array = npt.NDArray[np.float64]
Numbers = npt.NDArray[Any]
AFTER_DAYS = 3.0  # most of what a post in a chat moves is over by then
LEAST_POSTS, LEAST_ORDERS = 8, 10.0  # below, a normal interval of a count is off by a tenth
BASELINE_DAYS = 2.0  # of a week must lie outside the windows; else weeks are put together
PLACEBO_LEVEL = 0.10  # a placebo errs on the side of doubt
WEEK, CELLS = 7.0, 24
STATES = ("moves", "before", "unclear", "too_few")


def post_influence(
    rows: InfluenceRows,
    *,
    after_days: float = AFTER_DAYS,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Return what follows the posts of each member.

    Args:
        rows: What `metrics.influence_rows` returned.
        after_days: Days after a post that count; whole days hold each hour of the day once.
        level: Confidence level.

    Returns:
        Frame, the largest shrunk lift first, those with too few last: member_id, posts, audience
        (persons present, mean), orders (in the days after), expected (in as many hours of the
        same weeks), lift (orders that a post adds for each 1,000 present), low, high (normal,
        with the dispersion of all), p, p_adjusted (Benjamini–Hochberg over members), before,
        before_low, before_high (the same of the days before), value, value_low, value_high (lift
        shrunk by empirical Bayes), state ("moves": raised after correction, and above the days
        before; "before": raised, but the days before may be as well; "unclear"; "too_few").

    Raises:
        NotEnoughDataError: Nobody has enough posts and orders.
    """
    guards.in_range("after_days", after_days, low=0.25, high=WEEK - BASELINE_DAYS)
    guards.in_range("level", level, low=0, high=1, open_low=True, open_high=True)
    counted = [
        _count(rows, str(name), posts, after_days)
        for name, posts in rows.posts.groupby("member_id", sort=True)
    ]
    frame = pd.DataFrame(counted)
    enough = (frame["posts"] >= LEAST_POSTS) & (frame["expected"] >= LEAST_ORDERS)
    enough &= frame["exposure"] > 0
    if not enough.any():
        raise NotEnoughDataError(
            f"nobody has {LEAST_POSTS} posts with {LEAST_ORDERS:g} orders of those present in the "
            "days after them.",
            fix="Look at more candidates, or at a longer time.",
        )
    spread = _dispersion(frame[enough])
    z = quantile(level)
    for name in ("lift", "before"):
        mark = "" if name == "lift" else "before_"
        size = frame["exposure"].where(enough) / 1000
        frame[name] = frame[f"{mark}excess"] / size
        error = np.sqrt(spread * frame[f"{mark}variance"]) / size
        frame[f"{mark}error"] = error
        frame[f"{mark}low"], frame[f"{mark}high"] = frame[name] - z * error, frame[name] + z * error
    frame["p"] = 2 * special.ndtr(-np.abs(frame["lift"] / frame["error"]))
    frame["p_adjusted"] = benjamini_hochberg(frame["p"].to_numpy(dtype=float))
    for name in ("value", "value_low", "value_high"):
        frame[name] = np.nan
    own = frame.loc[enough]
    drawn = drawn_in(own["lift"].to_numpy(), own["error"].to_numpy() ** 2, level=level)
    frame.loc[enough, ["value", "value_low", "value_high"]] = np.column_stack(drawn)
    doubtful = frame["before"] / frame["before_error"] > -special.ndtri(PLACEBO_LEVEL)
    # The placebo may miss what moves both sides: the days after must also beat those before.
    gap: pd.Series = (frame["lift"] - frame["before"]) / np.hypot(
        frame["error"], frame["before_error"]
    )
    doubtful |= ~(gap > special.ndtri(level))
    raised = (frame["p_adjusted"] < 1 - level) & (frame["lift"] > 0)
    state = np.where(raised & doubtful, "before", np.where(raised, "moves", "unclear"))
    frame["state"] = np.where(enough, state, "too_few")
    frame = frame.assign(_last=~enough, _value=-frame["value"])
    frame = frame.sort_values(["_last", "_value", "member_id"], kind="stable")
    frame.attrs["dispersion"] = spread
    frame.attrs["groups"] = _by_group(rows, set(frame.loc[enough, "member_id"]), after_days)
    return frame.drop(columns=["_last", "_value"]).reset_index(drop=True)


def pooled_lift(found: pd.DataFrame, *, level: float = LEVEL) -> Estimate:
    """Return the lift of a post over all members with enough posts, weighted by their audience.

    Candidates who post in one group are held against the same orders, so groups are left out one
    at a time (Efron & Stein 1981, Annals of Statistics 9), with Student's quantile; the error of
    independent counts is a floor. With fewer than five groups that floor is all there is.

    Args:
        found: What `post_influence` returned.
        level: Confidence level.
    """
    own = found[found["state"] != "too_few"]
    size = own["exposure"].sum() / 1000
    value = float(own["excess"].sum() / size)
    error = float(np.sqrt(found.attrs["dispersion"] * own["variance"].sum()) / size)
    sums = np.array(found.attrs["groups"], dtype=float)
    half = jackknife_reach(sums[:, :1], sums[:, 1:] / 1000, np.array([error]), level=level)[0]
    return Estimate(
        value=value, low=value - half, high=value + half, level=level, n=len(own),
        unit="per_thousand", method="event study by group and week",
    )  # fmt: skip


def _by_group(
    rows: InfluenceRows, members: set[str], after: float
) -> tuple[tuple[float, ...], ...]:
    """Return excess and exposure of these members' posts, one pair a group.

    Plain numbers: pandas compares what frames carry along, and cannot compare frames.
    """
    found = [
        (str(group), _in_group(rows, str(name), str(group), own["at"].to_numpy(float), after))
        for (name, group), own in rows.posts.groupby(["member_id", "group_id"], sort=True)
        if str(name) in members
    ]
    table = pd.DataFrame(
        [{"group_id": group, "excess": one["excess"], "exposure": one["exposure"]}
         for group, one in found]
    )  # fmt: skip
    sums = table.groupby("group_id")[["excess", "exposure"]].sum()
    return tuple(map(tuple, sums.to_numpy(dtype=float).tolist()))


def _dispersion(frame: pd.DataFrame) -> float:
    """Return how much more than Poisson counts vary: given a week's orders, how they fall."""
    return max(1.0, float(frame["square"].sum() / max(frame["binomial"].sum(), 1e-12)))


def _count(
    rows: InfluenceRows, member: str, posts: pd.DataFrame, after: float
) -> dict[str, float | str]:
    """Return the sums of one member over his groups and their weeks."""
    total: dict[str, float | str] = {"member_id": member}
    parts = [
        _in_group(rows, member, str(group), own["at"].to_numpy(dtype=float), after)
        for group, own in posts.groupby("group_id", sort=True)
    ]
    for name in parts[0]:
        total[name] = float(sum(part[name] for part in parts))
    total["audience"] = total["exposure"] / max(total["posts"], 1.0)  # type: ignore[operator]
    return total


@dataclasses.dataclass(frozen=True)
class _Place:
    """One group without one member: who is there, what they buy, and the hours of the window."""

    begins: Array
    ends: Array
    orders: Array
    middle: Array
    weight: Array


def _place(rows: InfluenceRows, member: str, group: str) -> _Place:
    stays = rows.stays[(rows.stays["group_id"] == group) & (rows.stays["member_id"] != member)]
    begins = np.sort(stays["begins"].to_numpy(dtype=float))
    ends = np.sort(stays["ends"].to_numpy(dtype=float))
    middle = (np.arange(int(rows.length * CELLS)) + 0.5) / CELLS
    weight = _present(begins, ends, middle) * rows.hours[np.arange(len(middle)) % CELLS]
    return _Place(begins, ends, _orders(rows, stays), middle, weight)


def _week(at: Array) -> npt.NDArray[np.int64]:
    return (at // WEEK).astype(np.int64)


def _in_group(
    rows: InfluenceRows, member: str, group: str, posts: Array, after: float
) -> dict[str, float]:
    place = _place(rows, member, group)
    posts = np.sort(posts[(posts >= 0) & (posts <= rows.length - after)])
    middle, orders, weight = place.middle, place.orders, place.weight
    week, cell_week = _week(orders), _week(middle)
    cells = {"after": _within(middle, posts, after), "before": _within(middle, posts, -after)}
    events = {"after": _within(orders, posts, after), "before": _within(orders, posts, -after)}
    audience = _present(place.begins, place.ends, posts)
    out = {"posts": float(len(posts)), "exposure": float(audience.sum()),
           "orders": float(events["after"].sum())}  # fmt: skip
    main = _excess(cell_week, weight, cells["after"], ~cells["after"], week, events["after"],
                   ~events["after"])  # fmt: skip
    quiet, calm = ~cells["after"], ~events["after"]
    placebo = _excess(
        cell_week, weight, cells["before"] & quiet, ~cells["before"] & quiet, week,
        events["before"] & calm, ~events["before"] & calm,
    )  # fmt: skip
    # The placebo sees only the part of its windows that no post reaches, of as many persons.
    seen = weight[cells["before"] & quiet].sum() / max(weight[cells["before"]].sum(), 1e-12)
    for name in ("excess", "variance"):
        power = 1 if name == "excess" else 2
        out[f"before_{name}"] = placebo[name] / max(seen, 1e-12) ** power if seen else 0.0
    return out | main


def _orders(rows: InfluenceRows, stays: pd.DataFrame) -> Array:
    """Return the times of orders placed by members while they stayed in a group."""
    pairs = rows.orders.merge(stays, on="member_id")
    inside = (pairs["begins"] <= pairs["at"]) & (pairs["at"] < pairs["ends"])
    return np.sort(pairs.loc[inside, "at"].to_numpy(dtype=float))


def _present(begins: Array, ends: Array, at: Numbers) -> Array:
    return (np.searchsorted(begins, at, "right") - np.searchsorted(ends, at, "right")).astype(float)


def _within(at: Array, posts: Array, days: float) -> npt.NDArray[np.bool_]:
    """Return which times lie within so many days after a post (before one, if negative)."""
    if not len(posts):
        return np.zeros(len(at), dtype=bool)
    if days > 0:
        last = np.searchsorted(posts, at, "left") - 1
        return (last >= 0) & (at - posts[np.maximum(last, 0)] <= days)
    later = np.searchsorted(posts, at, "left")
    return (later < len(posts)) & (posts[np.minimum(later, len(posts) - 1)] - at <= -days)


def _excess(
    cell_week: npt.NDArray[np.int64],
    weight: Array,
    inside: npt.NDArray[np.bool_],
    outside: npt.NDArray[np.bool_],
    week: npt.NDArray[np.int64],
    hit: npt.NDArray[np.bool_],
    miss: npt.NDArray[np.bool_],
) -> dict[str, float]:
    """Return orders above what the rest of each week has, with the Poisson variance."""
    n = int(cell_week[-1]) + 1
    whole = np.bincount(cell_week, weight, n)
    t1 = np.bincount(cell_week, weight * inside, n)
    t0 = np.bincount(cell_week, weight * outside, n)
    y1 = np.bincount(week, hit, n).astype(float)
    y0 = np.bincount(week, miss, n).astype(float)
    block = _blocks(t0, whole)
    t1, t0, y1, y0 = (np.bincount(block, item) for item in (t1, t0, y1, y0))
    used = (t1 > 0) & (t0 > 0)
    ratio = t1[used] / t0[used]
    y1, y0 = y1[used], y0[used]
    share = ratio / (1 + ratio)
    return {
        "excess": float((y1 - y0 * ratio).sum()),
        "expected": float((y0 * ratio).sum()),
        "variance": float((y1 + y0 * ratio**2).sum()),
        "square": float(((y1 - (y1 + y0) * share) ** 2).sum()),
        "binomial": float(((y1 + y0) * share * (1 - share)).sum()),
    }


def _blocks(outside: Numbers, whole: Numbers) -> npt.NDArray[np.int64]:
    """Return for each week the number of its block: weeks together hold enough of a baseline."""
    need = whole.max(initial=0.0) * BASELINE_DAYS / WEEK
    block, number, held = np.zeros(len(outside), dtype=np.int64), 0, 0.0
    for place, hours in enumerate(outside):
        block[place] = number
        held += hours
        if held >= need:
            number, held = number + 1, 0.0
    if held and number:  # the rest at the end goes to the block before
        block[block == number] = number - 1
    return block
