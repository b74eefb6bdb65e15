"""Rows of stays as the engine counts them: every rule once, by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from commlab.dataset import Dataset
from commlab.errors import ArgumentError, DataWarning, MissingTableError, NotEnoughDataError
from commlab.metrics import survival as stays
from commlab.models.survival import survival_at

AS_OF = "2026-03-31"
START = pd.Timestamp("2026-03-01 10:00")
Make = Callable[..., Dataset]


def at(days: float) -> pd.Timestamp:
    return START + pd.Timedelta(days=days)


def memberships(**columns: object) -> pd.DataFrame:
    """One stay, begun at ten on 1 March (30.6 days before the end of the data)."""
    row = {"group_id": "g1", "member_id": "m1", "joined_at": START, "observed_from": pd.NaT,
           "last_seen_at": pd.NaT, "left_at": pd.NaT, "leave_kind": None} | columns  # fmt: skip
    return pd.DataFrame([row])


def one(make: Make, frame: pd.DataFrame, **tables: pd.DataFrame) -> dict[str, object]:
    rows = stays.membership_rows(make({"memberships": frame, **tables}, as_of=AS_OF))
    assert len(rows) == 1
    assert rows["n"].iloc[0] == 1
    return rows[["entry", "lower", "upper", "observed"]].iloc[0].to_dict()


CASES = {
    # An exact end goes to the day that holds it; on the first day that is day 1.
    "left on day 5": ({"left_at": at(4.2)}, (0, 4, 5, True)),
    "left at once": ({"left_at": START}, (0, 0, 1, True)),
    "removed counts as lost": ({"left_at": at(4.2), "leave_kind": "removed"}, (0, 4, 5, True)),
    # Still in at the end of as_of: 30.6 days, rounded.
    "still in": ({}, (0, 31, 31, False)),
    "last seen 20 days on": ({"last_seen_at": at(20.1)}, (0, 20, 20, False)),
    # Daily looks: the day of the middle; a late look of 29 hours is still one day.
    "daily look": ({"last_seen_at": at(5.3), "left_at": at(6.3)}, (0, 5, 6, True)),
    "late look": ({"last_seen_at": at(5.3), "left_at": at(6.5)}, (0, 5, 6, True)),
    "weekly look": ({"last_seen_at": at(5.3), "left_at": at(12.3)}, (0, 5, 12, True)),
    "late entry": ({"observed_from": at(3.6), "left_at": at(9.5)}, (4, 9, 10, True)),
    "entry and end on one day": ({"observed_from": at(3.6), "left_at": at(3.7)}, (3, 3, 4, True)),
    "observed before joining": ({"observed_from": at(-50), "left_at": at(9.5)}, (0, 9, 10, True)),
    # Migration and closing are not leaving.
    "migrated": ({"left_at": at(8.4), "leave_kind": "migrated"}, (0, 8, 8, False)),
    "closed": ({"left_at": at(8.6), "leave_kind": "closed"}, (0, 9, 9, False)),
    "migrated between looks": (
        {"last_seen_at": at(4.0), "left_at": at(10.0), "leave_kind": "migrated"}, (0, 7, 7, False),
    ),
    # What came after as_of is not known.
    "left after as_of": ({"left_at": at(40), "last_seen_at": at(39)}, (0, 31, 31, False)),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_each_rule(make_dataset: Make, case: str) -> None:
    columns, expected = CASES[case]
    found = one(make_dataset, memberships(**columns))
    assert tuple(found.values()) == expected


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, (0, 12, 12, False)),  # nobody noted the end: it is the closing
        ({"left_at": at(13)}, (0, 12, 12, False)),  # missing from the first look after it
        ({"left_at": at(11.5)}, (0, 11, 12, True)),  # left before it closed
        ({"left_at": at(13), "leave_kind": "left"}, (0, 12, 13, True)),  # the source says so
    ],
)
def test_a_closed_group_is_not_left(
    make_dataset: Make, columns: dict[str, object], expected: tuple[object, ...]
) -> None:
    groups = pd.DataFrame({"group_id": ["g1"], "created_at": [at(-90)], "closed_at": [at(12.3)]})
    assert tuple(one(make_dataset, memberships(**columns), groups=groups).values()) == expected


def test_contradictions_are_left_out_and_counted(make_dataset: Make) -> None:
    frame = pd.concat(
        [
            memberships(left_at=at(3)),
            memberships(member_id="m2", left_at=at(-1)),
            memberships(member_id="m3", observed_from=at(9), left_at=at(8)),
        ]
    )
    ds = make_dataset({"memberships": frame}, as_of=AS_OF)
    with pytest.warns(DataWarning, match="1 that ended before beginning, 1 that ended before obs"):
        rows = stays.membership_rows(ds)
    assert rows["n"].sum() == 1
    seen = stays.stay_coverage(ds).iloc[0]
    assert seen[["stays", "lost", "before_observation", "before_beginning"]].tolist() == [
        3,
        1,
        1,
        1,
    ]


def test_coverage_counts_what_was_not_seen(make_dataset: Make) -> None:
    frame = pd.concat(
        [
            memberships(member_id="a", observed_from=at(5), left_at=at(20), last_seen_at=at(13)),
            memberships(member_id="b", observed_from=START, last_seen_at=at(3)),
            memberships(member_id="c", left_at=at(4), leave_kind="migrated"),
        ]
    )
    seen = stays.stay_coverage(make_dataset({"memberships": frame}, as_of=AS_OF)).iloc[0].to_dict()
    assert seen == {
        "stays": 3, "unknown_start": 1, "late_entry": 1, "lost": 1, "bracketed": 1, "moved": 1,
        "stale": 1, "before_observation": 0, "before_beginning": 0,
    }  # fmt: skip


def test_staff_are_not_members(make_dataset: Make) -> None:
    frame = pd.concat([memberships(), memberships(member_id="s1"), memberships(member_id="bot")])
    members = pd.DataFrame({"member_id": ["m1", "bot"], "joined_at": START,
                            "role": ["member", "bot"]})  # fmt: skip
    staff = pd.DataFrame({"staff_id": ["s1"], "role": ["adviser"]})
    ds = make_dataset({"memberships": frame, "members": members, "staff": staff}, as_of=AS_OF)
    assert stays.membership_rows(ds)["n"].sum() == 1


def test_until_shows_what_was_known_then(make_dataset: Make) -> None:
    frame = pd.concat(
        [
            memberships(member_id="a", left_at=at(4.2)),
            memberships(member_id="b", left_at=at(20)),
            memberships(member_id="c", joined_at=at(15)),
            memberships(member_id="d", observed_from=at(14), left_at=at(29.5)),
        ]
    )
    ds = make_dataset({"memberships": frame}, as_of=AS_OF)
    then = stays.membership_rows(ds, until="2026-03-11")
    # 10.6 days later: a had left, b was still in, c and d had not been seen.
    assert then[["lower", "upper", "observed", "n"]].to_numpy().tolist() == [
        [4, 5, True, 1], [11, 11, False, 1],
    ]  # fmt: skip
    now = stays.membership_rows(ds, joined_until="2026-03-11")
    assert now["n"].sum() == 3
    assert int(now.loc[now["observed"], "n"].sum()) == 3
    both = stays.history(ds, [dt.date(2026, 3, 11), dt.date(2026, 3, 20)])
    pd.testing.assert_frame_equal(both[dt.date(2026, 3, 11)][0], then)
    pd.testing.assert_frame_equal(both[dt.date(2026, 3, 11)][1], now)
    assert both[dt.date(2026, 3, 20)][0]["n"].sum() == 4
    # The same as opening the data on that day.
    earlier = make_dataset({"memberships": frame}, as_of="2026-03-11")
    pd.testing.assert_frame_equal(stays.membership_rows(earlier), then)


def test_splits_by_stay_and_by_member(make_dataset: Make) -> None:
    frame = pd.concat(
        [
            memberships(member_id="a", join_scene="qr", joined_at=pd.Timestamp("2026-01-05")),
            memberships(member_id="b", group_id="g2", join_scene=None),
        ]
    )
    members = pd.DataFrame({"member_id": ["a", "b"], "joined_at": [START, START],
                            "channel": ["wx", None]})  # fmt: skip
    groups = pd.DataFrame({"group_id": ["g1", "g2"], "created_at": [at(-90)] * 2,
                           "positioning": ["benefit", None]})  # fmt: skip
    ds = make_dataset({"memberships": frame, "members": members, "groups": groups}, as_of=AS_OF)

    def segments(split: str, **options: str) -> list[str]:
        return stays.membership_rows(ds, split=split, **options)["segment"].tolist()

    assert segments("join_scene") == ["qr", "unknown"]
    assert segments("channel") == ["unknown", "wx"]
    assert segments("group") == ["g1", "g2"]
    assert segments("positioning") == ["benefit", "unknown"]
    assert segments("cohort") == ["2026-01-01", "2026-03-01"]
    assert segments("cohort", unit="week") == ["2026-01-05", "2026-02-23"]
    with pytest.raises(ArgumentError, match="split"):
        segments("weather")
    alone = make_dataset({"memberships": frame}, as_of=AS_OF)
    for split in ("positioning", "region"):
        with pytest.raises(MissingTableError):
            stays.membership_rows(alone, split=split)


def test_clusters_are_groups(make_dataset: Make) -> None:
    frame = pd.concat([memberships(member_id=f"m{i}", group_id=f"g{i % 3}") for i in range(9)])
    rows = stays.membership_rows(make_dataset({"memberships": frame}, as_of=AS_OF))
    assert rows["cluster"].tolist() == [0, 1, 2]
    assert rows["n"].tolist() == [3, 3, 3]


def test_friendships(make_dataset: Make) -> None:
    contacts = pd.DataFrame(
        {
            "member_id": ["a", "b", "c", "d"],
            "staff_id": ["s1", "s1", "s2", "s2"],
            "added_at": [START] * 4,
            "channel": ["x", "x", "y", None],
            "observed_from": [pd.NaT, at(2), pd.NaT, pd.NaT],
            "deleted_at": [at(0.4), at(6.5), at(8.5), pd.NaT],
            "deleted_by": ["customer", None, "staff", None],
        }
    )
    messages = pd.DataFrame({"message_id": ["1"], "member_id": ["a"], "sent_at": [START]})
    ds = make_dataset({"contacts": contacts, "messages": messages}, as_of=AS_OF)
    rows = stays.friendship_rows(ds)
    assert rows[["cluster", "entry", "lower", "upper", "observed"]].to_numpy().tolist() == [
        [0, 0, 0, 1, True], [0, 2, 6, 7, True], [1, 0, 9, 9, False], [1, 0, 31, 31, False],
    ]  # fmt: skip
    assert stays.friendship_rows(ds, split="channel")["segment"].tolist() == [
        "unknown", "x", "x", "y",
    ]  # fmt: skip
    assert set(stays.friendship_rows(ds, split="adviser")["segment"]) == {"s1", "s2"}
    assert stays.stay_coverage(ds, "friendship")["moved"].iloc[0] == 1
    with pytest.raises(MissingTableError):
        stays.friendship_rows(ds, split="script")


def test_cutoffs(make_dataset: Make) -> None:
    frame = pd.concat([memberships(joined_at=pd.Timestamp("2025-06-01")), memberships()])
    ds = make_dataset({"memberships": frame}, as_of=AS_OF)
    days = stays.rolling_cutoffs(ds, horizon=84, every=28, most=6)
    assert days[0] == dt.date(2026, 1, 6)
    assert days[-1] >= dt.date(2025, 6, 1) + dt.timedelta(days=84)
    assert len(days) == 5
    with pytest.raises(NotEnoughDataError, match="400 days"):
        stays.rolling_cutoffs(ds, horizon=200)


def test_planted_survival_through_the_engine(make_dataset: Make) -> None:
    # Exponential stays of mean 40 days, looked at once a day at 2 a.m. since 1 December.
    rng = np.random.default_rng(3)
    joined = pd.Timestamp("2025-10-01") + pd.to_timedelta(rng.uniform(0, 150, 4000), "D")
    joined = joined.floor("s")
    left = joined + pd.to_timedelta(rng.exponential(40, 4000), "D")
    look = pd.Timestamp("2025-12-01 02:00")
    day = pd.Timedelta(days=1)
    first = pd.Series(joined).clip(lower=look)
    begin = look + np.ceil((first - look) / day) * day  # first look that could see the stay
    last = look + np.floor((left - look) / day) * day
    end = pd.Timestamp("2026-03-31 02:00")
    seen = (last >= begin) & (begin <= end)
    gone = (last + day).where(last + day <= end)
    frame = pd.DataFrame(
        {
            "group_id": [f"g{i % 50}" for i in range(4000)],
            "member_id": [f"m{i}" for i in range(4000)],
            "joined_at": joined,
            "observed_from": begin,
            "last_seen_at": last.where(last <= end, end),
            "left_at": gone,
        }
    )[seen.to_numpy()]
    ds = make_dataset({"memberships": frame}, as_of=AS_OF)
    rows = stays.membership_rows(ds)
    assert rows["n"].sum() == len(frame)
    for days in (7, 30, 90):
        found = survival_at(rows, days)
        truth = np.exp(-days / 40)
        error = (found.high - found.low) / 3.92
        assert abs(found.value - truth) < 3 * error
    # Without observed_from only survivors are seen at young ages, and too many seem to stay.
    blind = stays.membership_rows(
        make_dataset({"memberships": frame.drop(columns="observed_from")}, as_of=AS_OF)
    )
    assert survival_at(blind, 30).low > np.exp(-30 / 40)
