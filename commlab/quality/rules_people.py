"""Rules about people: staff who are counted as members, and cohorts seen only as survivors."""

from __future__ import annotations

from collections.abc import Iterator

import ibis
import ibis.expr.types as ir
import pandas as pd

from commlab.quality.conditions import EXAMPLES, name_of
from commlab.quality.findings import Finding
from commlab.quality.tolerant import Tolerant

# Columns that only staff stand in.
STAFF_COLUMNS = (
    ("members", "adviser_id"),
    ("groups", "owner_id"),
    ("orders", "adviser_id"),
    ("contacts", "staff_id"),
    ("sends", "staff_id"),
    ("touchpoints", "staff_id"),
    ("staff_days", "staff_id"),
)
LOOKED_AT = 50  # writers, busiest first: staff who hardly write change no figure
MESSAGES = 100  # below it, an hour profile of one person is noise
MANY_GROUPS = 5  # times the groups of the usual writer, and half of all groups
EVERY_HOUR = 24
NIGHT_FACTOR = 3  # times the night share of everyone
NIGHT_SHARE = 0.15  # people asleep have less; six even hours are .25
LOUD_SHARE = 0.10
LOUD_FACTOR = 10  # times the 99th percentile of writers
ROWS = 30  # stays below which no pattern of leaving can be told
DAYS = 30
LEVEL = 0.001


def suspects(tolerant: Tolerant) -> pd.DataFrame:
    """Return accounts that count as members and behave like staff.

    Reasons: `works` (stands where only staff stand, as adviser or group owner), `everywhere`
    (writes in half of all groups, five times as many as usual), `round_the_clock` (writes at all
    24 hours and by night three times as much as everyone), `loud` (a tenth of all messages and
    ten times the 99th percentile). Volume alone below that is no reason: members talk, too.

    Returns:
        Frame with member_id, messages, share (of messages not by known staff), groups,
        night_share, reasons (joined by "; "); most messages first.
    """
    columns = ["member_id", "messages", "share", "groups", "night_share", "reasons"]
    writers = _writers(tolerant)
    working = _working(tolerant)
    rows: dict[str, dict[str, object]] = {}
    if writers is not None:
        for row in _behaving(tolerant, *writers, working):
            rows[str(row["member_id"])] = row
    if working is not None and _has_people(tolerant):
        members = tolerant.rows("members", "member_id").distinct()
        silent = members.semi_join(working, "member_id").order_by("member_id")
        for member in tolerant.ds.frame(silent)["member_id"]:
            blank = dict.fromkeys(columns[1:4], 0) | {"night_share": 0.0, "reasons": "works"}
            rows.setdefault(member, {"member_id": member, **blank})
    frame = pd.DataFrame(list(rows.values()), columns=columns)
    frame = frame.astype({"messages": "int64", "groups": "int64", "share": "float64"})
    return frame.sort_values(["messages", "member_id"], ascending=[False, True], ignore_index=True)


def staff_rules(tolerant: Tolerant) -> list[Finding]:
    """Return one finding when accounts counted as members look like staff."""
    frame = suspects(tolerant)
    if frame.empty:
        return []
    messages = int(frame["messages"].sum())
    name = "messages" if messages else "members"
    shown = tuple(
        f"{name_of(tolerant, 'member_id', row['member_id'])}: {row['reasons']}"
        for row in frame.head(EXAMPLES).to_dict("records")
    )
    share = float(frame["share"].sum()) if messages else None
    values = {"members": len(frame), "messages": messages}
    rows = messages or len(frame)
    return [Finding(name, "member_id", "looks_like_staff", "warning", rows, share, shown, values)]


def _has_people(tolerant: Tolerant) -> bool:
    return tolerant.ds.has("members") and "member_id" in tolerant.present("members")


def _working(tolerant: Tolerant) -> ir.Table | None:
    """Ids that stand where only staff stand and are not known as staff."""
    parts = [
        tolerant.rows(name, column).select(member_id=column)
        for name, column in STAFF_COLUMNS
        if tolerant.ds.has(name) and column in tolerant.present(name)
    ]
    if not parts:
        return None
    ids = ibis.union(*parts, distinct=True) if len(parts) > 1 else parts[0].distinct()
    return ids.filter(ids.member_id.notnull()).anti_join(tolerant.staff, "member_id")


def _writers(tolerant: Tolerant) -> tuple[ir.Table, int] | None:
    """One row a writer who is not known as staff, and the number of groups with messages."""
    if not tolerant.ds.has("messages"):
        return None
    if not {"member_id", "sent_at"} <= set(tolerant.present("messages")):
        return None
    known = tolerant.known("messages", "member_id", "group_id", "sent_at")
    known = known.filter(known.member_id.notnull()).anti_join(tolerant.staff, "member_id")
    group = known.group_id if "group_id" in known.columns else ibis.null("string")
    base = known.select(member_id=known.member_id, hour=known.sent_at.hour(), group_id=group)
    groups = int(tolerant.ds.engine.execute(base.group_id.nunique()))
    writers = base.group_by("member_id").agg(
        messages=ibis._.count(),
        night=(ibis._.hour < 6).sum(),
        hours=ibis._.hour.nunique(),
        groups=ibis._.group_id.nunique(),
    )
    return writers, groups


