"""Who leaves after advertising: days of a group with hard or soft ads against days without any.

Days are matched within the group and month, so that lively and dying groups are not compared with
each other. When staff advertise is not dealt out at random: association.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from commlab import guards, stats
from commlab.config import MIN_EVENTS
from commlab.errors import MissingTableError, NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.metrics import periods

if TYPE_CHECKING:
    from commlab.dataset import Dataset

WINDOW = 3  # days: who goes because of an ad goes soon; snapshots are taken daily
FEW_GROUPS = 5  # the interval takes groups as the units
KINDS, EVENTS = ("hard", "soft"), ("left", "deleted")
_NOT_LEAVING = ("migrated", "closed", "removed")


def losses_after_ads(ds: Dataset, *, level: float = LEVEL) -> pd.DataFrame:
    """Return how much likelier members leave, or delete an adviser, in the days after ads.

    A day with ads of one kind counts when none of the other was posted two days before or after
    it; a day without when none at all was. Losses from the day on to two days later, of those in
    the group when it began. The ratio is that of Mantel & Haenszel over groups and months, groups
    being the units (delta method on the log scale).

    Args:
        ds: The dataset, with messages that say which are ads, and memberships.
        level: Confidence level.

    Returns:
        Frame by kind ("hard", "soft") and event ("left", "deleted"; the latter with contacts):
        kind, event, groups, days (of groups with ads), losses (members lost after them), share
        (of members present, lost after ads), rest_share (without ads, at the same mix), ratio
        with low and high, p_adjusted (Benjamini–Hochberg), flagged, status.

    Raises:
        MissingTableError: No messages or memberships, or no message says whether it is an ad.
        NotEnoughDataError: No ads were posted to a group.
    """
    panel = _panel(ds)
    names = [name for name in EVENTS if name in panel]
    rows = [_row(panel, kind, event, level) for event in names for kind in KINDS]
    frame = pd.DataFrame(rows)
    frame["p_adjusted"] = stats.benjamini_hochberg(frame.pop("p").to_numpy(dtype=float))
    frame["flagged"] = (frame["p_adjusted"] < 1 - level).to_numpy(dtype=bool)
    return frame


def group_losses_after_ads(ds: Dataset, kind: str = "hard", event: str = "left") -> pd.DataFrame:
    """Return by group what was lost in the days after ads, and on days without.

    Counted as in `losses_after_ads`; months in which a group had only one of the two are left out.

    Args:
        ds: The dataset, with messages that say which are ads, and memberships.
        kind: "hard" or "soft".
        event: "left" or "deleted" (with contacts).

    Returns:
        Frame sorted by group_id: group_id, days (with ads), losses (members lost after them),
        member_days (of those present), rest_losses (on days without; of windows that overlap, so
        each loss counts up to three times), months (with both), ratio (Mantel & Haenszel over
        months), variance (of its log: delta method over months, the larger of it and that of
        counts, which few months can fall below by chance).

    Raises:
        ArgumentError: Unknown kind or event.
        MissingTableError: No messages or memberships, no message says whether it is an ad, or no
            contacts for "deleted".
        NotEnoughDataError: No ads were posted to a group.
    """
    guards.one_of("kind", kind, KINDS)
    guards.one_of("event", event, EVENTS)
    panel = _panel(ds)
    if event not in panel:
        raise MissingTableError("deletions of advisers are in contacts.", where=ds.name)
    both = _cells(panel, kind, event)
    whole = both["m"] + both["n"]
    both["y"], both["x"] = both["a"] * both["n"] / whole, both["b"] * both["m"] / whole
    both["months"] = 1.0
    for one, two in ("yy", "xx", "xy"):
        both[one + two] = both[one] * both[two]
    sums = both.groupby("group_id").sum()
    n, y, x = sums["months"], sums["y"], sums["x"]
    with np.errstate(invalid="ignore", divide="ignore"):
        sums["ratio"] = y / x
        spread = sums["yy"] / y**2 + sums["xx"] / x**2 - 2 * sums["xy"] / (x * y)
        sums["variance"] = np.maximum(spread * n / (n - 1), 1 / sums["a"] + WINDOW / sums["b"])
    frame = sums.rename(columns={"a": "losses", "b": "rest_losses", "m": "member_days"})
    counts = ["days", "losses", "member_days", "rest_losses", "months"]
    frame = frame.astype(dict.fromkeys(counts, int))
    return frame[[*counts, "ratio", "variance"]].reset_index()


def _cells(panel: pd.DataFrame, kind: str, event: str) -> pd.DataFrame:
    """Return by group and month losses after ads (a) of members (m), and without (b) of (n)."""
    used = panel[(panel[f"with_{kind}"] | panel["without"]) & (panel["at_risk"] > 0)]
    exposed = used[f"with_{kind}"]
    cells = pd.DataFrame({
        "group_id": used["group_id"], "month": used["month"],
        "a": used[event].where(exposed, 0), "m": used["at_risk"].where(exposed, 0),
        "b": used[event].mask(exposed, 0), "n": used["at_risk"].mask(exposed, 0),
        "days": exposed.astype(int),
    }).groupby(["group_id", "month"], sort=True).sum()  # fmt: skip
    return cells[(cells["m"] > 0) & (cells["n"] > 0)].astype(float)


def _row(panel: pd.DataFrame, kind: str, event: str, level: float) -> dict[str, object]:
    """Return the Mantel–Haenszel ratio of losses over group and month."""
    both = _cells(panel, kind, event)
    whole = both["m"] + both["n"]
    y = (both["a"] * both["n"] / whole).groupby("group_id").sum()
    x = (both["b"] * both["m"] / whole).groupby("group_id").sum()
    out: dict[str, object] = {
        "kind": kind, "event": event, "groups": len(y), "days": int(both["days"].sum()),
        "losses": int(both["a"].sum()), "share": np.nan, "rest_share": np.nan, "ratio": np.nan,
        "low": np.nan, "high": np.nan, "p": np.nan, "status": "too_few",
    }  # fmt: skip
    if len(y) < FEW_GROUPS or min(both["a"].sum(), both["b"].sum()) < MIN_EVENTS:
        return out
    ratio, low, high = (float(end) for end in stats.ratio_interval(
        len(y), y.sum(), x.sum(), (y * y).sum(), (x * x).sum(), (x * y).sum(), level=level,
        log=True))  # fmt: skip
    share = both["a"].sum() / both["m"].sum()
    out |= {"share": share, "rest_share": share / ratio, "ratio": ratio, "low": low, "high": high,
            "p": _p(ratio, y, x), "status": "ok"}  # fmt: skip
    return out


def _p(ratio: float, y: pd.Series, x: pd.Series) -> float:
    """Return the two-sided p of a ratio of 1: Student's t on y − x over groups."""
    from scipy import stats as scipy_stats

    gap = y - x
    error = float(np.sqrt(len(gap) * gap.var(ddof=1)))
    if not error:
        return 1.0 if ratio == 1 else float("nan")
    return float(2 * scipy_stats.t.sf(abs(gap.sum()) / error, len(gap) - 1))


