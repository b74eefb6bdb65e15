"""Snapshots of several days to stays and friendships with a beginning and an end.

A row that is in one snapshot and not in the next of the same group (or of the same account) has
ended in between: `last_seen_at` and `left_at` bracket it. Only a group that answered, or an
account that still has a friend, can be missed from: a day that was not saved proves nothing. Who
is back later with the same beginning was not saved in between, and never left.

`observed_from` is the first snapshot that has the row: it is there only because it lasted so long.
Callbacks, where they were kept, name the moment, and the rows that no snapshot caught; a row whose
beginning they told was under observation from then.
"""

# ruff: noqa: S608 - the queries hold own names

from __future__ import annotations

from commlab.loaders.wecom import contacts
from commlab.loaders.wecom.store import Store, earliest, latest

_HOUR = 3_600_000_000
# The moment of a callback and the time in an answer differ by seconds; by hours they are two.
NEAR = _HOUR
EXODUS, ENOUGH = 0.5, 20  # half of all at once, of so many, looks like a snapshot that broke off

_TIME = "make_timestamp({0})::TIMESTAMPTZ"

_STAYS = f"""
CREATE OR REPLACE TEMP TABLE ended_stays AS
WITH told AS (
  SELECT DISTINCT group_id, member_id, moment, what, scene FROM group_events
  WHERE member_id IS NOT NULL),
rows AS (
  SELECT group_id, member_id, joined_at, {latest("join_scene")} AS join_scene,
    {latest("inviter_id")} AS inviter_id, min(low) AS first_low,
    max(low) AS last_low
  FROM stays GROUP BY group_id, member_id, joined_at),
cover AS (SELECT DISTINCT group_id, low, high FROM groups WHERE low IS NOT NULL),
missed AS (
  SELECT r.* REPLACE (CASE WHEN EXISTS (
      SELECT 1 FROM told e WHERE e.what = 'joined' AND e.group_id = r.group_id
        AND e.member_id = r.member_id AND abs(r.joined_at - e.moment) <= {NEAR})
    THEN r.joined_at ELSE r.first_low END AS first_low), c.high AS gone FROM rows r
  ASOF LEFT JOIN cover c ON c.group_id = r.group_id AND c.low > r.last_low),
every AS (
  SELECT * FROM missed UNION ALL BY NAME
  SELECT DISTINCT e.group_id, e.member_id, e.moment AS joined_at, e.moment AS first_low,
    CASE e.scene WHEN 0 THEN 'invite' WHEN 3 THEN 'qr' END AS join_scene
  FROM told e WHERE e.what = 'joined' AND NOT EXISTS (
    SELECT 1 FROM rows r WHERE r.group_id = e.group_id AND r.member_id = e.member_id
      AND abs(r.joined_at - e.moment) <= {NEAR})),
left_at AS (
  SELECT s.*, e.moment AS told_at, e.scene FROM every s
  ASOF LEFT JOIN (SELECT * FROM told WHERE what = 'left') e
    ON e.group_id = s.group_id AND e.member_id = s.member_id AND e.moment >= s.joined_at),
closed AS (SELECT group_id, min(moment) AS closed_at FROM group_events WHERE what = 'closed'
           GROUP BY group_id),
ends AS (
  SELECT l.*, c.closed_at,
    told_at IS NOT NULL AND told_at <= coalesce(gone, told_at)
      AND told_at <= coalesce(closed_at, told_at) AS exact
  FROM left_at l LEFT JOIN closed c USING (group_id))
SELECT group_id, member_id, joined_at, join_scene, inviter_id, first_low,
  CASE WHEN exact THEN told_at WHEN closed_at IS NOT NULL AND gone IS NULL THEN closed_at
       ELSE last_low END AS seen_until,
  CASE WHEN exact THEN told_at WHEN gone IS NOT NULL THEN gone ELSE closed_at END AS left_at,
  CASE WHEN exact THEN CASE scene WHEN 0 THEN 'left' WHEN 1 THEN 'removed' END
       WHEN closed_at IS NOT NULL AND gone IS NULL THEN 'closed' END AS leave_kind,
  NOT exact AND gone IS NOT NULL AS by_absence
FROM ends"""

_FRIENDS = f"""
CREATE OR REPLACE TEMP TABLE ended_friends AS
WITH rows AS (
  SELECT member_id, staff_id, added_at, {latest("add_way")} AS add_way,
    {latest("channel")} AS channel, min(low) AS first_low, max(low) AS last_low
  FROM contacts GROUP BY member_id, staff_id, added_at),
cover AS (SELECT DISTINCT staff_id, low, high FROM contacts WHERE low IS NOT NULL),
missed AS (
  SELECT r.* REPLACE (CASE WHEN EXISTS (
      SELECT 1 FROM friend_events e WHERE e.what = 'added' AND e.staff_id = r.staff_id
        AND e.member_id = r.member_id AND abs(r.added_at - e.moment) <= {NEAR})
    THEN r.added_at ELSE r.first_low END AS first_low), c.high AS gone FROM rows r
  ASOF LEFT JOIN cover c ON c.staff_id = r.staff_id AND c.low > r.last_low),
every AS (
  SELECT * FROM missed UNION ALL BY NAME
  SELECT member_id, staff_id, moment AS added_at, min(channel) AS channel, moment AS first_low
  FROM friend_events e WHERE what = 'added' AND NOT EXISTS (
    SELECT 1 FROM rows r WHERE r.staff_id = e.staff_id AND r.member_id = e.member_id
      AND abs(r.added_at - e.moment) <= {NEAR})
  GROUP BY member_id, staff_id, moment),
ends AS (
  SELECT f.*, e.moment AS told_at, e.what FROM every f
  ASOF LEFT JOIN (SELECT * FROM friend_events WHERE what IN ('staff', 'customer')) e
    ON e.staff_id = f.staff_id AND e.member_id = f.member_id AND e.moment >= f.added_at)
SELECT f.* EXCLUDE (told_at, what, channel), coalesce(f.channel, k.channel) AS channel,
  coalesce(told_at, gone) AS deleted_at, what AS deleted_by,
  told_at IS NULL AND gone IS NOT NULL AS by_absence
FROM ends f LEFT JOIN (SELECT member_id, staff_id, min(channel) AS channel FROM clicks
                       WHERE channel IS NOT NULL GROUP BY member_id, staff_id) k
  USING (member_id, staff_id)"""

