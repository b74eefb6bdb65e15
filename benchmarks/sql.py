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
