"""Who is who: members, staff, groups, channels, days and identities, from all that was read."""

# ruff: noqa: S608 - the queries hold own names

from __future__ import annotations

import pandas as pd

from commlab.loaders import identifiers
from commlab.loaders.wecom.contacts import HANDED_OVER
from commlab.loaders.wecom.groups import STATUSES
from commlab.loaders.wecom.store import Store, earliest, latest

_TIME = "make_timestamp({0})::TIMESTAMPTZ"
_DATE = "(DATE '1970-01-01' + {0}::INT)"
_HANDED = ", ".join(f"'{way}'" for way in HANDED_OVER)
# Whoever an answer names as staff is staff, also when the account's name begins like an id.
_OUTSIDE = "regexp_matches({0}, '^w[mo]') AND {0} NOT IN (SELECT staff_id FROM all_staff)"

_STAFF = """
CREATE OR REPLACE TEMP TABLE all_staff AS
SELECT staff_id, max(role = 'adviser') AS adviser FROM staff GROUP BY staff_id"""
_STAFF_ROWS = """
SELECT staff_id, CASE WHEN adviser THEN 'adviser' ELSE 'other' END AS role FROM all_staff
UNION ALL
SELECT member_id, CASE WHEN starts_with(member_id, 'wb') THEN 'bot' ELSE 'other' END
FROM speakers WHERE NOT regexp_matches(member_id, '^w[mo]')
  AND member_id NOT IN (SELECT staff_id FROM all_staff)
ORDER BY staff_id"""
_MEMBERS = f"""
WITH moments AS (
  SELECT member_id, added_at AS moment, 0 AS nth, channel, add_way NOT IN ({_HANDED}) IS NOT FALSE
    AS own, staff_id, deleted_at FROM ended_friends
  UNION ALL SELECT member_id, joined_at, 1, NULL, true, NULL, NULL FROM ended_stays
  UNION ALL SELECT member_id, moment, 2, NULL, true, NULL, NULL FROM speakers),
first AS (
  SELECT member_id, min(moment) AS joined_at,
    (min({{'at': moment, 'v': channel}}) FILTER (own AND nth = 0)).v AS channel,
    {earliest("staff_id", "moment", "nth = 0 AND deleted_at IS NULL")} AS adviser_id
  FROM moments WHERE {_OUTSIDE.format("member_id")} GROUP BY member_id),
by_group AS (
  SELECT member_id, {earliest("channel", "joined_at")} AS channel, min(joined_at) AS moment
  FROM stays WHERE channel IS NOT NULL GROUP BY member_id),
latest AS (
  SELECT member_id, {latest("nickname", "coalesce(low, moment)")} AS nickname,
    {latest("gender", "coalesce(low, moment)")} AS gender FROM people GROUP BY member_id)
SELECT f.member_id, {_TIME.format("f.joined_at")} AS joined_at,
  -- The code of the group counts for those who came through it.
  coalesce(CASE WHEN g.moment <= f.joined_at THEN g.channel END, f.channel, g.channel) AS channel,
  f.adviser_id, l.gender, l.nickname
FROM first f LEFT JOIN latest l USING (member_id) LEFT JOIN by_group g USING (member_id)
ORDER BY f.joined_at, f.member_id"""
_STATUSES = " ".join(f"WHEN {code} THEN 'status: {word}'" for code, word in STATUSES.items())
_GROUPS = f"""
WITH latest AS (
  SELECT group_id, {latest("name")} AS name, min(created_at) AS created_at,
    {latest("owner_id")} AS owner_id FROM groups GROUP BY group_id),
state AS (SELECT group_id, CASE {latest("status")} {_STATUSES} END AS status
          FROM group_status GROUP BY group_id),
closed AS (SELECT group_id, min(moment) AS closed_at FROM group_events WHERE what = 'closed'
           GROUP BY group_id)
SELECT group_id, name, {_TIME.format("created_at")} AS created_at, owner_id,
  {_TIME.format("closed_at")} AS closed_at,
  CASE WHEN status IS NOT NULL THEN [status] END AS tags
FROM latest LEFT JOIN state USING (group_id) LEFT JOIN closed USING (group_id)
ORDER BY created_at, group_id"""
_CHANNELS = """
SELECT channel, min(type) AS type FROM (
  SELECT * FROM channels
  UNION ALL SELECT channel, NULL FROM contacts UNION ALL SELECT channel, NULL FROM stays
  UNION ALL SELECT channel, NULL FROM friend_events)
WHERE channel IS NOT NULL GROUP BY channel ORDER BY channel"""
# Answers overlap (each goes back for weeks): the latest is right, of equals the one read last.
_STAFF_DAYS = f"""
SELECT staff_id, {_DATE.format('"on"')} AS "on", chats, messages, reply_share, reply_minutes,
  negative_feedback, new_contacts FROM staff_days
QUALIFY row_number() OVER (PARTITION BY staff_id, "on" ORDER BY coalesce(low, 0) DESC, nth DESC) = 1
ORDER BY "on", staff_id"""
_GROUP_DAYS = f"""
SELECT NULL::VARCHAR AS group_id, owner_id, {_DATE.format('"on"')} AS "on", members,
  members_active, messages, joined, "left" FROM group_days
QUALIFY row_number() OVER (PARTITION BY owner_id, "on" ORDER BY coalesce(low, 0) DESC,
  nth DESC) = 1
UNION ALL
SELECT group_id, NULL, {_DATE.format("day")}, NULL, NULL, NULL,
  sum(count) FILTER (what = 'joined')::BIGINT, sum(count) FILTER (what = 'left')::BIGINT
FROM (SELECT DISTINCT group_id, moment, what, scene, count,
        (moment + 28800000000) // 86400000000 AS day FROM group_events WHERE count > 0)
GROUP BY group_id, day ORDER BY ALL"""
_CHATTED = f"""
SELECT member_id, {_TIME.format("min(high)")} AS "at", 'chatted' AS event,
  min(channel) AS channel, staff_id
FROM clicks WHERE status = 1 AND high IS NOT NULL GROUP BY member_id, staff_id ORDER BY ALL"""


