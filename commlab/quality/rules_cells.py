"""Rules that look at one row at a time; one pass a table counts them all."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

import ibis
import ibis.expr.types as ir

from commlab.config import EARLIEST, SMALL_CELL
from commlab.engine import LOCAL
from commlab.errors import nearest
from commlab.quality.conditions import (
    EXAMPLES,
    Condition,
    always,
    evaluate,
    grave,
    shape_of,
)
from commlab.quality.findings import Finding
from commlab.quality.tolerant import RAW, Tolerant, always_fits, blank_as_null
from commlab.tables import Column, Table, table

# Pairs of columns of which the second cannot be earlier than the first.
ORDERED_TIMES: dict[str, tuple[tuple[str, str], ...]] = {
    "groups": (("created_at", "closed_at"),),
    "memberships": (
        ("joined_at", "left_at"),
        ("joined_at", "last_seen_at"),
        ("last_seen_at", "left_at"),
        ("observed_from", "left_at"),
    ),
    "orders": (("paid_at", "refunded_at"),),
    "contacts": (("added_at", "deleted_at"), ("observed_from", "deleted_at")),
    "sends": (("sent_at", "clicked_at"),),
    "staff": (("valid_from", "valid_to"),),
    "campaigns": (("starts_at", "ends_at"),),
    "assignments": (("assigned_at", "participated_at"),),
    "coupons": (("issued_at", "redeemed_at"), ("issued_at", "expires_at")),
    "tiers": (("valid_from", "valid_to"),),
    "costs": (("starts_on", "ends_on"),),
}
# Counts and amounts that cannot be below zero; discounts stand as negative lines in order_items.
NOT_NEGATIVE: dict[str, tuple[str, ...]] = {
    "orders": ("amount", "refund_amount", "cost", "discount", "list_amount"),
    "costs": ("amount",),
    "referrals": ("reward_cost",),
    "coupons": ("value",),
    "contents": ("cost", "exposures", "clicks", "comments", "shares"),
    "group_days": ("members", "members_active", "messages", "joined", "left"),
    "staff_days": ("chats", "messages", "reply_minutes", "negative_feedback", "new_contacts"),
}
# No backslashes: engines differ in how they read them.
_SCIENTIFIC = "^[0-9]([.][0-9]+)?[eE][+][0-9]+$"
_NUMBER = "^[0-9]+[.]0$"
# A time of day with an offset or a zone behind it: 08:00+08, 08:00:00Z, 08:00 Asia/Shanghai.
_ZONED = ":[0-9]{2}([.][0-9]+)? ?(Z|z|[+-][0-9]{2}(:?[0-9]{2})?|[A-Za-z]+(/[A-Za-z_]+)*)$"
_TIMES_AMOUNT = 10  # cost or list price so many times the amount on most rows: another unit
_MOST = 0.5
_ENOUGH_ROWS = 30
_LONG_DIGITS = re.compile(r"\d{5}")


def cell_rules(tolerant: Tolerant, name: str) -> list[Finding]:
    """Return the findings of one table that need no other row to be seen."""
    declared, present = table(name), tolerant.present(name)
    if present:
        conditions = _conditions(tolerant, declared, tolerant.wide(name))
        n, counted = evaluate(tolerant, name, conditions)
    else:
        n, counted = int(tolerant.ds.engine.execute(tolerant.ds.raw(name).count())), []
    found = [
        Finding(name, column, "missing_column", "error", n, 1.0 if n else None,
                values={"have": ", ".join(map(_name, tolerant.ds.raw(name).columns))})
        for column in declared.required
        if column not in present
    ]  # fmt: skip
    found += _unknown_columns(tolerant, declared, n)
    if not n:
        return [*found, Finding(name, "", "empty_table", "warning", 0)]
    return found + [_with_values(tolerant, item) for item in counted]


def _conditions(tolerant: Tolerant, declared: Table, wide: ir.Table) -> Iterator[Condition]:
    for column in declared.columns:
        if column.name in wide.columns:
            yield from _column_conditions(tolerant, declared, column, wide)
    for first, second in ORDERED_TIMES.get(declared.name, ()):
        if first in wide.columns and second in wide.columns:
            yield Condition(
                "reversed_times",
                second,
                _earlier(wide[second], wide[first], declared[second].dtype),
                grave,
                of=wide[first].notnull() & wide[second].notnull(),
                values={"first": first},
            )
    for name in NOT_NEGATIVE.get(declared.name, ()):
        if name in wide.columns:
            is_sales = (declared.name, name) == ("orders", "amount")
            yield Condition(
                "negative_amount",
                name,
                wide[name] < 0,
                grave if is_sales else always("warning"),
                of=wide[name].notnull(),
            )
    if declared.name == "orders":
        yield from _order_conditions(wide)


def _column_conditions(
    tolerant: Tolerant, declared: Table, column: Column, wide: ir.Table
) -> Iterator[Condition]:
    cast, raw = wide[column.name], wide[RAW + column.name]
    raw = blank_as_null(tolerant.ds.engine, raw, clean=tolerant.ds.marked(declared.name))
    if column.required:
        # A column without a single value is the same fault at its worst, told apart afterwards.
        yield Condition("missing_value", column.name, raw.isnull(), grave)
    if not always_fits(column, raw.type()):
        yield Condition(
            "uncastable",
            column.name,
            raw.notnull() & cast.isnull(),
            always("error" if column.required else "warning"),
            of=raw.notnull(),
            show=column.name,
            values={"dtype": column.dtype},
        )
    if column.dtype in ("time", "date"):
        yield from _time_conditions(tolerant, declared, column, cast)
    if column.dtype == "time" and raw.type().is_string():
        yield Condition(
            "mixed_zones",
            column.name,
            cast.notnull() & ~raw.re_search(_ZONED),
            always("error" if column.required else "warning"),
            of=cast.notnull(),
            of_some=True,
            show=column.name,
        )
    if column.dtype == "id":
        yield from _id_conditions(column, cast, wide[RAW + column.name])
    if column.values:
        yield Condition(
            "unknown_value",
            column.name,
            cast.notin(column.values),
            always("warning"),
            of=cast.notnull(),
            values={"known": ", ".join(column.values)},
        )


def _time_conditions(
    tolerant: Tolerant, declared: Table, column: Column, cast: ir.Value
) -> Iterator[Condition]:
    dated = column.dtype == "date"
    earliest = dt.datetime.combine(EARLIEST, dt.time())
    first = ibis.literal(EARLIEST) if dated else ibis.literal(earliest, LOCAL)
    end = ibis.literal(tolerant.ds.end.date()) if dated else ibis.literal(tolerant.ds.end, LOCAL)
    known = cast.notnull()
    yield Condition(
        "too_early",
        column.name,
        cast < first,
        always("warning"),
        of=known,
        values={"earliest": EARLIEST},
    )
    if column.name == declared.event:
        yield Condition(
            "future",
            column.name,
            cast >= end,
            always("note"),
            of=known,
            values={"as_of": tolerant.ds.as_of},
        )


def _id_conditions(column: Column, cast: ir.Value, raw: ir.Value) -> Iterator[Condition]:
    # Few ids hold the sign that the pattern needs, and looking for a sign is quicker.
    scientific = ibis.ifelse(cast.contains("+"), cast.re_search(_SCIENTIFIC), False)
    number = ibis.ifelse(cast.endswith(".0"), cast.re_search(_NUMBER), False)
    if raw.type().is_floating():
        # Doubles hold whole numbers exactly up to 2**53 only: longer ids have run together.
        scientific, number = raw >= 2.0**53, raw < 2.0**53
    yield Condition("scientific_id", column.name, scientific, always("error"), of=cast.notnull())
    yield Condition("number_id", column.name, number, always("warning"), of=cast.notnull())


def _order_conditions(wide: ir.Table) -> Iterator[Condition]:
    if not {"amount", "refund_amount"} <= set(wide.columns):
        yield from _unit_conditions(wide)
        return
    yield Condition(
        "refund_above_amount",
        "refund_amount",
        (wide["refund_amount"] > wide["amount"]) & (wide["amount"] >= 0),
        grave,
        of=wide["refund_amount"] > 0,
    )
    yield from _unit_conditions(wide)


def _unit_conditions(wide: ir.Table) -> Iterator[Condition]:
    """Cost or list price in fen beside amounts in yuan."""
    for name in ("cost", "list_amount"):
        if {"amount", name} <= set(wide.columns):
            both = (wide["amount"] > 0) & (wide[name] > 0)
            yield Condition(
                "hundredfold",
                name,
                both & (wide[name] > wide["amount"] * _TIMES_AMOUNT),
                always("warning"),
                of=both,
                needs=_ENOUGH_ROWS,
                needs_share=_MOST,
                values={"when": "", "factor": _TIMES_AMOUNT},
            )


def _earlier(second: ir.Value, first: ir.Value, dtype: str) -> ir.BooleanValue:
    """Whether `second` is earlier; a bare date (midnight) on the same day is not."""
    if dtype == "date":
        return second < first
    bare = (second.date() == first.date()) & (second.hour() == 0) & (second.minute() == 0)
    return (second < first) & ~bare


def _with_values(tolerant: Tolerant, item: Finding) -> Finding:
    """Turn what the counts alone cannot tell: empty columns, and which values are unknown."""
    if item.rule == "missing_value" and item.share == 1:
        return Finding(item.table, item.column, "empty_column", "error", item.rows, item.share)
    if item.rule != "unknown_value":
        return item
    wide = tolerant.wide(item.table)
    cast = wide[item.column]
    counted = (
        wide.filter(cast.notin(table(item.table)[item.column].values))
        .group_by(value=cast)
        .agg(n=ibis._.count())
        .order_by(ibis.desc("n"), "value")
        .limit(EXAMPLES)
    )
    shown = tuple(
        f"{_safe(row['value'], row['n'])} ({row['n']:,})" for row in tolerant.records(counted)
    )
    return Finding(
        item.table, item.column, item.rule, item.severity, item.rows, item.share, shown, item.values
    )


def _name(column: str) -> str:
    """A column's name; its shape where it looks like a cell, as without a header row."""
    return shape_of(column) if _LONG_DIGITS.search(column) else column


def _safe(value: str, n: int) -> str:
    """The value itself where many rows share it and it cannot be a phone; else its shape."""
    common = n >= SMALL_CELL and len(value) <= 24 and not _LONG_DIGITS.search(value)
    return value if common else shape_of(value)


def _unknown_columns(tolerant: Tolerant, declared: Table, n: int) -> list[Finding]:
    """Extra columns are kept and ignored; one that nearly has a declared name is worth saying."""
    found = []
    for column in tolerant.ds.raw(declared.name).columns:
        if column in declared:
            continue
        absent = [name for name in declared.names if name not in tolerant.present(declared.name)]
        hint = nearest(column.strip().lower(), absent)
        if hint.startswith("Did you mean"):
            meant = hint.split("'")[1]
            found.append(
                Finding(declared.name, column, "unknown_column", "note", n, None,
                        values={"meant": meant})
            )  # fmt: skip
    return found