def _panel(ds: Dataset) -> pd.DataFrame:
    """Return one row a group and day: who was there, who was lost, and which ads were posted."""
    if not ds.has("messages", "memberships") or "is_ad" not in ds.columns("messages"):
        raise MissingTableError(
            "this needs memberships, and messages that say which are ads (is_ad).", where=ds.name
        )
    ads = _daily_ads(ds)
    if ads.empty:
        raise NotEnoughDataError("no message to a group is marked as an ad.", where=ds.name)
    flows = _flows(ds)
    last = periods.number_of(ds.as_of, "day")
    # From the first ad on: before it nobody knows whether ads were marked at all.
    first = int(ads["day"].min())
    groups = np.unique(ads["group_id"].to_numpy(str))
    days = np.arange(min(first, int(flows["day"].min())), last + 1)
    index = pd.MultiIndex.from_product([groups, days], names=["group_id", "day"])
    both = [frame.set_index(["group_id", "day"]) for frame in (ads, flows)]
    wide = pd.concat([part.reindex(index, fill_value=0) for part in both], axis=1).fillna(0)
    by = wide.groupby(level="group_id")
    wide["at_risk"] = by["came"].cumsum() - by["went"].cumsum() - wide["came"] + wide["went"]
    for name in (name for name in EVENTS if name in wide):
        shifted = [by[name].shift(-k) for k in range(WINDOW)]
        wide[name] = sum(shifted[1:], shifted[0])
    near = {kind: _near(wide[kind] > 0) for kind in KINDS}
    wide["with_hard"] = (wide["hard"] > 0) & ~near["soft"]
    wide["with_soft"] = (wide["soft"] > 0) & ~near["hard"]
    wide["without"] = ~near["hard"] & ~near["soft"]
    frame = wide.reset_index()
    frame = frame[(frame["day"] >= first) & (frame["day"] <= last - WINDOW + 1)].copy()
    frame["month"] = frame["day"] // 30  # blocks of 30 days, all of one length
    return frame