def write(store: Store) -> None:
    """Write everything that is about people, groups and codes."""
    store.engine.execute(_STAFF)
    store.write("staff", _STAFF_ROWS)
    store.write("members", _MEMBERS)
    store.write("groups", _GROUPS)
    store.write("channels", _CHANNELS)
    store.write("staff_days", _STAFF_DAYS)
    store.write("group_days", _GROUP_DAYS)
    store.write("touchpoints", _CHATTED)
    _identities(store)
    _say(store)


def _identities(store: Store) -> None:
    people = f"SELECT DISTINCT member_id FROM people WHERE {_OUTSIDE.format('member_id')}"
    for kind, query in (
        ("external_userid", f"SELECT member_id, member_id AS value FROM ({people})"),
        ("unionid", "SELECT DISTINCT member_id, unionid AS value FROM people "
                    "WHERE unionid IS NOT NULL"),
        ("phone", "SELECT DISTINCT member_id, phone AS value FROM phones"),
    ):  # fmt: skip
        for part in store.batches(f"{query} ORDER BY ALL"):
            frame: pd.DataFrame = part.to_pandas()
            # Unionids and phones were hashed when they were read.
            make = identifiers.identity_rows if kind == "external_userid" else (
                identifiers.hashed_rows)  # fmt: skip
            store.writer.add("identities", make(frame["member_id"], kind, frame["value"]))


def _say(store: Store) -> None:
    notes = store.report.notes
    wrote = store.number("SELECT count(*) FROM clicks WHERE status = 1")
    known = store.number("SELECT count(*) FROM clicks WHERE status IN (0, 1)")
    asked = store.number("SELECT count(*) FROM clicks WHERE status IS NOT NULL")
    if known:
        notes.append(
            f"Acquisition links: {wrote:,} of {known:,} customers wrote ({wrote / known:.0%}); "
            f"{asked - known:,} of whom it is not known are left out."
        )
    counted = store.number("SELECT count(*) FROM group_events WHERE what IN ('joined', 'left')")
    if counted:
        notes.append(
            "Counts of group_days from callbacks are at least so many: callbacks get lost."
        )