_MEMBERSHIPS = f"""
SELECT group_id, member_id, {_TIME.format("joined_at")} AS joined_at, join_scene, inviter_id,
  {_TIME.format("CASE WHEN first_low IS NOT NULL THEN greatest(joined_at, first_low) END")}
    AS observed_from,
  {_TIME.format("CASE WHEN seen_until IS NOT NULL THEN greatest(joined_at, seen_until) END")}
    AS last_seen_at,
  {_TIME.format("left_at")} AS left_at, leave_kind
FROM ended_stays ORDER BY joined_at, group_id, member_id"""

_CONTACTS = f"""
SELECT member_id, staff_id, {_TIME.format("added_at")} AS added_at, add_way, channel,
  {_TIME.format("CASE WHEN first_low IS NOT NULL THEN greatest(added_at, first_low) END")}
    AS observed_from, {_TIME.format("deleted_at")} AS deleted_at, deleted_by
FROM ended_friends ORDER BY added_at, member_id, staff_id"""

_TAGS = f"""
WITH named AS (
  SELECT tag_id, {latest("tag")} AS tag,
    {latest("tag_group")} AS tag_group
  FROM tag_names GROUP BY tag_id),
filled AS (
  SELECT t.member_id, coalesce(t.tag, n.tag, t.tag_id) AS tag,
    coalesce(t.tag_group, n.tag_group) AS tag_group, t.source, t.low, t.high
  FROM tags t LEFT JOIN named n USING (tag_id)),
first_seen AS (
  SELECT member_id, tag, tag_group, source, min(low) AS low, {earliest("high", "low")} AS high
  FROM filled GROUP BY ALL),
known AS (SELECT member_id, min(low) AS since FROM contacts GROUP BY member_id)
SELECT f.member_id, tag, tag_group, source,
  -- In a customer's first snapshot a tag may be of any age.
  {_TIME.format("CASE WHEN f.low > k.since THEN f.high END")} AS tagged_at
FROM first_seen f JOIN known k USING (member_id) ORDER BY f.member_id, tag, tag_group, source"""


def reduce(store: Store) -> None:
    """Make `ended_stays` and `ended_friends`, with what callbacks know of them."""
    store.engine.execute(_STAYS)
    store.engine.execute(_FRIENDS)


def write(store: Store) -> None:
    """Write memberships, contacts and tags, and say what the snapshots can tell."""
    store.write("memberships", _MEMBERSHIPS)
    store.write("contacts", _CONTACTS)
    store.write("tags", _TAGS)
    _say(store)


def _say(store: Store) -> None:
    notes = store.report.notes
    days = store.number(
        "SELECT count(DISTINCT low) FROM "
        "(SELECT low FROM contacts UNION ALL SELECT low FROM groups)"
    )
    if not days:
        notes.append(
            "The answers are of no known day, so who left, and when, cannot be seen: save each "
            "day's answers in a folder named after it (2026-06-01)."
        )
    elif days == 1:
        notes.append("There is one snapshot: who left shows from the second on.")
    for table, moment, what in (("ended_stays", "left_at", "groups' members"),
                                ("ended_friends", "deleted_at", "friendships")):  # fmt: skip
        query = (
            f"SELECT count(*) FROM (SELECT {moment}, count(*) AS n FROM {table} WHERE by_absence "
            f"GROUP BY {moment} HAVING n >= {ENOUGH} AND n > {EXODUS} * (SELECT count(*) "
            f"FROM {table}))"
        )
        if store.number(query):
            notes.append(
                f"More than half of all {what} are missing from one snapshot on: it may have been "
                "broken off. Leave that day out and load again if so."
            )
    nameless = store.number(
        "SELECT count(DISTINCT tag_id) FROM tags WHERE tag IS NULL AND tag_id NOT IN "
        "(SELECT tag_id FROM tag_names)"
    )
    if nameless:
        notes.append(
            f"{nameless:,} tags stand under their ids: no answer of get_corp_tag_list names them."
        )
    handed = ", ".join(f"'{way}'" for way in contacts.HANDED_OVER)
    shared = store.number(f"SELECT count(*) FROM ended_friends WHERE add_way IN ({handed})")
    if shared:
        notes.append(
            f"{shared:,} contacts were shared by a colleague or assigned: no acquisition, so they "
            "give their customers no channel."
        )
