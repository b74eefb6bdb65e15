"""Sound random workspaces, as frames, in which no rule has anything to say."""

from __future__ import annotations

import numpy as np
import pandas as pd

START = pd.Timestamp("2025-01-06")
DAYS = 300
AS_OF = "2025-11-01"  # START + 299 days: everything is read


def sound_tables(seed: int, days: int = DAYS) -> dict[str, pd.DataFrame]:
    """Tables of a made-up community; its size, spread, hours and trend vary with the seed."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(300, 700))
    groups = [f"g{i}" for i in range(int(rng.integers(3, 12)))]
    staff = [f"s{i}" for i in range(4)]
    members = [f"m{i:05d}" for i in range(n)]
    joined = _times(rng, n, days)
    members_frame = pd.DataFrame(
        {
            "member_id": members,
            "joined_at": joined,
            "channel": rng.choice(["c1", "c2"], n),
            "adviser_id": rng.choice(staff, n),
            "gender": rng.choice(["female", "male", "unknown"], n),
            "birth_year": rng.integers(1960, 2006, n),
        }
    )
    memberships = _stays(rng, members, joined, groups, days)
    orders = _orders(rng, members, joined, days)
    messages = _messages(rng, members, joined, groups, staff, days)
    return {
        "members": members_frame,
        "groups": pd.DataFrame(
            {"group_id": groups, "created_at": START, "owner_id": rng.choice(staff, len(groups))}
        ),
        "memberships": memberships,
        "messages": messages,
        "orders": orders,
        "channels": pd.DataFrame({"channel": ["c1", "c2"]}),
        "staff": pd.DataFrame({"staff_id": staff, "role": "adviser"}),
        "contacts": _contacts(rng, members, joined, staff, days),
        "identities": pd.DataFrame(
            {"member_id": members, "kind": "phone", "value_hash": [f"h{i}" for i in range(n)]}
        ),
    }


def hours_of(rng: np.random.Generator, n: int) -> np.ndarray:
    """Hours of a population that sleeps at night, its rhythm drawn anew."""
    hour = np.arange(24)
    awake = 0.02 * rng.uniform(0, 2) + np.clip(
        np.sin((hour - rng.integers(5, 8)) / 17 * np.pi), 0, 1
    )
    awake[hour < 5] = 0.02 * rng.uniform(0, 2)
    return rng.choice(24, n, p=awake / awake.sum())


def _at_hours(rng: np.random.Generator, day: np.ndarray) -> pd.Series:
    seconds = hours_of(rng, len(day)) * 3600 + rng.integers(0, 3600, len(day))
    when = START + pd.to_timedelta(day * 86_400 + seconds, unit="s")
    return pd.Series(when.astype("datetime64[us]"))


def _times(rng: np.random.Generator, n: int, days: int) -> pd.Series:
    return _at_hours(rng, np.sort(rng.integers(0, days, n)))


def _later(rng: np.random.Generator, since: pd.Series, days: int) -> pd.Series:
    """A time from `since` to the end of the data, day by day alike, at waking hours."""
    first = (since - START).dt.days.to_numpy()
    day = first + np.floor(rng.uniform(size=len(first)) * (days - first)).astype(int)
    when = _at_hours(rng, day)
    soon = since + pd.Timedelta(minutes=1)
    return when.where(when > since, soon)


def _stays(
    rng: np.random.Generator, members: list[str], joined: pd.Series, groups: list[str], days: int
) -> pd.DataFrame:
    n = len(members)
    left = joined + pd.to_timedelta(rng.exponential(150, n) * 86_400, unit="s").round("s")
    left = left.where(left < START + pd.Timedelta(days=days))
    return pd.DataFrame(
        {
            "group_id": rng.choice(groups, n),
            "member_id": members,
            "joined_at": joined,
            "observed_from": START,
            "left_at": left,
            "leave_kind": np.where(left.isna(), None, "left"),
        }
    )


def _orders(
    rng: np.random.Generator, members: list[str], joined: pd.Series, days: int
) -> pd.DataFrame:
    counts = rng.negative_binomial(0.6, 0.12, len(members))
    who = np.repeat(np.arange(len(members)), counts)
    paid = _later(rng, joined.iloc[who].reset_index(drop=True), days)
    amount = np.round(np.exp(rng.normal(4.5, rng.uniform(0.3, 1.8), len(who))), 2) + 0.01
    refund = np.where(rng.uniform(size=len(who)) < 0.05, amount, 0.0)
    return pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(len(who))],
            "member_id": np.asarray(members)[who],
            "paid_at": paid,
            "amount": amount,
            "refund_amount": refund,
            "refunded_at": (paid + pd.Timedelta(hours=30)).where(refund > 0),
            "cost": np.round(amount * 0.6, 2),
            "kind": rng.choice(["regular", "trial"], len(who), p=[0.9, 0.1]),
        }
    )


def _messages(
    rng: np.random.Generator,
    members: list[str],
    joined: pd.Series,
    groups: list[str],
    staff: list[str],
    days: int,
) -> pd.DataFrame:
    counts = np.floor(rng.lognormal(1.8, 1.2, len(members))).astype(int)
    who = np.repeat(np.arange(len(members)), counts)
    sent = _later(rng, joined.iloc[who].reset_index(drop=True), days)
    talk = int(len(who) * 0.2)
    by_staff = _at_hours(rng, rng.integers(0, days, talk))
    home = rng.choice(groups, len(members))
    return pd.DataFrame(
        {
            "message_id": [f"x{i}" for i in range(len(who) + talk)],
            "group_id": np.concatenate((home[who], rng.choice(groups, talk))),
            "member_id": np.concatenate((np.asarray(members)[who], rng.choice(staff, talk))),
            "sent_at": pd.concat((sent, by_staff), ignore_index=True),
        }
    )


def _contacts(
    rng: np.random.Generator, members: list[str], joined: pd.Series, staff: list[str], days: int
) -> pd.DataFrame:
    n = len(members)
    deleted = joined + pd.to_timedelta(rng.exponential(300, n) * 86_400, unit="s").round("s")
    return pd.DataFrame(
        {
            "member_id": members,
            "staff_id": rng.choice(staff, n),
            "added_at": joined,
            "observed_from": START,
            "deleted_at": deleted.where(deleted < START + pd.Timedelta(days=days)),
        }
    )
