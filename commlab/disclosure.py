"""What the columns of shared tables hold: people, figures about people, or labels.

Every table and chart that leaves for `share/` passes `protect` once (`commlab.report.shared`). A
notebook has nothing to do for it: the names of columns say what they hold, declared here and only
here. What is not declared is taken for the worst that it could be: whole numbers for counts of
people, other numbers for figures that give such counts away. `undeclared` lists what a frame has
of those, and a test holds every frame of the notebooks to it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, MutableMapping
from typing import Any

import numpy as np
import pandas as pd

from commlab import coarsening
from commlab.errors import ArgumentError
from commlab.layouts import KIN, Layout
from commlab.relations import build
from commlab.suppression import COMPLEMENT, SHOWN, SMALL, is_small, suppress
from commlab.tables import TABLES

# Counts of people (or of friendships and stays, one or two a person) → the counts that they are
# part of, the first that the frame has.
PEOPLE: dict[str, tuple[str, ...]] = {
    "size": (),
    "at_risk": (),
    "active": ("at_risk",),
    "members": (), "valuable": ("members",),
    "new": (), "retained": (), "resurrected": (), "activated_late": (), "dormant": (), "left": (),
    "created_inactive": (),
    "friends": (),
    "deleted": ("friends",),
    "by_staff": ("friends",),
    "open": (),
    "unseen": (),
    "buyers": ("at_risk", "members"),
    "repurchasers": ("buyers",),
    "repeat_buyers": ("buyers",),
    "customers": (),
    "losses": ("at_risk",),
    "n_before": (), "n_after": (),
    "mau": (),
    "stays": (),
    "unknown_start": ("stays",), "late_entry": ("stays",), "bracketed": ("stays",),
    "moved": ("stays",), "stale": ("stays",), "before_observation": ("stays",),
    "before_beginning": ("stays",),
    "people": (),
    "returned": ("at_risk",),
    "joined": (),
    "inviters": (),
    "invitees": (), "kept": ("invitees",),
    "orders": (), "messages": (), "resolved": ("messages",),
    "planned": (), "executed": ("planned",), "delivered": ("executed",), "over": ("delivered",),
    "clicked": ("over", "delivered"),
    "exposures": (), "clicks": ("exposures",), "comments": ("exposures",),
    "shares": ("exposures",), "reacted": ("exposures",), "creators": (),
    "hits": ("people",), "negative": ("messages",), "messages_before": (), "signs": (),
    "bought": (), "speakers": (), "askers": ("speakers",), "answerers": ("speakers",),
    "sharers": (), "paid_sharers": (), "bringers": (),
    "n_control": (), "n_treated": (),
    "reached": (), "took": ("at_risk",), "waiting": (), "already": (), "yes": ("people",),
    "returning": ("buyers",),
    "chats": (), "negative_feedback": (),
    "promises": (), "entries": (), "completed": (),
    "assigned": (), "members_in": (), "members_out": (),
    "went": ("at_risk",), "tagged": ("at_risk",), "dated": ("tagged",), "old": ("dated",),
    "torn": ("tagged",),
}  # fmt: skip
# Counts that tell when people came, not what they did: hidden when small, not worth a complement.
LOOSE = frozenset({"open", "unseen", "by_staff", "waiting", "already"})
# Shares whose count is not in the frame → the count that they are shares of.
SHARES = {"rate_before": "n_before", "rate_after": "n_after", "actual": "at_risk",
          "active_share": "members", "newcomer_share": "members",
          "happened": "people", "rate_in": "members_in", "rate_out": "members_out"}  # fmt: skip
# Rows of tables: people's doings where the table names a person, else not.
ROWS = frozenset({"rows", "events"})
PERSONAL_TABLES = frozenset(
    name
    for name, table in TABLES.items()
    if any(column.references == "members.member_id" for column in table.columns)
    or name == "members"
)
# Labels and whole numbers that are not people.
LABELS = frozenset({
    "segment", "cohort", "period", "last", "label", "kind", "group", "month", "table", "activity",
    "days", "day", "active_days", "starts_on", "ends_on", "cutoff", "horizon", "method",
    "dimension", "status", "repurchase_status", "notebook", "missing", "severity", "column",
    "rule", "unit", "examples", "what", "fix", "cohorts", "from_day", "days_before_as_of",
    "first", "until", "hidden", "score", "feature", "state", "band", "send", "action", "pair",
    "frequency", "week", "level", "chosen", "top", "parameter",
    "rank", "strong", "part", "reason", "signal", "posts",
    "start", "end", "hour", "weekday", "age", "weeks", "golden_weeks", "golden_share",
    "line_weeks",
    "groups", "deaths", "sure", "gap_weeks", "hard_share", "staff_gap", "silent_week",
    "staff_share", "ad_share", "staff_messages", "atmosphere", "log_loss", "error",
    "could_be_best",
    "neglect", "ads_only", "imprecise", "revived",
    "reaction", "again",
    "audience", "batches", "outcome", "recent", "silent_weeks", "gap_days", "topic", "words",
    "form", "maker", "by_members", "question", "wave", "side", "source", "category", "word",
    "posted_at", "content_id",
    "times", "units", "holdout", "detectable", "decile", "draws", "rejected", "passed", "alike",
    "place", "seen", "age_low", "age_high",
    "target", "complete",
    "generation", "most",
    "event",
    "teams", "campaign",
    "lines",
    "month_low", "month_high",
    "recency", "above", "up_to", "tags",
    "more",
})  # fmt: skip
# Figures that go with the counts of their row: they are hidden together. Ends of intervals,
# p-values and differences from the rest are made from the counts and lead back to them.
FIGURES = frozenset({
    "rate", "low", "high", "deff", "n_effective", "rest_rate", "rest_at_risk", "difference", "p",
    "p_adjusted", "flagged", "lost", "lost_low", "lost_high", "expected", "ratio", "share",
    "at_least", "survival", "revenue", "base", "net_revenue", "net_per_member", "net_low",
    "net_high", "p_repurchase", "repurchase_rate", "repurchase_low", "repurchase_high", "dau",
    "wau", "stickiness", "share_before", "share_after", "rate_before", "rate_after", "mix",
    "mix_low", "mix_high", "rate_low", "rate_high", "predicted", "actual", "covered", "baseline",
    "fitted", "value", "said", "happened", "rise", "psi", "value_at_risk",
    "bias", "mae", "rmse", "log_score", "covered50", "covered80", "covered95",
    "actual_mean", "predicted_mean", "actual_week", "predicted_week", "mean", "mean_low",
    "mean_high", "weight", "total", "share_people", "share_value", "cycle", "cycle_low",
    "cycle_high", "cycle_25", "cycle_75", "own", "own_low", "own_high", "lifetimes",
    "spent", "per_member", "per_buyer",
    "points", "consumption_rank", "content_rank", "interaction_rank", "social_rank",
    "answered_ratio", "in_draws", "value_low", "value_high", "lift", "margin",
    "active_share", "newcomer_share", "per_active", "focus", "focus_low", "focus_high", "risk",
    "log_messages", "trend", "newcomers", "rest_share", "p_class", "members_mean",
    "pooled", "newcomer", "newcomer_low", "newcomer_high", "newcomer_pooled",
    "reward", "net", "depth", "pagerank", "expertise", "brokerage",
    "executed_rate", "executed_low", "executed_high", "delivered_rate", "delivered_low",
    "delivered_high", "clicked_rate", "clicked_low", "clicked_high", "after", "matched",
    "ratio_low", "ratio_high", "raw", "p_best", "per_click", "change", "winner",
    "control", "treated", "others", "cuped", "cuped_low", "cuped_high", "cuped_error", "relative",
    "smd", "uplift", "gain", "random", "profit", "profit_low", "profit_high", "qini", "auuc",
    "best_share", "best_profit", "best_low", "best_high",
    "median_hours", "median_low", "median_high", "adjusted", "adjusted_low", "adjusted_high",
    "best", "in_top", "reply_share", "reply_minutes", "cost", "chance", "gross", "refunds",
    "raw_low", "raw_high", "referred", "alone", "per_entry", "worth",
    "survival_low", "survival_high", "loss", "harm", "share_low", "share_high", "per_chat",
    "member_days", "per_person",
    "later", "billed", "running", "running_low", "running_high", "per_day", "per_day_low",
    "per_day_high", "attributed", "attributed_net", "rate_in", "rate_out", "naive", "naive_low",
    "naive_high", "trimmed", "balanced", "robust", "robust_low", "benchmarked", "mean_in",
    "mean_in_low", "mean_in_high", "mean_out", "mean_out_low", "mean_out_high",
    "difference_low", "difference_high",
    "before", "before_low", "before_high", "after_low", "after_high", "change_low", "change_high",
    "total_low", "total_high", "old_rate", "median_days", "net_difference", "net_p_adjusted",
    "net_flagged",
    "now",
})  # fmt: skip
# A finding of the checks is about rows with a fault, not about people of a kind.
_FAULTS = frozenset({"severity", "rule", "rows"})

MASKED = "masked"  # status of a row whose figures are hidden
MARKS = "hidden"  # column that says which counts of a row are hidden
_MARK = re.compile(r"([^;<]+?)(<\d+)?(?:; |\Z)")

Seen = MutableMapping[tuple[Any, ...], int]


def kind_of(frame: pd.DataFrame, name: str) -> str:
    """Return what a column holds: "people", "figure" or "label".

    Example:
        >>> frame = pd.DataFrame({"active": [7], "rate": [0.1], "mystery": [3]})
        >>> [kind_of(frame, name) for name in frame]
        ['people', 'figure', 'people']
    """
    values = frame[name]
    if name in ROWS and ({"table", "activity"} & set(frame.columns)):
        return "label" if set(frame.columns) >= _FAULTS else "people"
    if name in LABELS or pd.api.types.is_datetime64_any_dtype(values):
        return "label"
    if name in FIGURES:
        return "figure"
    if name in PEOPLE or pd.api.types.is_integer_dtype(values):
        return "people"
    return "figure" if pd.api.types.is_numeric_dtype(values) else "label"


def undeclared(frame: pd.DataFrame) -> list[str]:
    """Return the columns with numbers whose names are not declared in this module.

    Example:
        >>> undeclared(pd.DataFrame({"active": [7], "mystery": [3]}))
        ['mystery']
    """
    known = {*PEOPLE, *LABELS, *FIGURES, *ROWS}
    return [
        str(name)
        for name in frame.columns
        if name not in known and pd.api.types.is_numeric_dtype(frame[name])
    ]


def protect(frame: pd.DataFrame, small: int, *, seen: Seen | None = None) -> pd.DataFrame:
    r"""Return a frame without counts of 1 to `small` − 1 people, nor what would reveal them.

    Hidden counts and the figures of their rows are missing. A column `hidden` says which:
    `active<5` where the count is small, `active` where it is hidden to protect another. A column
    `status` becomes "masked" in rows whose figures are hidden. Distributions over days, and
    curves by day, lose no cell: their rows are put together until each holds enough people.

    Args:
        frame: Any frame; it stays as it is. One that `protect` made is returned as it is.
        small: The smallest number of people that may be shown.
        seen: What the same page has shown and hidden so far; kept up to date. The same count in
            two tables is then shown in both or in none.

    Example:
        >>> frame = pd.DataFrame({"segment": ["a", "b", "c"], "at_risk": 90, "active": [3, 30, 9]})
        >>> protect(frame, 5)[["segment", "active", "hidden"]].to_csv(index=False)
        'segment,active,hidden\na,,active<5\nb,30,\nc,,active\n'
    """
    if small <= 1 or MARKS in frame.columns or frame.empty:
        return frame
    frame = frame.reset_index(drop=True)
    coarse = coarsening.coarsen(frame, small)
    if coarse is not None:
        return coarse
    counts = [str(name) for name in frame.columns if kind_of(frame, name) == "people"]
    shares = {name: of for name, of in SHARES.items() if name in frame and of in frame}
    if not counts:
        _refuse_bare_figures(frame)
        return frame
    layout = _layout(frame, counts, shares, seen)
    problem = build(layout, small)
    found = suppress(problem.table, small)
    states = problem.spread(found)
    for name in LOOSE & set(counts):
        states[name] = np.where(is_small(layout.counts[name], small), SMALL, SHOWN)
    if seen is not None:
        for total, cell in problem.totals.items():
            if found[cell] != SHOWN:
                seen[total] = int(found[cell])
        for name in layout.counts:
            for key, state in zip(layout.identities(name), states[name], strict=True):
                seen[key] = max(int(state), seen.get(key, SHOWN))
        for name in KIN & set(layout.counts):
            gone = states[name] != SHOWN
            seen.update(dict.fromkeys(itertools.compress(layout.kin(name), gone), COMPLEMENT))
    return _masked(frame, states, counts, small)


def _refuse_bare_figures(frame: pd.DataFrame) -> None:
    bare = [name for name in SHARES if name in frame] or [
        name for name in undeclared(frame) if kind_of(frame, name) == "figure"
    ]
    if bare:
        raise ArgumentError(
            f"the column {bare[0]!r} stands without the number of people behind it, so nobody "
            "can tell whether it may be shown.",
            fix="Add that count as a column, or declare what the column holds in "
            "commlab/disclosure.py.",
        )


def _layout(
    frame: pd.DataFrame, counts: list[str], shares: dict[str, str], seen: Seen | None
) -> Layout:
    values = {name: _numbers(frame, name) for name in counts}
    for name in ROWS & set(counts):
        if "table" in frame:
            own = frame["table"].astype(str).isin(PERSONAL_TABLES).to_numpy()
            values[name] = np.where(own, values[name], np.nan)
    wholes = {}
    for name in counts:
        if name not in LOOSE:
            of = next((whole for whole in PEOPLE.get(name, ()) if whole in values), "")
            wholes[name] = of
    for name, of in shares.items():
        values[f"{name}·"] = np.round(_numbers(frame, name) * values[of])
        wholes[f"{name}·"] = of
    labels = [name for name in frame.columns if kind_of(frame, name) == "label"]
    return Layout(frame, values, wholes, labels, dict(seen or {}))


def _numbers(frame: pd.DataFrame, name: str) -> np.ndarray:
    return frame[name].astype("Float64").to_numpy(dtype=float, na_value=np.nan)


def _masked(
    frame: pd.DataFrame, states: dict[str, np.ndarray], counts: list[str], small: int
) -> pd.DataFrame:
    gone = np.zeros(len(frame), dtype=bool)
    marks: list[list[str]] = [[] for _ in range(len(frame))]
    for name, state in states.items():
        if name not in LOOSE:
            gone |= state != SHOWN
        for place in np.flatnonzero(state != SHOWN) if name in counts else ():
            marks[place].append(f"{name}<{small}" if state[place] == SMALL else name)
    if not gone.any() and not any(marks):
        return frame
    out = frame.copy()
    for name in counts:
        out[name] = out[name].astype("Float64" if out[name].dtype.kind == "f" else "Int64")
        out[name] = out[name].mask(states[name] != SHOWN)
    gone_base = _without_base(frame, gone)
    for name in frame.columns:
        if kind_of(frame, name) == "figure":
            hide = gone | gone_base if name in ("base", "rate", "low", "high") else gone
            kind = {"b": "boolean", "i": "Int64"}.get(frame[name].dtype.kind, "float64")
            out[name] = out[name].astype(pd.api.types.pandas_dtype(kind)).mask(hide)
    figures = any(kind_of(frame, name) == "figure" for name in frame.columns)
    for name in ("status", "repurchase_status"):
        if name in frame and figures:
            out[name] = out[name].mask((gone | gone_base) & (out[name] == "ok"), MASKED)
    return out.assign(**{MARKS: ["; ".join(row) for row in marks]})


def _without_base(frame: pd.DataFrame, gone: np.ndarray) -> np.ndarray:
    """Return the rows whose base is the hidden money of their joining period."""
    if not {"base", "period"} <= set(frame.columns):
        return np.zeros(len(frame), dtype=bool)
    keys = [name for name in ("segment", "cohort") if name in frame]
    hidden = frame.loc[gone & (frame["period"] == 0).to_numpy(), keys]
    mine = pd.MultiIndex.from_frame(frame[keys])
    return np.asarray(mine.isin(pd.MultiIndex.from_frame(hidden)))


def marks(text: str) -> dict[str, str]:
    """Return what a cell of the column `hidden` says: count → "<5", or "" for a complement.

    Example:
        >>> marks("active<5; at_risk")
        {'active': '<5', 'at_risk': ''}
    """
    return {name: mark or "" for name, mark in _MARK.findall(text)} if text else {}


def any_hidden(frames: Iterable[Any]) -> bool:
    """Return whether one of some values is a frame in which `protect` has hidden something."""
    return any(
        isinstance(frame, pd.DataFrame)
        and MARKS in frame.columns
        and bool((frame[MARKS] != "").any())
        for frame in frames
    )


__all__ = [
    "COMPLEMENT", "FIGURES", "LABELS", "LOOSE", "MARKS", "MASKED", "PEOPLE", "SHOWN", "SMALL",
    "any_hidden", "kind_of", "marks", "protect", "undeclared",
]  # fmt: skip
