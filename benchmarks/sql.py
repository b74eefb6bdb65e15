"""Pieces of SQL that several questions share: who counts, and what they did."""

from __future__ import annotations

# Members who are not staff.
PEOPLE = """
    SELECT member_id, channel, local(joined_at) AS anchor FROM members
    WHERE known(joined_at) AND role = 'member'
      AND member_id NOT IN (SELECT staff_id FROM staff)"""

ORDERS = "SELECT member_id, paid_at AS t FROM orders WHERE known(paid_at) AND member_id IS NOT NULL"
MESSAGES = "SELECT member_id, sent_at AS t FROM messages WHERE known(sent_at) AND NOT revoked"
ANY = f"""
    {ORDERS}
    UNION ALL {MESSAGES}
    UNION ALL SELECT member_id, "at" FROM check_ins WHERE known("at")
    UNION ALL SELECT member_id, "at" FROM touchpoints WHERE known("at") AND event = 'clicked'"""

FIRST_GROUP = """
    SELECT member_id, arg_min(group_id, joined_at) AS cluster FROM memberships
    WHERE known(joined_at) GROUP BY member_id"""

ANY_SINCE = """
    SELECT member_id, paid_at AS t FROM orders
    WHERE known(paid_at) AND paid_at >= {since} AND member_id IS NOT NULL
    UNION ALL SELECT member_id, sent_at FROM messages
    WHERE known(sent_at) AND sent_at >= {since} AND NOT revoked
    UNION ALL SELECT member_id, "at" FROM check_ins WHERE known("at") AND "at" >= {since}
    UNION ALL SELECT member_id, "at" FROM touchpoints
    WHERE known("at") AND "at" >= {since} AND event = 'clicked'"""

LAST_MONTH = 2026 * 12 + 5  # number of the last month that is over at `data.AS_OF`
LAST_DAY = 20634  # days from 1970-01-01 to `data.AS_OF`


def covered(events: str) -> str:
    """Return the query for the days on which members were active: what the status rests on."""
    return f"""
        SELECT day_of(local(t)) AS day, count(*) AS n FROM ({events})
        WHERE member_id IN (SELECT member_id FROM ({PEOPLE})) GROUP BY day"""
