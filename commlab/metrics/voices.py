"""Whether others listen: how often a member is answered, beside what the group's messages get."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import pandas as pd

from commlab.metrics import replies
from commlab.metrics.replies import WINDOW_DAYS

if TYPE_CHECKING:
    from commlab.dataset import Dataset

# Messages that the community's own rate weighs as much as, beside those of the group: a group of
# fewer messages says little of how often one is answered there.
PRIOR_MESSAGES = 50.0


def member_voices(ds: Dataset, window_days: int = WINDOW_DAYS) -> pd.DataFrame:
    """Return how often each member who writes in groups is answered, asks and answers.

    A member is answered by each other person once a day and group. Expected is what as many
    messages of the others in the same groups were answered: so neither writing much nor being in
    a lively group makes a voice.

    Args:
        ds: The dataset, with messages; staff are left out.
        window_days: Days up to `as_of`.

    Returns:
        Frame sorted by member_id: member_id, written (messages in groups), answered, expected
        (float), answers (to questions of members), questions (asked, answering nobody).
    """
    said = replies.addressed(ds, window_days)
    said = said.filter(said.group_id.notnull()).mutate(day=said.sent_at.date())
    own = said.anti_join(ds.staff_ids(), "member_id")
    asks = own.signal.isnull() & own.asks
    wrote = own.group_by("member_id", "group_id").agg(
        written=own.count(), questions=asks.cast("int64").sum()
    )
    found = replies.between_members(ds, said)
    pairs = found.group_by("member_id", "target", "group_id", "day").agg(
        answers=found.asked.cast("int64").sum()
    )
    given = pairs.group_by("member_id").agg(answers=pairs.answers.sum())
    got = pairs.group_by(target="target", room="group_id").agg(answered=pairs.count())
    rows = wrote.left_join(got, (wrote.member_id == got.target) & (wrote.group_id == got.room))
    rows = rows.select(
        "member_id", "group_id", "written", "questions", answered=rows.answered.fill_null(0)
    )
    room, whole = ibis.window(group_by="group_id"), ibis.window()
    others = rows.written.sum().over(room) - rows.written
    heard = rows.answered.sum().over(room) - rows.answered
    usual = rows.answered.sum().over(whole) / rows.written.sum().over(whole).cast("float64")
    rate = (heard + PRIOR_MESSAGES * usual) / (others + PRIOR_MESSAGES)
    rows = rows.mutate(expected=rows.written * rate)
    out = rows.group_by("member_id").agg(
        written=rows.written.sum(), answered=rows.answered.sum(), expected=rows.expected.sum(),
        questions=rows.questions.sum(),
    )  # fmt: skip
    given = given.rename(giver="member_id")
    joined = out.left_join(given, out.member_id == given.giver)
    joined = joined.select(
        "member_id", "written", "answered", "expected", "questions",
        answers=joined.answers.fill_null(0),
    )  # fmt: skip
    frame = ds.frame(joined, ["member_id"])
    return frame[["member_id", "written", "answered", "expected", "answers", "questions"]]
