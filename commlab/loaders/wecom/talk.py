"""Messages as a whole: what was withdrawn, what answers what, whom a message mentions.

Nothing in the protocol says what a message answers: the chat programs put the quoted words before
the answer. The quoted message is found in the same group, as the latest earlier one with these
words, of the member who had that name there at that time; where the name leads to nobody, or to
several, only words that one earlier message has are taken. Mentions are plain `@name`. How much
could be found is in the report.
"""

from __future__ import annotations

from commlab.loaders.sql import quoted
from commlab.loaders.wecom.archive import Archives
from commlab.loaders.wecom.store import Store

# Who had which name in a group, and from when to when: by the snapshots, from one to the next.
_NAMES = """
CREATE OR REPLACE TEMP TABLE names AS
WITH seen AS (
  SELECT DISTINCT group_id, member_id, nick, coalesce(low, 0) AS low FROM stays
  WHERE nick IS NOT NULL),
changes AS (
  SELECT *, lag(nick) OVER w AS before FROM seen
  WINDOW w AS (PARTITION BY group_id, member_id ORDER BY low, nick)
  QUALIFY before IS DISTINCT FROM nick)
SELECT group_id, member_id, nick, CASE WHEN before IS NULL THEN 0 ELSE low END AS since,
  coalesce(lead(low) OVER (PARTITION BY group_id, member_id ORDER BY low, nick),
           9000000000000000000) AS until
FROM changes"""
# The member behind a name in a group at a moment, where it is just one.
_WHO = """
CREATE OR REPLACE TEMP TABLE {into} AS
SELECT f.nth, f.name, min(n.member_id) AS who FROM {source} f
JOIN names n ON n.group_id = f.group_id AND n.nick = f.name AND n.since <= f.sent_at
  AND f.sent_at < n.until
GROUP BY f.nth, f.name HAVING count(DISTINCT n.member_id) = 1"""
_ASKED = """
CREATE OR REPLACE TEMP TABLE asked AS
SELECT nth, group_id, sent_at, name, quote FROM said WHERE quote IS NOT NULL"""
# Only what somebody quotes is looked at, so that a long archive costs little.
_TARGETS = """
CREATE OR REPLACE TEMP TABLE targets AS
SELECT DISTINCT s.message_id, s.group_id, s.member_id, s.sent_at, s.text FROM said s
WHERE (s.group_id, s.text) IN (SELECT (group_id, quote) FROM asked)"""
_REPLIES = """
CREATE OR REPLACE TEMP TABLE replies AS
WITH named AS (
  SELECT a.nth, t.message_id FROM
  (SELECT a.*, w.who FROM asked a JOIN asked_who w USING (nth)) a
  ASOF JOIN targets t ON t.group_id = a.group_id AND t.member_id = a.who AND t.text = a.quote
    AND t.sent_at < a.sent_at),
nameless AS (
  SELECT a.nth, min(t.message_id) AS message_id FROM asked a
  JOIN targets t ON t.group_id = a.group_id AND t.text = a.quote AND t.sent_at < a.sent_at
  WHERE a.nth NOT IN (SELECT nth FROM asked_who)
  GROUP BY a.nth HAVING count(DISTINCT t.message_id) = 1)
SELECT * FROM named UNION ALL SELECT * FROM nameless"""
# A mention ends with a narrow space, or where typed by hand with any; an address is none.
_MENTIONED = r"""
CREATE OR REPLACE TEMP TABLE mentioned AS
SELECT DISTINCT nth, group_id, sent_at, name FROM (
  SELECT nth, group_id, sent_at, trim(unnest(list_concat(
    regexp_extract_all(text, '(?:^|[^\w@.])@([^@\x{2005}\n]{1,40})\x{2005}', 1),
    regexp_extract_all(text, '(?:^|[^\w@.])@([^@\x{2005}\s]{1,40})(?:\s|$)', 1)))) AS name
  FROM said WHERE group_id IS NOT NULL AND contains(text, '@'))
WHERE name NOT IN ('', '所有人', 'all', 'All', 'everyone')"""
_MENTIONS = """
CREATE OR REPLACE TEMP TABLE mentions AS
SELECT nth, list_sort(list_distinct(list(who))) AS who FROM mentioned_who GROUP BY nth"""
_MESSAGES = """
SELECT message_id, group_id, member_id,
  make_timestamp(sent_at)::TIMESTAMPTZ AS sent_at, kind, text, reply_to, mentions, revoked,
  {number} AS _source, n AS _line, {base} + nth AS _order
FROM (SELECT s.*, r.message_id AS reply_to, m.who AS mentions,
        s.message_id IN (SELECT message_id FROM withdrawn) AS revoked
      FROM said s LEFT JOIN replies r USING (nth) LEFT JOIN mentions m USING (nth))
WHERE owner = {owner}"""


def write(store: Store, archives: Archives) -> None:
    """Write `messages`, and say how much of replies and mentions was found."""
    engine = store.engine
    for query in (
        _NAMES, _ASKED, _WHO.format(into="asked_who", source="asked"), _TARGETS, _REPLIES,
        _MENTIONED, _WHO.format(into="mentioned_who", source="mentioned"), _MENTIONS,
    ):  # fmt: skip
        engine.execute(query)
    last = store.number("SELECT max(nth) FROM said")
    known = store.number("SELECT count(*) FROM said WHERE owner < 0")
    for position, owner in [*([(-1, None)] if known else []), *enumerate(archives.owners)]:
        path, number, base = store.writer.stage("messages", owner=owner, rows=last + 1)
        query = _MESSAGES.format(number=number, base=base, owner=position)
        engine.execute(f"COPY ({query}) TO {quoted(path)} (FORMAT parquet, COMPRESSION zstd)")
    _say(store)
    engine.execute(
        "CREATE OR REPLACE TEMP VIEW speakers AS SELECT member_id, min(sent_at) AS moment "
        "FROM said GROUP BY member_id"
    )


def _say(store: Store) -> None:
    notes = store.report.notes
    asked, found = store.number("SELECT count(*) FROM asked"), store.number(
        "SELECT count(DISTINCT nth) FROM replies")  # fmt: skip
    if asked:
        notes.append(
            f"Of {asked:,} messages that quote another, the quoted one was found for {found:,} "
            f"({found / asked:.0%}); the archive has no field for it."
        )
    named, who = store.number("SELECT count(*) FROM mentioned"), store.number(
        "SELECT count(*) FROM mentioned_who")  # fmt: skip
    if named:
        notes.append(
            f"Of {named:,} mentions (@name), {who:,} ({who / named:.0%}) lead to just one member "
            "who had that name in the group at that time."
        )
    lost = store.number(
        "SELECT count(*) FROM withdrawn WHERE message_id NOT IN (SELECT message_id FROM said)"
    )
    if lost:
        notes.append(f"{lost:,} withdrawals are of messages that the archive does not have.")
    if store.number("SELECT count(*) FROM said"):
        notes.append("Only members who consented are archived: missing messages are not silence.")