def _behaving(
    tolerant: Tolerant, writers: ir.Table, groups: int, working: ir.Table | None
) -> Iterator[dict[str, object]]:
    overall = tolerant.one(
        writers.agg(
            writers=writers.count(),
            messages=writers.messages.sum(),
            night=writers.night.sum(),
            loud=writers.messages.cast("float64").quantile(0.99),
            usual=writers.groups.cast("float64").quantile(0.5),
        )
    )
    if not overall["writers"]:
        return
    total, everyone = int(overall["messages"]), overall["night"] / overall["messages"]
    top = writers.order_by(ibis.desc("messages"), "member_id").limit(LOOKED_AT)
    named = [] if working is None else tolerant.records(writers.semi_join(working, "member_id"))
    working_ids = {row["member_id"] for row in named}
    looked_at = {row["member_id"]: row for row in [*tolerant.records(top), *named]}
    for member, row in looked_at.items():
        messages = int(row["messages"])
        share, night = messages / total, row["night"] / messages
        several = max(int(row["groups"]), 1)
        enough = messages >= MESSAGES
        everywhere = several >= MANY_GROUPS * max(overall["usual"], 1) and several >= groups / 2
        wakeful = night >= max(NIGHT_SHARE, NIGHT_FACTOR * everyone)
        loud = share >= LOUD_SHARE and messages >= LOUD_FACTOR * overall["loud"]
        reasons = {
            "works": member in working_ids,
            "everywhere": enough and everywhere,
            "round_the_clock": enough and wakeful and row["hours"] == EVERY_HOUR,
            "loud": enough and loud,
        }
        if any(reasons.values()):
            yield {
                "member_id": member,
                "messages": messages,
                "share": share,
                "groups": int(row["groups"]),
                "night_share": night,
                "reasons": "; ".join(name for name, holds in reasons.items() if holds),
            }


def survivor_rules(tolerant: Tolerant, name: str, joined: str, gone: str) -> list[Finding]:
    """Return whether older stays are known only because they lasted.

    Three ways to see it: nobody ever left; stays began before `observed_from` and none of them
    ended before it; of the stays begun long before the first recorded leaving none ended within
    30 days, although later ones did.

    Args:
        tolerant: The tables.
        name: "memberships" or "contacts".
        joined: Column in which a stay begins.
        gone: Column in which it ends.
    """
    ds = tolerant.ds
    if not ds.has(name) or joined not in tolerant.present(name):
        return []
    rows = tolerant.known(name, joined, gone, "observed_from")
    observed = rows.observed_from if "observed_from" in rows.columns else ibis.null("timestamp(6)")
    left = rows[gone] if gone in rows.columns else ibis.null("timestamp(6)")
    rows = rows.select(joined=rows[joined], left=left, observed=observed)
    edges = tolerant.one(
        rows.agg(
            n=rows.count(),
            gone=rows.left.count(),
            first=rows.joined.min(),
            first_gone=rows.left.min(),
            since=rows.observed.min(),
        )
    )
    n = int(edges["n"])
    span = (ds.end - edges["first"]).days if n else 0
    if n < ROWS or span < DAYS:
        return []
    if not edges["gone"]:
        values = {"since": ds.as_of}
        return [Finding(name, gone, "survivors_only", "warning", n, 1.0, (), values)]
    since = edges["since"] or edges["first_gone"]
    start = ibis.literal(since.to_pydatetime(), rows.joined.type())
    stay = (rows.left.epoch_seconds() - rows.joined.epoch_seconds()) / 86_400
    # Only stays whose first 30 days are over on both sides of the border are compared.
    early = rows.joined < start - ibis.interval(days=DAYS)
    late = (rows.joined >= start) & (rows.joined < ibis.literal(ds.end) - ibis.interval(days=DAYS))
    brief = (stay <= DAYS).fill_null(False)
    counts = tolerant.one(
        rows.agg(
            before=(rows.joined < start).sum(),
            before_gone=((rows.joined < start) & (rows.left < start)).fill_null(False).sum(),
            early=early.sum(),
            early_brief=(early & brief).sum(),
            late=late.sum(),
            late_brief=(late & brief).sum(),
        )
    )
    before = int(counts["before"])
    if not edges["since"]:
        share = counts["late_brief"] / counts["late"] if counts["late"] else 0.0
        survivors = not counts["early_brief"] and (1 - share) ** int(counts["early"]) < LEVEL
    else:
        survivors = before > 0 and not counts["before_gone"]
    if not survivors:
        return []
    values = {"since": since.date()}
    return [Finding(name, joined, "survivors_only", "warning", before, before / n, (), values)]
