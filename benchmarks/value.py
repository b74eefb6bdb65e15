"""What members are worth by what they do in 90 days, and who answers whom."""

from __future__ import annotations

from typing import Any

import duckdb
import pandas as pd
from harness import Benchmark

from commlab import metrics
from commlab.metrics import replies
from commlab.schedule import PARTS

_SINCE = "TIMESTAMPTZ '2026-04-01 16:00:00+00'"  # the local midnight 90 days before the end


def _q(pattern: str) -> str:
    return "'" + pattern.replace("'", "''") + "'"


# The same reading of replies: the field first, then quotes and names.
_TALK = f"""
    people AS (
      SELECT member_id FROM members WHERE known(joined_at) AND role = 'member'
        AND member_id NOT IN (SELECT staff_id FROM staff)),
    said AS (
      SELECT group_id, member_id, day_of(local(sent_at)) AS day, kind, reply_to, coalesce(text, '') AS text
      FROM messages WHERE known(sent_at) AND sent_at >= {_SINCE} AND NOT revoked),
    named AS (
      SELECT *, starts_with(text, '这是一条引用/回复消息') OR starts_with(text, '「') AS quoted,
             nullif(trim(CASE
               WHEN starts_with(text, '这是一条引用/回复消息') THEN regexp_extract(text, {_q(replies._QUOTED_LONG)}, 1)
               WHEN starts_with(text, '「') THEN regexp_extract(text, {_q(replies._QUOTED_SHORT)}, 1)
               WHEN contains(text, '@') THEN regexp_extract(text, {_q(replies._CALLED_PLAIN)}, 1)
               WHEN contains(text, ': ') OR contains(text, ', ') THEN regexp_extract(text, {_q(replies._HEAD)}, 1)
             END), '') AS called
      FROM said),
    answered AS (
      SELECT message_id, member_id AS author,
             regexp_matches(coalesce(text, ''), {_q(replies._ASKS)}) AS asked
      FROM messages WHERE known(sent_at)),
    names AS (
      SELECT group_id, nickname AS called, min(member_id) AS person
      FROM (SELECT DISTINCT group_id, member_id FROM memberships WHERE known(joined_at))
      JOIN (SELECT member_id, nickname FROM members WHERE nickname IS NOT NULL) USING (member_id)
      GROUP BY ALL HAVING count(*) = 1),
    told AS (
      SELECT n.group_id, n.member_id, n.day, n.kind, coalesce(a.author, p.person) AS target,
             coalesce(a.asked, false) AS asked,
             n.reply_to IS NULL AND NOT n.quoted AND p.person IS NULL AS original
      FROM named n LEFT JOIN answered a ON n.reply_to = a.message_id
      LEFT JOIN names p ON n.group_id = p.group_id AND n.called = p.called),
    ties AS (
      SELECT member_id, target, day, count(*) AS messages, sum(asked::INT) AS answers FROM told
      WHERE target <> member_id AND member_id IN (FROM people) AND target IN (FROM people) GROUP BY ALL)"""

_VALUE = f"""
    WITH {_TALK},
    daily AS (
      SELECT member_id, day, count(*) AS messages, count(*) FILTER (original) AS posts,
             count(*) FILTER (original AND kind IN ('image', 'video')) AS pictures
      FROM told GROUP BY ALL),
    buying AS (
      SELECT member_id, day_of(local(paid_at)) AS day, sum(amount - refund) AS net,
             sum(CASE WHEN amount > 0 THEN (amount - refund) - cost * (amount - refund) / amount ELSE 0 END) AS margin
      FROM (SELECT member_id, paid_at, amount::DOUBLE AS amount, cost::DOUBLE AS cost,
                   CASE WHEN refunded_at IS NULL OR known(refunded_at) THEN refund_amount ELSE 0 END::DOUBLE AS refund
            FROM orders WHERE known(paid_at) AND paid_at >= {_SINCE} AND member_id IS NOT NULL)
      GROUP BY ALL HAVING net > 0),
    present AS (
      SELECT member_id, count(*) AS days FROM (
        SELECT member_id, day FROM said
        UNION SELECT member_id, day_of(local("at")) FROM check_ins WHERE known("at") AND "at" >= {_SINCE}
        UNION SELECT member_id, day_of(local("at")) FROM touchpoints
        WHERE known("at") AND "at" >= {_SINCE} AND event = 'clicked') GROUP BY ALL),
    parts AS (
      SELECT member_id, 0.05 * margin + 1 AS consumption, 0 AS content, 0 AS interaction, 0 AS social FROM buying
      UNION ALL
      SELECT member_id, 0, 0.5 * least(posts, 3) + 0.5 * least(pictures, 3), 0.1 * least(messages, 10), 0 FROM daily
      UNION ALL SELECT member_id, 0, 0, 0.2 * messages + 0.5 * answers, 0 FROM ties
      UNION ALL SELECT target, 0, 0.5, 0, 0 FROM ties
      UNION ALL SELECT target, 0, 0, 0, 0.5 FROM (SELECT DISTINCT member_id, target FROM ties)
      UNION ALL SELECT member_id, 0, 0, 0.3 * days, 0 FROM present
      UNION ALL
      SELECT member_id, 0, 0, 0.3, 0 FROM (
        SELECT DISTINCT member_id, day_of(local("at")) FROM check_ins WHERE known("at") AND "at" >= {_SINCE})
      UNION ALL
      SELECT member_id, 0, 0, 0, 0.5 FROM touchpoints
      WHERE known("at") AND "at" >= {_SINCE} AND event = 'shared'),
    worth AS (SELECT member_id, {", ".join(f"sum({part}) AS {part}" for part in PARTS)} FROM parts GROUP BY ALL)
    SELECT count(*) AS people, {", ".join(f"round(sum({part})) AS {part}" for part in PARTS)}
    FROM people LEFT JOIN worth USING (member_id)"""

_EDGES = f"""
    WITH {_TALK}
    SELECT count(*) AS pairs, sum(messages)::BIGINT AS messages, sum(answers)::BIGINT AS answers FROM (
      SELECT member_id, target, sum(messages) AS messages, sum(answers) AS answers FROM ties GROUP BY ALL)"""


def _worth(ds: Any) -> pd.DataFrame:
    worth = metrics.member_value(ds)
    sums = {part: worth[part].sum().round() for part in PARTS}
    return ds.frame(worth.agg(people=worth.count(), **sums))


def _pairs(ds: Any) -> pd.DataFrame:
    pairs = replies.reply_pairs(ds)
    return ds.frame(
        pairs.agg(pairs=pairs.count(), messages=pairs.messages.sum(), answers=pairs.answers.sum())
    )


def _same(frame: pd.DataFrame) -> pd.DataFrame:
    return frame


def _by(query: str) -> Any:
    def ask(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
        return con.execute(query).df()

    return ask


BENCHMARKS = [
    Benchmark("value.member_value", _worth, _by(_VALUE), _same),
    Benchmark("value.reply_graph", _pairs, _by(_EDGES), _same),
]
