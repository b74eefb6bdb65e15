"""Friend loss within 24 hours, 7 and 30 days: windows, exclusions, planted codes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from commlab.dataset import Dataset
from commlab.errors import ArgumentError, MissingTableError
from commlab.metrics.friendship import friend_loss
from commlab.stats import two_proportion_p, wilson

AS_OF = "2026-03-31"
END = pd.Timestamp("2026-04-01")
Make = Callable[..., Dataset]
MESSAGES = pd.DataFrame({"message_id": ["1"], "member_id": ["a"], "sent_at": ["2025-09-01"]})


def contacts(rows: list[tuple[float, float | None, dict[str, object]]]) -> pd.DataFrame:
    """Friendships added so many days before the end, deleted so many days after that."""
    out = []
    for place, (ago, held, more) in enumerate(rows):
        added = END - pd.Timedelta(days=ago)
        deleted = pd.NaT if held is None else added + pd.Timedelta(days=held)
        out.append(
            {
                "member_id": f"m{place}",
                "staff_id": "s1",
                "added_at": added,
                "channel": "x",
                "observed_from": pd.NaT,
                "deleted_at": deleted,
                "deleted_by": None,
            }
            | more
        )
    return pd.DataFrame(out)


def test_windows_by_hand(make_dataset: Make) -> None:
    frame = contacts(
        [
            (60, None, {}),  # still a friend
            (60, 0.5, {}),  # lost within 24 hours
            (60, 1.0, {}),  # at 24 hours to the second: within
            (60, 6.9, {}),
            (60, 29, {}),
            (60, 31, {}),  # after all windows
            (60, 3, {"deleted_by": "staff"}),  # not the customer's
            (5, 0.5, {}),  # only the first window is over
            (0.5, 0.1, {}),  # no window is over, although it is lost already
            (60, 20, {"observed_from": END - pd.Timedelta(days=58)}),  # first days unseen
            (60, -1, {}),  # deleted before it was added: tells nothing
        ]
    )
    ds = make_dataset({"contacts": frame, "messages": MESSAGES}, as_of=AS_OF)
    found = friend_loss(ds, None, min_at_risk=1).set_index("days")
    assert found["friends"].tolist() == [8, 7, 7]
    assert found["deleted"].tolist() == [3, 3, 4]
    assert found["by_staff"].tolist() == [0, 1, 1]
    assert found["open"].tolist() == [1, 2, 2]
    assert found["unseen"].tolist() == [2, 2, 2]
    assert (found["friends"] + found["open"] + found["unseen"] == len(frame)).all()
    assert found["rate"].tolist() == pytest.approx([3 / 8, 3 / 7, 4 / 7])
    low, high = wilson([3, 3, 4], [8, 7, 7])
    assert found["low"].to_numpy() == pytest.approx(low)
    assert found["high"].to_numpy() == pytest.approx(high)


def test_planted_codes_scripts_and_advisers(make_dataset: Make) -> None:
    rng = np.random.default_rng(2)
    rows = []
    for code, loss in (("bad", 0.30), ("good", 0.10), ("plain", 0.12)):
        for place in range(300):
            held = rng.uniform(0, 1) if rng.random() < loss else None
            more = {"channel": code, "staff_id": f"s{place % 4}"}
            rows.append((rng.uniform(40, 90), held, more))
    rows.append((50, None, {"channel": None}))
    channels = pd.DataFrame({"channel": ["bad", "good", "plain"], "script": ["v2", "v1", "v1"]})
    tables = {"contacts": contacts(rows), "messages": MESSAGES, "channels": channels}
    ds = make_dataset(tables, as_of=AS_OF)
    found = friend_loss(ds).set_index(["segment", "days"])
    for code, loss in (("bad", 0.30), ("good", 0.10), ("plain", 0.12)):
        assert found.loc[(code, 1), "low"] < loss < found.loc[(code, 1), "high"]
    assert found["flagged"].to_dict() == {
        (code, days): code in ("bad", "good", "plain") and code != "unknown" and flag
        for (code, days), flag in found["flagged"].items()
    }
    assert found.loc["bad", "flagged"].all()
    assert found.loc[("unknown", 30), "status"] == "too_few"
    assert np.isnan(found.loc[("unknown", 30), "rate"])
    scripts = friend_loss(ds, "script").set_index(["segment", "days"])
    assert scripts.loc[("v2", 7), "friends"] == 300
    assert scripts.loc[("v1", 7), "friends"] == 600
    bad, rest = found.loc[("bad", 7)], found.drop("bad").xs(7, level="days")
    assert bad["rest_rate"] == pytest.approx(rest["deleted"].sum() / rest["friends"].sum())
    expected = two_proportion_p(bad["deleted"], 300, rest["deleted"].sum(),
                                rest["friends"].sum(), deff=bad["deff"])  # fmt: skip
    assert bad["p"] == pytest.approx(float(expected))
    advisers = friend_loss(ds, "adviser")
    assert (advisers["deff"] == 1).all()
    assert set(advisers["segment"]) == {"s0", "s1", "s2", "s3"}
    assert (advisers["p_adjusted"] >= advisers["p"] - 1e-12).all()


def test_friends_of_one_adviser_are_not_independent(make_dataset: Make) -> None:
    # Ten advisers with rates from 0 to 90 %: the design effect must widen the interval.
    rows = [
        (60.0, 0.5 if place % 10 < adviser else None, {"staff_id": f"s{adviser}"})
        for adviser in range(10)
        for place in range(40)
    ]
    ds = make_dataset({"contacts": contacts(rows), "messages": MESSAGES}, as_of=AS_OF)
    found = friend_loss(ds, None, windows=[7]).iloc[0]
    assert found["deff"] > 10
    low, _ = wilson(found["deleted"], found["friends"])
    assert found["low"] < float(low) - 0.05


def test_added_from_and_arguments(make_dataset: Make) -> None:
    frame = contacts([(60, 0.5, {}), (40, None, {})])
    ds = make_dataset({"contacts": frame, "messages": MESSAGES}, as_of=AS_OF)
    day = (END - pd.Timedelta(days=45)).date()
    found = friend_loss(ds, None, added_from=day, windows=[7], min_at_risk=1)
    assert found["friends"].tolist() == [1]
    with pytest.raises(ArgumentError, match="windows"):
        friend_loss(ds, None, windows=[0])
    with pytest.raises(ArgumentError, match="split"):
        friend_loss(ds, "weather")
    with pytest.raises(MissingTableError):
        friend_loss(ds, "script")
    alone = make_dataset({"messages": MESSAGES}, as_of="2025-09-02")
    with pytest.raises(MissingTableError):
        friend_loss(alone)
