"""Friend loss: the share of added friends who deleted the adviser within a day, a week, a month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from commlab import guards
from commlab.errors import MissingTableError
from commlab.estimate import LEVEL
from commlab.metrics.cohorts import UNKNOWN
from commlab.metrics.rates import minimum
from commlab.metrics.similarity import Similarity, estimate
from commlab.metrics.stays import persons
from commlab.stats import benjamini_hochberg, two_proportion_p, wilson

if TYPE_CHECKING:
    from commlab.dataset import Dataset

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
    cells = ds.frame(
        _cells(ds, split, lengths, guards.date("added_from", added_from)), ["segment", "adviser"]
    )
    parts = [_window(cells, days, split, level) for days in lengths]
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
    """Counts by segment and adviser: for each window friends, deleted, open, by_staff; unseen."""
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
    staff = (friends.deleted_by == "staff").fill_null(False)
    aged = friends.select(
        segment=segment.cast("string").fill_null(UNKNOWN),
        adviser=friends.staff_id,
        held=held,
        room=room,
        late=late,
        staff=staff,
    )
    counts: dict[str, ir.Value] = {"unseen": aged.late.sum()}
    for days in windows:
        over = (aged.room >= days * _DAY) & ~aged.late
        within = ((aged.held <= days * _DAY) & over).fill_null(False)
        counts[f"friends_{days}"] = over.sum()
        counts[f"deleted_{days}"] = (within & ~aged.staff).sum()
        counts[f"by_staff_{days}"] = (within & aged.staff).sum()
        counts[f"open_{days}"] = ((aged.room < days * _DAY) & ~aged.late).sum()
    whole = {name: value.fill_null(0).cast("int64") for name, value in counts.items()}
    return aged.group_by(["segment", "adviser"]).agg(**whole)


def _window(cells: pd.DataFrame, days: int, split: str | None, level: float) -> pd.DataFrame:
    n, k = cells[f"friends_{days}"], cells[f"deleted_{days}"]
    named = {
        "friends": f"friends_{days}", "deleted": f"deleted_{days}", "open": f"open_{days}",
        "by_staff": f"by_staff_{days}", "unseen": "unseen",
    }  # fmt: skip
    summed = cells.groupby("segment", sort=True)[list(named.values())].sum()
    frame = summed.rename(columns={old: new for new, old in named.items()})
    deff = np.ones(len(frame))
    if split != "adviser" and len(cells):
        squares = (n.astype(float) ** 2).groupby(cells["segment"]).sum().reindex(frame.index)
        deff = _likeness(cells, n, k).design_effect(squares, frame["friends"], level)
    friends = frame["friends"].to_numpy(dtype=float)
    deleted = frame["deleted"].to_numpy(dtype=float)
    rest, rest_deleted = friends.sum() - friends, deleted.sum() - deleted
    low, high = wilson(deleted, friends, level=level, deff=deff)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate, rest_rate = deleted / friends, rest_deleted / rest
    return frame.reset_index().assign(
        days=days,
        rate=rate,
        low=low,
        high=high,
        deff=deff,
        rest_friends=rest,
        rest_rate=rest_rate,
        difference=rate - rest_rate,
        p=two_proportion_p(deleted, friends, rest_deleted, rest, deff=deff),
    )


def _likeness(cells: pd.DataFrame, friends: pd.Series, deleted: pd.Series) -> Similarity:
    """Return how alike friends of one adviser are, each segment's rate removed."""
    adviser, names = pd.factorize(cells["adviser"], use_na_sentinel=False)
    segment, segments = pd.factorize(cells["segment"])
    sizes, gone = np.zeros((2, len(names), len(segments)))
    np.add.at(sizes, (adviser, segment), friends.to_numpy(dtype=float))
    np.add.at(gone, (adviser, segment), deleted.to_numpy(dtype=float))
    return estimate(sizes, gone[:, :, None], np.ones((len(segments), 1), dtype=bool))
