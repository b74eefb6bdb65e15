"""What members talk of and click, against what they buy next: demand before orders show it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import special

from commlab import stats
from commlab.config import MIN_EVENTS
from commlab.errors import MissingTableError, NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.metrics import periods
from commlab.metrics.clustered import held
from commlab.metrics.complaints import member_texts
from commlab.metrics.replies import has_text

if TYPE_CHECKING:
    from commlab.dataset import Dataset

WINDOW_DAYS = 365
NEXT_DAYS = 14  # two weeks: later orders have other causes
MOST_CATEGORIES = 30  # the best sold; further ones are few orders each
SHORTEST = 2  # characters of a name that is looked for: one stands in too many words


def category_words(ds: Dataset) -> dict[str, str]:
    """Return, for each of the best sold categories, a regular expression of its names.

    The names are the category's own and those of its products.

    Raises:
        MissingTableError: There are no order items with a category.
    """
    if not ds.has("order_items", "orders") or "category" not in ds.columns("order_items"):
        raise MissingTableError(
            "demand by category needs order_items.category.",
            where=ds.name,
            fix="Load the items of orders with their category.",
        )
    items = ds.table("order_items")
    items = items.filter(items.category.notnull())
    sold = ds.frame(
        items.group_by("category", "product").agg(n=items.count()), ["category", "product"]
    )
    most = sold.groupby("category")["n"].sum().sort_values(ascending=False, kind="stable")
    found = {}
    # Nobody writes control characters, and engines end a pattern or a word at some of them.
    kept = [name for name in most.index if str(name).isprintable()]
    for name in kept[:MOST_CATEGORIES]:
        names = [name, *sold.loc[sold["category"] == name, "product"].dropna()]
        said = {one.lower() for one in names if len(one) >= SHORTEST and one.isprintable()}
        long = sorted(said, key=len, reverse=True)
        if long:
            found[str(name)] = "|".join(map(re.escape, long))
    return found


def demand_signals(
    ds: Dataset,
    window_days: int = WINDOW_DAYS,
    *,
    next_days: int = NEXT_DAYS,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Return whether those who mention or click a category buy it next, beyond their usual share.

    A sign is a member who names a category (or a product of it) in a group, or clicks a send by
    its tag, once a week. Of all items that the person buys in the next days, so many are of that
    category; expected are as many as the category has of all items sold to members. The ratio
    asks *what* is bought, not whether somebody buys: those who talk more buy more of everything.

    Args:
        ds: The dataset, with order items, and messages with text or sends by tag.
        window_days: Days up to `as_of`.
        next_days: Days after the sign in which orders count; signs whose days are not over are
            left out.
        level: Confidence level.

    Returns:
        Frame by source ("message", "click") and category, "all" first, those with too few last:
        source, category, people, signs (member weeks), bought (items of the category), expected,
        ratio, low, high (people as clusters), p, p_adjusted (Benjamini–Hochberg over categories
        and sources), flagged, status.

    Raises:
        MissingTableError: No items with categories, or neither messages with text nor sends by tag.
        NotEnoughDataError: Nobody named or clicked a category.
    """
    words = category_words(ds)
    parts = []
    if has_text(ds):
        parts.append(_said(ds, words, window_days))
    if ds.has("sends") and {"tag", "clicked_at", "member_id"} <= ds.columns("sends"):
        parts.append(_clicked(ds, words, window_days))
    if not parts:
        raise MissingTableError(
            "demand signals need messages.text, or sends with tag and clicked_at.", where=ds.name
        )
    signs = ibis.union(*parts) if len(parts) > 1 else parts[0]
    end = ibis.literal(ds.end, "timestamp(6)").epoch_seconds()
    signs = signs.filter(signs.second + next_days * 86_400 <= end)
    items = ds.table("orders").inner_join(ds.table("order_items"), "order_id")
    items = items.filter(items.member_id.notnull(), items.category.notnull())
    items = items.select(
        "member_id", bought="category", paid=items.paid_at.epoch_seconds().cast("int64")
    )
    first = end.cast("int64") - window_days * 86_400
    recent = items.filter(items.paid >= first)
    share = ds.frame(recent.group_by("bought").agg(n=recent.count()), ["bought"])
    if share.empty:
        raise NotEnoughDataError("no items were sold to members in the window.")
    each = dict(zip(share["bought"], share["n"] / share["n"].sum(), strict=True))
    usual = {name: each.get(name, 0.0) for name in words}
    pairs = signs.left_join(
        items,
        [
            signs.member_id == items.member_id,
            items.paid > signs.second,
            items.paid <= signs.second + next_days * 86_400,
        ],
    )
    by = pairs.group_by("source", "category", "member_id").agg(
        weeks=pairs.week.nunique(),
        hits=(pairs.bought == pairs.category).sum().fill_null(0),
        items=pairs.bought.count(),
    )
    expected = by.category.cases(*usual.items(), else_=0.0)
    one = by.mutate(
        y=by.hits.cast("float64"), x=by["items"].cast("float64") * expected.cast("float64")
    )
    whole = one.group_by("source", "member_id").agg(
        weeks=one.weeks.sum(), y=one.y.sum(), x=one.x.sum()
    )
    frames = [
        ds.frame(_sums(whole.mutate(category=ibis.literal("all"))), ["source", "category"]),
        ds.frame(_sums(one), ["source", "category"]),
    ]
    sums = pd.concat(frames, ignore_index=True)
    if sums.empty:
        raise NotEnoughDataError("nobody named or clicked a category.")
    return _ratios(sums, level)