def _near(posted: pd.Series) -> pd.Series:
    """Return on which days something was posted at most two days before or after."""
    by = posted.groupby(level="group_id")
    near = posted.copy()
    for k in range(1, WINDOW):
        near |= by.shift(k, fill_value=False) | by.shift(-k, fill_value=False)
    return near


def _daily_ads(ds: Dataset) -> pd.DataFrame:
    messages = ds.table("messages")
    rows = messages.filter(messages.group_id.notnull(), messages.is_ad.isin(KINDS),
                           ~messages.revoked)  # fmt: skip
    rows = rows.select("group_id", "is_ad", day=periods.number(rows.sent_at, "day"))
    sums = rows.group_by("group_id", "day").agg(
        hard=(rows.is_ad == "hard").sum(), soft=(rows.is_ad == "soft").sum()
    )
    return ds.frame(sums, ["group_id", "day"])


def _flows(ds: Dataset) -> pd.DataFrame:
    """Return by group and day who came, who went, who left and who deleted an adviser."""
    stays = ds.table("memberships").anti_join(ds.staff_ids(), "member_id")
    left = ~stays.leave_kind.isin(_NOT_LEAVING).fill_null(False)
    begins = stays.select("group_id", day=periods.number(stays.joined_at, "day"), came=_one(),
                          went=_none(), left=_none(), deleted=_none())  # fmt: skip
    ended = stays.filter(stays.left_at.notnull())
    ends = ended.select("group_id", day=periods.number(ended.left_at, "day"), came=_none(),
                        went=_one(), left=left.cast("int64"), deleted=_none())  # fmt: skip
    parts = [begins, ends]
    if ds.has("contacts"):
        parts.append(_deletions(ds, stays))
    rows = ibis.union(*parts)
    names = ["came", "went", "left", *(["deleted"] if ds.has("contacts") else [])]
    sums = rows.group_by("group_id", "day").agg(**{name: rows[name].sum() for name in names})
    return ds.frame(sums, ["group_id", "day"])


def _deletions(ds: Dataset, stays: ir.Table) -> ir.Table:
    """Return deletions of advisers by those who were in a group then, once a group and day."""
    friends = ds.table("contacts")
    gone = friends.filter(friends.deleted_at.notnull(),
                          friends.deleted_by.fill_null("customer") == "customer")  # fmt: skip
    gone = gone.select("member_id", at="deleted_at")
    there = stays.select("member_id", "group_id", begin="joined_at", end="left_at")
    rows = gone.inner_join(there, "member_id")
    rows = rows.filter(rows["at"] >= rows.begin,
                       rows.end.isnull() | (rows["at"] <= rows.end))  # fmt: skip
    rows = rows.select("member_id", "group_id", day=periods.number(rows["at"], "day")).distinct()
    return rows.select("group_id", "day", came=_none(), went=_none(), left=_none(), deleted=_one())


def _one() -> ir.Value:
    return ibis.literal(1, "int64")


def _none() -> ir.Value:
    return ibis.literal(0, "int64")
