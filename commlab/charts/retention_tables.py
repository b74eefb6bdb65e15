"""Tables of notebook 02: segments, friends lost, money of those who stay and go, mix and rate."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
from great_tables import GT

from commlab.charts import frames, tables
from commlab.charts.segments import column_name, compared
from commlab.charts.tables import Column
from commlab.text import Words, escape, fmt, lookup, t

_VERDICTS = {
    "below": ("▼", "retention.segments.below", "bad"),
    "above": ("▲", "retention.segments.above", "good"),
    "chance": ("○", "retention.segments.chance", "quiet"),
}


def by_segment(
    frame: pd.DataFrame,
    *,
    lang: str,
    title: str | Words | None = None,
    period: int | None = None,
) -> GT:
    """Return segments against the others, most lost members first.

    Args:
        frame: As `low_points` takes it. `rate` and `rest_rate`, or `losses` and `expected`, are
            shown where there are; `dimension` is the head of the first column (a key under
            `[column]` of the common texts).
        lang: "en" or "zh".
        title: Head of the table.
        period: The period to show, where the frame has several.
    """
    rows = compared(frame, period)
    by = str(rows["dimension"].iloc[0]) if "dimension" in rows.columns else "segment"
    columns = [
        Column(column_name(by, lang), tables.text("segment"), False),
        Column(t("common.column.at_risk", lang), tables.count("at_risk")),
    ]
    if "rate" in rows.columns:
        scale = tables.largest(rows, "rate")
        cell = tables.rate("rate", "rate_low", "rate_high", bar=True, scale=scale)
        columns.append(Column(t("retention.segments.rate", lang), cell))
    for name, cell in (
        ("rest_rate", tables.share("rest_rate")),
        ("losses", tables.count("losses")),
        ("expected", tables.count("expected")),
    ):
        if name in rows.columns:
            columns.append(Column(t(f"retention.segments.{name}", lang), cell))
    difference = tables.points("difference", "low", "high")
    columns += [
        Column(t("retention.segments.difference", lang), difference),
        Column(t("common.column.lost", lang), tables.count("lost")),
        Column(t("common.column.verdict", lang), tables.mark("verdict", _VERDICTS), False),
    ]
    return tables.build(
        rows,
        columns,
        name="retention.segments" + (".stays" if "losses" in rows.columns else ""),
        title=title or lookup("retention.segments.title", lang),
        note=lookup("retention.segments.note", lang),
        lang=lang,
    )


def friend_loss(
    frame: pd.DataFrame, *, lang: str, title: str | Words | None = None, by: str = "code"
) -> GT:
    """Return the share of added friends who deleted within each window, by code.

    Args:
        frame: As `friends` takes it: `segment`, `days`, `friends`, `rate`, `low`, `high`,
            `status`, one row a code and window.
        lang: "en" or "zh".
        title: Head of the table.
        by: What tells segments apart: a key under `[column]` of the common texts.
    """
    frames.need(frame, ["segment", "days", "friends", "rate", "low", "high"], "friend_loss")
    windows = sorted(set(frame["days"].astype(int)))
    wide = pd.DataFrame({"segment": sorted(set(frame["segment"].astype(str)))})
    people = frame.assign(n=frames.numbers(frame, "friends"), _key=frame["segment"].astype(str))
    wide["friends"] = people.groupby("_key")["n"].max().reindex(wide["segment"]).to_numpy()
    parts = {
        window: people[people["days"] == window].set_index("_key").to_dict("index")
        for window in windows
    }
    wide = wide.sort_values(["friends", "segment"], ascending=[False, True], kind="stable")
    columns = [
        Column(column_name(by, lang), tables.text("segment"), False),
        Column(t("common.column.friends", lang), tables.count("friends")),
    ]
    for window in windows:
        key = "within_day" if window == 1 else "within"
        head = t(f"retention.friend_loss.{key}", lang, days=window)
        columns.append(Column(head, _cell_of(parts[window])))
    return tables.build(
        wide,
        columns,
        name=f"retention.friend_loss.{by}",
        title=title or t("retention.friend_loss.title", lang, by=column_name(by, lang)),
        lang=lang,
    )


def _cell_of(part: Mapping[Hashable, Mapping[Hashable, Any]]) -> tables.Cell:
    write = tables.rate()

    def cell(row: pd.Series, lang: str) -> str:
        found = part.get(str(row["segment"]))
        return escape(fmt.MISSING) if found is None else write(pd.Series(found), lang)

    return cell


def worth(
    frame: pd.DataFrame, *, lang: str, currency: str = "CNY", title: str | Words | None = None
) -> GT:
    """Return repurchase rate and net revenue of a retained and of a lost member.

    Args:
        frame: From `metrics.repurchase_by_retention`: one row a `group` ("retained", "lost")
            with `members`, `buyers`, `repurchase_rate`, `repurchase_low`, `repurchase_high`,
            `net_per_member`, `net_low`, `net_high` (currency units), `status` (of the money),
            `repurchase_status`.
        lang: "en" or "zh".
        currency: ISO 4217 code.
        title: Head of the table.
    """
    needed = ["group", "members", "buyers", "repurchase_rate", "net_per_member"]
    frames.need(frame, needed, "worth")
    names = {name: lookup(f"retention.worth.{name}", lang) for name in ("retained", "lost")}
    rows = frame.assign(_group=[names.get(name, name) for name in frame["group"].astype(str)])
    repurchase = tables.rate(
        "repurchase_rate", "repurchase_low", "repurchase_high", status="repurchase_status",
        bar=True, scale=tables.largest(rows, "repurchase_rate"),
    )  # fmt: skip
    net = tables.amount("net_per_member", "net_low", "net_high", currency=currency)
    columns = [
        Column(t("retention.worth.group", lang), tables.text("_group"), False),
        Column(t("common.column.n", lang), tables.count("members")),
        Column(t("retention.worth.buyers", lang), tables.count("buyers")),
        Column(t("common.column.repurchase", lang), repurchase),
        Column(t("retention.worth.net", lang), net),
    ]
    return tables.build(
        rows,
        columns,
        name="retention.worth",
        title=title or lookup("retention.worth.title", lang),
        subtitle=lookup("retention.worth.subtitle", lang),
        lang=lang,
    )


def mix_rate(parts: Any, *, lang: str, title: str | Words | None = None) -> GT:
    """Return the change between two cohorts, split into who came and how they stayed.

    Args:
        parts: `models.Decomposition`, or a frame with `segment`, `share_before`, `share_after`,
            `rate_before`, `rate_after`, `mix`, `rate` (shares; their sum over segments is the
            change), and `mix_low`, `mix_high`, `rate_low`, `rate_high` where there are.
        lang: "en" or "zh".
        title: Head of the table.

    Returns:
        The table; its last line holds the sums, with intervals for a `Decomposition`.
    """
    frame = parts if isinstance(parts, pd.DataFrame) else parts.to_frame()
    needed = ["segment", "share_before", "share_after", "rate_before", "rate_after", "mix", "rate"]
    frames.need(frame, needed, "mix_rate")
    rows = frame.assign(change=frames.numbers(frame, "mix") + frames.numbers(frame, "rate"))
    rows = rows.assign(_size=-rows["change"].abs())
    rows = rows.sort_values(["_size", "segment"], kind="stable").drop(columns="_size")
    total: dict[str, Any] = {
        name: frames.numbers(rows, name).sum() for name in ("mix", "rate", "change")
    }  # of rows that are all there: a sum with a hidden row is no figure
    if not isinstance(parts, pd.DataFrame):
        for name in list(total):
            whole = getattr(parts, name)
            total |= {f"{name}_low": whole.low, f"{name}_high": whole.high}
    total["segment"] = lookup("retention.mix_rate.sum", lang)
    shown = pd.concat(
        [rows.head(tables.MOST_ROWS - 1).astype(object), pd.DataFrame([total], dtype=object)],
        ignore_index=True,
    )
    rest = len(rows) - (len(shown) - 1)
    columns = [Column(t("common.column.segment", lang), tables.text("segment"), False)]
    columns += [
        Column(t(f"retention.mix_rate.{name}", lang), tables.share(name))
        for name in ("share_before", "share_after", "rate_before", "rate_after")
    ]
    columns += [
        Column(
            t(f"retention.mix_rate.{name}", lang),
            tables.points(name, f"{name}_low", f"{name}_high"),
        )
        for name in ("mix", "rate", "change")
    ]
    return tables.build(
        shown,
        columns,
        name="retention.mix_rate",
        title=title or lookup("retention.mix_rate.title", lang),
        subtitle=lookup("retention.mix_rate.subtitle", lang),
        note=t("common.foot.more_rows", lang, n=rest) if rest else "",
        lang=lang,
    )
