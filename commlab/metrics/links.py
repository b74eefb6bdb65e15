"""Links inside and out (C5): who speaks, asks and answers one another; who shares and brings.

内部链接：发言、提问、互答；外部链接：自发分享、拉新。
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from commlab import guards
from commlab.errors import MissingTableError, NotEnoughDataError
from commlab.metrics import periods, replies
from commlab.metrics.stays import persons

if TYPE_CHECKING:
    from commlab.dataset import Dataset

WEEKS = 26  # half a year
COLUMNS = ("speakers", "askers", "answerers", "sharers", "paid_sharers", "bringers")


def community_links(ds: Dataset, weeks: int = WEEKS) -> pd.DataFrame:
    """Return how many members link inside and to outside, by complete week.

    Args:
        ds: The dataset, with messages, touchpoints or referrals.
        weeks: Complete weeks looked back.

    Returns:
        Frame by week: week (its first day); inside: speakers (wrote in a group), askers (asked),
        answerers (answered or mentioned another member who is no staff); outside: sharers (shared
        without being paid), paid_sharers (shared and were), bringers (invited somebody who came).
        Distinct members; a kind that no table can tell is missing, a week without any is 0.

    Raises:
        MissingTableError: None of the tables is there.
        NotEnoughDataError: Nobody linked in the weeks.
    """
    guards.whole("weeks", weeks, low=1)
    last = periods.last_complete(ds.as_of, "week", ds.settings.week_start)
    signs = [*_inside(ds, weeks), *_outside(ds)]
    if not signs:
        raise MissingTableError(
            "links need messages, touchpoints (shared) or referrals.", where=ds.name
        )
    table = pd.DataFrame({"number": range(last - weeks + 1, last + 1)})
    for name, rows in signs:
        rows = persons(ds, rows)
        week = periods.number(rows["at"], "week", ds.settings.week_start)
        rows = rows.mutate(number=week).filter(lambda t: t.number.between(last - weeks + 1, last))
        found = ds.frame(rows.group_by("number").agg(n=rows.member_id.nunique()), ["number"])
        counted = table["number"].map(dict(zip(found["number"], found["n"], strict=True)))
        table[name] = counted.fillna(0).astype("Int64")
    for name in COLUMNS:
        if name not in table:
            table[name] = pd.array([pd.NA] * len(table), dtype="Int64")
    if not table[list(COLUMNS)].fillna(0).to_numpy().sum():
        raise NotEnoughDataError(f"nobody spoke, shared or invited in the last {weeks} weeks.")
    # Weeks before the tables begin are not weeks without anybody.
    begun = table[list(COLUMNS)].fillna(0).sum(axis=1).ne(0).cummax()
    table = table[begun].reset_index(drop=True)
    table.insert(0, "week", periods.starts(table["number"], "week", ds.settings.week_start))
    return table[["week", *COLUMNS]]


def _inside(ds: Dataset, weeks: int) -> list[tuple[str, ir.Table]]:
    if not ds.has("messages"):
        return []
    said = replies.addressed(ds, 7 * (weeks + 1))
    said = said.filter(said.group_id.notnull())
    who = said.select("member_id", "asks", "target", at="sent_at")
    staff = ds.staff_ids().select(target="member_id", is_staff=ibis.literal(True))
    answered = who.filter(who.target.notnull(), who.target != who.member_id)
    answered = answered.left_join(staff, "target").filter(ibis._.is_staff.isnull())
    return [
        ("speakers", who.select("member_id", "at")),
        ("askers", who.filter(who.asks).select("member_id", "at")),
        ("answerers", answered.select("member_id", "at")),
    ]


def _outside(ds: Dataset) -> list[tuple[str, ir.Table]]:
    found = []
    if ds.has("touchpoints"):
        steps = ds.table("touchpoints")
        shared = steps.filter(steps.event == "shared")
        paid = shared.rewarded.fill_null(False)
        found += [
            ("sharers", shared.filter(~paid).select("member_id", "at")),
            ("paid_sharers", shared.filter(paid).select("member_id", "at")),
        ]
    if ds.has("referrals"):
        found.append(("bringers", ds.table("referrals").select(member_id="inviter_id", at="at")))
    return found