def _sums(one: ir.Table) -> ir.Table:
    """Return what a ratio with people as clusters needs, by source and category."""
    return one.group_by("source", "category").agg(
        people=one.count(), signs=one.weeks.sum(), n=one.count(where=one.x > 0), y=one.y.sum(),
        x=one.x.sum(), yy=(one.y * one.y).sum(), xx=(one.x * one.x).sum(), xy=(one.x * one.y).sum(),
    )  # fmt: skip


def _ratios(rows: pd.DataFrame, level: float) -> pd.DataFrame:
    ratio, low, high = stats.ratio_interval(
        rows["n"], rows["y"], rows["x"], rows["yy"], rows["xx"], rows["xy"], level=level, log=True
    )
    few = rows["x"] < MIN_EVENTS
    z = stats.quantile(level)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = (np.log(high) - np.log(np.where(low > 0, low, np.nan))) / 2 / z
        p = 2 * special.ndtr(-np.abs(np.log(ratio)) / error)
    out = rows[["source", "category"]].assign(
        people=rows["people"].astype("int64"), signs=rows["signs"].astype("int64"),
        bought=rows["y"].astype("int64"), expected=rows["x"], ratio=ratio,
        low=np.maximum(low, 0.0), high=high, p=p,
    )  # fmt: skip
    out.loc[few, ["ratio", "low", "high", "p"]] = np.nan
    single = out["category"] != "all"
    out["p_adjusted"] = stats.benjamini_hochberg(out["p"].where(single))
    out["flagged"] = (out["p_adjusted"] < 1 - level).to_numpy(dtype=bool)
    out["status"] = np.where(few, "too_few", "ok")
    order = out.assign(_few=few, _source=out["source"] != "message", _all=single, _n=-out["signs"])
    keys = ["_few", "_source", "_all", "_n"]
    order = order.sort_values([*keys, "category"], kind="stable").drop(columns=keys)
    return order.reset_index(drop=True)


def _said(ds: Dataset, words: dict[str, str], window_days: int) -> ir.Table:
    """Return what members named: source, category, member_id, week, second."""
    rows = member_texts(ds, window_days)
    plain = rows.text.lower()
    any_name = "|".join(words.values())
    rows = rows.filter(plain.re_search(any_name)).select("member_id", "sent_at", plain=plain)
    rows = held(ds, rows)
    parts = [
        rows.filter(rows.plain.re_search(search)).select(
            "member_id", "sent_at", category=ibis.literal(name)
        )
        for name, search in words.items()
    ]
    return _weekly(ds, ibis.union(*parts) if len(parts) > 1 else parts[0], "message")


def _clicked(ds: Dataset, words: dict[str, str], window_days: int) -> ir.Table:
    from commlab.metrics.sends import receipts

    rows = receipts(ds, window_days)
    clicks = ds.table("sends").select("send_id", "clicked_at")
    rows = rows.filter(rows.clicked == 1, rows.tag.isin(list(words))).inner_join(clicks, "send_id")
    return _weekly(ds, rows.select("member_id", sent_at="clicked_at", category="tag"), "click")


def _weekly(ds: Dataset, rows: ir.Table, source: str) -> ir.Table:
    week = periods.number(rows.sent_at, "week", ds.settings.week_start)
    rows = rows.mutate(week=week, second=rows.sent_at.epoch_seconds().cast("int64"))
    return (
        rows.group_by("member_id", "category", "week")
        .agg(second=rows.second.max())
        .select("member_id", "week", "second", source=ibis.literal(source), category="category")
    )
