"""What was known of each buyer at a cutoff, and whether the buyer came back within a horizon.

Rows of features are read from the dataset as it was known at the end of the cutoff
(`Dataset.at`), so nothing later can be in them: refunds, leavings and tags of later days included.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from commlab import guards
from commlab.errors import NotEnoughDataError
from commlab.metrics import periods
from commlab.metrics.rfm import occasions

if TYPE_CHECKING:
    from commlab.dataset import Dataset

QUANTILE = 0.85  # of the gaps between purchases: most who come back have done so by then
STEP = 28  # days between test cutoffs
MOST_ROWS = 200_000  # people a cutoff: a sample as large trains a classifier as well as all
BATCH = 100_000  # rows that leave the engine at once: some 20 MB
_HEX = 8  # digits of the digest that the sample is taken by
_WINDOWS = (30, 90)

# Events of touchpoints that are a sign of interest, not an address by the brand.
_INTEREST = ("clicked", "visited", "carted", "watched", "shared", "chatted")


@dataclasses.dataclass(frozen=True)
class Cutoffs:
    """Days at which to train, calibrate and test, each the last one known.

    Attributes:
        train: Day whose outcomes are over at `calibrate`.
        calibrate: Day whose outcomes are over at `test`.
        test: Day whose outcomes are over at `as_of`, or `as_of` itself where people are scored.
    """

    train: dt.date
    calibrate: dt.date
    test: dt.date


def churn_horizon(ds: Dataset, quantile: float = QUANTILE) -> int:
    """Return after how many days of silence most who come back would have: whole weeks.

    The quantile of the days between two purchases of one person, rounded up to a week. Gaps that
    are still open are not in it, so it is the pace of those who do come back.

    Args:
        ds: The dataset, with orders.
        quantile: Between 0 and 1.

    Raises:
        NotEnoughDataError: Fewer than 100 gaps.
    """
    guards.in_range("quantile", quantile, low=0, high=1, open_low=True, open_high=True)
    days = occasions(ds)
    own = ibis.window(group_by="member_id", order_by="day")
    gaps = days.select(gap=days.day - days.day.lag().over(own))
    counted = gaps.filter(gaps.gap.notnull()).group_by("gap").agg(n=lambda t: t.count())
    frame = ds.frame(counted, ["gap"])
    if frame["n"].sum() < 100:
        raise NotEnoughDataError(
            f"only {int(frame['n'].sum()):,} second and later purchases, must be 100.",
            fix="Give the horizon in days.",
        )
    share = frame["n"].cumsum() / frame["n"].sum()
    days_of_silence = int(frame.loc[share >= quantile, "gap"].iloc[0])
    return -(-days_of_silence // 7) * 7


def churn_cutoffs(ds: Dataset, horizon: int, *, tests: int = 3, step: int = STEP) -> list[Cutoffs]:
    """Return the days of a rolling backtest, the latest first.

    Args:
        ds: The dataset, with orders.
        horizon: Days within which somebody comes back or not.
        tests: At most so many test cutoffs.
        step: Days between them.

    Raises:
        NotEnoughDataError: The orders began less than three horizons and four weeks before
            `as_of`: nothing could be learnt, calibrated and tested apart.
    """
    for name, value in (("horizon", horizon), ("tests", tests), ("step", step)):
        guards.whole(name, value, low=1)
    orders = ds.table("orders")
    first = ds.frame(orders.agg(first=orders.paid_at.min()))["first"].iloc[0]
    span = dt.timedelta(days=horizon)
    found = []
    for place in range(tests):
        test = ds.as_of - span - dt.timedelta(days=step * place)
        days = Cutoffs(test - 2 * span, test - span, test)
        if pd.isna(first) or (days.train - first.date()).days < STEP:
            break
        found.append(days)
    if not found:
        raise NotEnoughDataError(
            f"the orders cover less than {3 * horizon + STEP} days: a horizon of {horizon} days "
            "cannot be learnt, calibrated and tested on three spells apart.",
            fix="Use a shorter horizon.",
        )
    return found


def churn_days(*cutoffs: Cutoffs, scored: Cutoffs | None = None) -> list[dt.date]:
    """Return the days whose labelled rows are needed, each once.

    Args:
        *cutoffs: Of a backtest.
        scored: Of the scoring; its `test` has no labels yet.
    """
    wanted = {day for days in cutoffs for day in (days.train, days.calibrate, days.test)}
    return sorted(wanted | ({scored.train, scored.calibrate} if scored else set()))


def scoring_cutoffs(ds: Dataset, horizon: int) -> Cutoffs:
    """Return the days to learn from for scoring everybody at `as_of`."""
    span = dt.timedelta(days=horizon)
    return Cutoffs(ds.as_of - 2 * span, ds.as_of - span, ds.as_of)


def churn_rows(
    ds: Dataset, cutoff: dt.date, horizon: int | None = None, *, most: int | None = MOST_ROWS
) -> pd.DataFrame:
    """Return the features of all who had bought by a cutoff, and whether they then churned.

    Args:
        ds: The dataset, with orders; messages, memberships, contacts, touchpoints, check-ins
            and tags add features where they are there.
        cutoff: Last day known.
        horizon: Days after it; churned is who has no purchase occasion in them. None: no label.
        most: At most so many people, a sample by the digest of the id that is the same at every
            cutoff and on every engine; None: all, beyond 200,000 in batches and with features
            of single precision (money aside), so that a million people take some 150 MB.

    Returns:
        One row a person, by id: member_id; frequency, recency, T (weeks, as `rfm_summary` has
        them); the features, see `docs/analyses/05_churn_risk.md`; churned where `horizon` is
        given.

    Raises:
        NotEnoughDataError: The horizon is not over at `as_of`, or nobody had bought.
    """
    then = ds.at(cutoff)
    day = periods.number_of(cutoff, "day")
    rows = _bought(then, day)
    for part in (_chat(then, day), _groups(then), _friends(then), _interest(then, day),
                 _check_ins(then, day), _tags(then), _known_for(then, day)):  # fmt: skip
        if part is not None:
            rows = rows.left_join(part, "member_id").drop("member_id_right")
    people = int(ds.engine.execute(occasions(then).member_id.nunique()))
    if most is not None and people > most:
        edge = f"{int(16**_HEX * most / people):0{_HEX}x}"
        rows = rows.filter(rows.member_id.hexdigest("md5").substr(0, _HEX) < edge)
    if horizon is not None:
        rows = _labelled(ds, rows, cutoff, day, horizon)
    many = most is None and people > MOST_ROWS
    frame = _all_rows(ds, rows) if many else ds.frame(rows, ["member_id"])
    if frame.empty:
        raise NotEnoughDataError(f"nobody had bought by {cutoff.isoformat()}.")
    counts = [str(name) for name in frame.columns if str(name).endswith(_COUNTS)]
    return frame.assign(**{name: frame[name].fillna(0) for name in counts})


def _all_rows(ds: Dataset, rows: ir.Table) -> pd.DataFrame:
    """Return many rows by id, of single precision but for what is money or time."""
    parts = []
    for part in ds.engine.batches(rows, BATCH):
        kept = (*_EXACT, *part.select_dtypes(exclude="float64").columns)
        parts.append(part.astype({str(name): "float32" for name in part if name not in kept}))
    return pd.concat(parts, ignore_index=True).sort_values("member_id", ignore_index=True)


_EXACT = ("spent_count", "spent_90", "frequency", "recency", "T")

# Features that count: where there is no row, nothing happened. Others stay missing: never seen.
_COUNTS = ("_30", "_90", "_now", "_left", "_count")


def _labelled(ds: Dataset, rows: ir.Table, cutoff: dt.date, day: int, horizon: int) -> ir.Table:
    end = cutoff + dt.timedelta(days=horizon)
    if end > ds.as_of:
        raise NotEnoughDataError(
            f"{horizon} days after {cutoff.isoformat()} are not over at {ds.as_of.isoformat()}.",
            fix="Use an earlier cutoff.",
        )
    later = occasions(ds.at(end))
    back = later.filter(later.day > day).select(back_id="member_id").distinct()
    marked = rows.left_join(back, rows.member_id == back.back_id)
    return marked.mutate(churned=marked.back_id.isnull()).drop("back_id")


def _bought(then: Dataset, day: int) -> ir.Table:
    days = occasions(then)
    recent = {f"orders_{n}": (days.day > day - n).sum().cast("int64") for n in _WINDOWS}
    rows = days.group_by("member_id").agg(
        first=days.day.min(), last=days.day.max(), n=days.count(), net=days.net.sum(),
        spent_90=days.net.sum(where=days.day > day - 90).fill_null(0), **recent,
    )  # fmt: skip
    gap = (rows["last"] - rows["first"]) / (rows.n - 1).nullif(0)
    return rows.select(
        "member_id",
        frequency=(rows.n - 1).cast("float64"),
        recency=(rows["last"] - rows["first"]) / 7,
        T=(day - rows["first"]) / 7,
        days_since_order=(day - rows["last"]).cast("float64"),
        days_since_first=(day - rows["first"]).cast("float64"),
        orders_count=rows.n.cast("float64"),
        days_between=gap,
        silence_in_gaps=(day - rows["last"]) / gap.nullif(0),
        spent_count=rows.net / 100,
        spent_90=rows.spent_90 / 100,
        **{name: rows[name].cast("float64") for name in recent},
    )


def _events(rows: ir.Table, at: ir.Value, day: int, name: str) -> ir.Table:
    """Return per person the days since the last event and the days with one, by window."""
    dated = rows.select("member_id", day=periods.number(at, "day")).distinct()
    windows = {f"{name}_days_{n}": (dated.day > day - n).sum().cast("float64") for n in _WINDOWS}
    since = {f"days_since_{name}": (day - dated.day.max()).cast("float64")}
    return dated.group_by("member_id").agg(**since, **windows)


def _chat(then: Dataset, day: int) -> ir.Table | None:
    if not then.has("messages"):
        return None
    messages = then.table("messages")
    messages = messages.filter(~messages.revoked)
    return _events(messages, messages.sent_at, day, "message")


def _interest(then: Dataset, day: int) -> ir.Table | None:
    if not then.has("touchpoints"):
        return None
    steps = then.table("touchpoints")
    steps = steps.filter(steps.event.isin(_INTEREST))
    return _events(steps, steps["at"], day, "interest")


def _check_ins(then: Dataset, day: int) -> ir.Table | None:
    if not then.has("check_ins"):
        return None
    rows = then.table("check_ins")
    return _events(rows, rows["at"], day, "check_in")


def _groups(then: Dataset) -> ir.Table | None:
    if not then.has("memberships"):
        return None
    stays = then.table("memberships")
    left = stays.leave_kind.isin(("left", "removed")).fill_null(False)
    return stays.group_by("member_id").agg(
        groups_now=stays.left_at.isnull().sum().cast("float64"),
        groups_left=left.sum().cast("float64"),
    )


def _friends(then: Dataset) -> ir.Table | None:
    if not then.has("contacts"):
        return None
    friends = then.table("contacts")
    return friends.group_by("member_id").agg(
        friends_now=friends.deleted_at.isnull().sum().cast("float64")
    )


def _tags(then: Dataset) -> ir.Table | None:
    if not then.has("tags") or "tagged_at" not in then.columns("tags"):
        return None
    tags = then.table("tags")
    # A tag without its time may be later than the cutoff.
    tags = tags.filter(tags.tagged_at.notnull())
    return tags.group_by("member_id").agg(tags_count=tags.tag.nunique().cast("float64"))


def _known_for(then: Dataset, day: int) -> ir.Table | None:
    if not then.has("members"):
        return None
    people = then.people()
    joined = periods.number(people.joined_at, "day")
    return people.select("member_id", days_since_joined=(day - joined).cast("float64"))
