"""Friend loss: the share of added friends who deleted the adviser within a day, a week, a month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from commlab import guards
from commlab.errors import MissingTableError
from commlab.estimate import LEVEL
from commlab.metrics.cohorts import UNKNOWN
from commlab.metrics.rates import minimum
from commlab.metrics.similarity import estimate
from commlab.metrics.stays import persons
from commlab.stats import benjamini_hochberg, two_proportion_p, wilson

if TYPE_CHECKING:
    from commlab.dataset import Dataset

Ints = npt.NDArray[np.int64]
SPLITS = ("channel", "adviser", "script", "add_way")
WINDOWS = (1, 7, 30)  # days
COLUMNS = (
    "segment", "days", "friends", "deleted", "rate", "low", "high", "deff", "rest_rate",
    "difference", "p", "p_adjusted", "flagged", "status", "open", "unseen", "by_staff",
)  # fmt: skip
_DAY = 86_400


def friend_splits(ds: Dataset) -> tuple[str, ...]:
    """Return the splits of `friend_loss` for which the workspace holds the columns.

    Args:
        ds: The dataset.

    Raises:
        MissingTableError: There are no contacts.
    """
    held = ds.columns("contacts")
    found: list[str] = [name for name in ("channel", "add_way") if name in held]
    if "channel" in held and ds.has("channels") and "script" in ds.columns("channels"):
        found.append("script")
    if "staff_id" in held:
        found.append("adviser")
    return tuple(found)


def friend_loss(
    ds: Dataset,
    split: str | None = "channel",
    *,
    windows: Sequence[int] = WINDOWS,
    added_from: str | dt.date | None = None,
    level: float = LEVEL,
    min_at_risk: int | None = None,
) -> pd.DataFrame:
    """Return the share of added friends who deleted within each window.

    A friendship counts in a window once the window is over at the end of `as_of`, and only if
    it was under observation from its start: one first seen later (`observed_from` after
    `added_at`) tells nothing about who deleted before, so it is counted apart as unseen. (The
    survival curve of `commlab.metrics.survival.friendship_rows` uses those too.) A customer with
    two advisers has two friendships. Deletions by staff are not the customer's and not counted
    as such; the friendship stays in the denominator.

    Args:
        ds: The dataset, with contacts.
        split: "channel" (code), "adviser" (staff member), "script" (of the code), "add_way", or
            None for all together.
        windows: Days after adding, each 24 hours long.
        added_from: Only friendships added on this day or later; default: all.
        level: Confidence level.
        min_at_risk: Fewer friendships are "too_few"; default from the settings.

    Returns:
        Frame by segment and window: segment, days, friends (whose window is over), deleted,
        rate, low, high (Wilson, n divided by `deff`, the design effect of friends of one
        adviser, estimated as that of chat groups in `retention`), rest_rate (all other
        segments), difference (rate − rest_rate), p and p_adjusted (score test against the rest;
        Benjamini–Hochberg over all rows judged), flagged (p_adjusted below 1 − level),
        status ("ok" or "too_few", which has no rate), open (window not over), unseen, by_staff
        (deleted by staff within the window).

    Raises:
        MissingTableError: No contacts, or the split needs a table or column that is not there.
        ArgumentError: Unknown split or a window below 1 day.
    """
    if split is not None:
        guards.one_of("split", split, SPLITS)
    least = minimum(ds, min_at_risk)
    lengths = sorted({guards.whole("windows", int(days), low=1) for days in windows})
    # Sums of whole numbers: the order of the rows does not matter.
    cells = ds.frame(_cells(ds, split, lengths, guards.date("added_from", added_from)))
    grid = _by_adviser(cells, split)
    parts = [
        _window(cells, place, grid, level).assign(days=days) for place, days in enumerate(lengths)
    ]
    frame = pd.concat(parts, ignore_index=True)
    enough = (frame["friends"] >= least).to_numpy()
    rest_enough = (frame.pop("rest_friends") >= least).to_numpy()
    for name in ("rate", "low", "high", "deff"):
        frame[name] = frame[name].where(enough)
    for name in ("rest_rate", "difference", "p"):
        frame[name] = frame[name].where(enough & rest_enough)
    frame["p_adjusted"] = benjamini_hochberg(frame["p"].to_numpy(dtype=float))
    frame["flagged"] = (frame["p_adjusted"] < 1 - level).to_numpy(dtype=bool)
    frame["status"] = np.where(enough, "ok", "too_few")
    frame = frame.sort_values(["segment", "days"], kind="stable")
    return frame[list(COLUMNS)].reset_index(drop=True)


def _cells(
    ds: Dataset, split: str | None, windows: Sequence[int], added_from: dt.date | None
) -> ir.Table:
    """Counts of friendships by segment, adviser and class.

    Classes: `over` (how many windows are), `within` (place of the first window in which it was
    deleted; after the last: of none), `late` (not seen from the start), `staff` (who deleted).
    """
    friends = ds.table("contacts")
    friends = persons(ds, friends)
    if added_from is not None:
        friends = friends.filter(friends.added_at >= dt.datetime.combine(added_from, dt.time()))
    segment: ir.Value = ibis.literal("all")
    if split == "script":
        if "script" not in ds.columns("channels"):
            raise MissingTableError(
                "split == 'script' needs channels.script, which the workspace does not have.",
                where=ds.name,
                fix="Possible here: channel, adviser.",
            )
        scripts = ds.table("channels").select("channel", "script")
        friends = friends.left_join(scripts, "channel").drop("channel_right")
    if split is not None:
        segment = friends["staff_id" if split == "adviser" else split]
    added = friends.added_at.epoch_seconds()
    held = friends.deleted_at.epoch_seconds() - added
    room = ibis.literal(ds.end, "timestamp(6)").epoch_seconds() - added
    # Neither can one that was deleted before it was added tell when.
    late = (friends.observed_from > friends.added_at).fill_null(False)
    late = late | (held < 0).fill_null(False)
    places = range(len(windows))
    classes = {
        "segment": segment.cast("string").fill_null(UNKNOWN),
        "adviser": friends.staff_id,
        "over": ibis.cases(*[(room < windows[i] * _DAY, i) for i in places], else_=len(windows)),
        "within": ibis.cases(*[(held <= windows[i] * _DAY, i) for i in places],
                             else_=len(windows)),
        "late": late,
        "staff": (friends.deleted_by == "staff").fill_null(False),
    }  # fmt: skip
    # One count a class: sums for every window would read each row a dozen times.
    return friends.group_by(**classes).agg(n=friends.count())


def _by_adviser(cells: pd.DataFrame, split: str | None) -> tuple[pd.Index, int, Ints]:
    """Return the segments, the number of advisers, and the place of each cell in their grid."""
    segment, segments = pd.factorize(cells["segment"], sort=True)
    if split == "adviser":  # nobody else's friends are like theirs: nothing to tell apart
        return segments, 1, segment.astype(np.int64)
    adviser, advisers = pd.factorize(cells["adviser"], sort=True, use_na_sentinel=False)
    return segments, len(advisers), segment.astype(np.int64) * len(advisers) + adviser


def _window(
    cells: pd.DataFrame, place: int, grid: tuple[pd.Index, int, Ints], level: float
) -> pd.DataFrame:
    """Return counts, rates and comparisons by segment for one window.

    Args:
        cells: From `_cells`.
        place: Place of the window among all.
        grid: From `_by_adviser`.
        level: Confidence level.
    """
    late = cells["late"].to_numpy(dtype=bool)
    over = (cells["over"] > place).to_numpy() & ~late
    within = over & (cells["within"] <= place).to_numpy()
    staff = cells["staff"].to_numpy(dtype=bool)
    kinds = {
        "friends": over, "deleted": within & ~staff, "open": ~over & ~late,
        "by_staff": within & staff, "unseen": late,
    }  # fmt: skip
    segments, advisers, spot = grid
    shape = (len(segments), advisers)
    n = cells["n"].to_numpy(dtype=np.int64)
    counts = {
        name: np.bincount(spot, n * of, minlength=shape[0] * shape[1]).reshape(shape).astype(float)
        for name, of in kinds.items()
    }
    frame = pd.DataFrame({"segment": segments})
    for name, values in counts.items():
        frame[name] = values.sum(axis=1).astype(np.int64)
    sizes, gone = counts["friends"], counts["deleted"]
    friends, deleted = sizes.sum(axis=1), gone.sum(axis=1)
    deff = np.ones(len(frame))
    if advisers > 1:
        # Friends of one adviser are alike, each segment's rate removed.
        likeness = estimate(sizes.T, gone.T[:, :, None], np.ones((len(segments), 1), dtype=bool))
        deff = likeness.design_effect((sizes**2).sum(axis=1), friends, level)
    rest, rest_deleted = friends.sum() - friends, deleted.sum() - deleted
    low, high = wilson(deleted, friends, level=level, deff=deff)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate, rest_rate = deleted / friends, rest_deleted / rest
    return frame.assign(
        rate=rate,
        low=low,
        high=high,
        deff=deff,
        rest_friends=rest,
        rest_rate=rest_rate,
        difference=rate - rest_rate,
        p=two_proportion_p(deleted, friends, rest_deleted, rest, deff=deff),
    )
