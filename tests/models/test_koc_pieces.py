"""What becomes of members' content: counted by hand, and only when its 90 days are over."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import commlab as cl
from commlab.errors import MissingTableError, NotEnoughDataError

AS_OF = "2026-06-30"


def contents() -> pd.DataFrame:
    days = ["2026-01-10", "2026-02-01", "2026-03-01", "2026-05-30", "2026-01-05"]
    return pd.DataFrame(
        {"content_id": ["p1", "p2", "p3", "p4", "p5"], "group_id": "g1", "kind": "article",
         "posted_at": [f"{day} 10:00" for day in days],
         "creator_id": ["k", "o", None, "k", "s"], "exposures": [50, 40, 60, 30, 20],
         "clicks": [10, 4, 3, 6, 1]}
    )  # fmt: skip


def sends() -> pd.DataFrame:
    rows = [
        ("p1", "2026-01-10 12:00", "2026-01-10 13:00"),  # the post itself
        ("p1", "2026-01-20 10:00", "2026-01-20 11:00"),
        ("p1", "2026-04-09 10:00", None),  # on the 89th day
        ("p1", "2026-04-11 10:00", "2026-04-11 11:00"),  # after the tail
        ("p3", "2026-03-10 10:00", None),
        ("p4", "2026-06-10 10:00", "2026-06-10 11:00"),  # the tail is not over
    ]
    frame = pd.DataFrame(rows, columns=["content_id", "sent_at", "clicked_at"])
    return frame.assign(send_id=[f"s{n}" for n in range(len(rows))], kind="mass")


STAFF = pd.DataFrame({"staff_id": ["s"], "role": ["adviser"]})


def test_later_sends_are_those_within_the_tail(make_dataset) -> None:
    ds = make_dataset({"contents": contents(), "sends": sends(), "staff": STAFF}, as_of=AS_OF)
    rows = cl.metrics.member_pieces(ds).set_index("content_id")
    assert rows["by_member"].to_dict() == {"p5": False, "p1": True, "p2": True, "p3": False,
                                           "p4": True}  # fmt: skip
    assert rows["resent"].dropna().to_dict() == {"p5": 0, "p1": 2, "p2": 0, "p3": 1}
    assert rows["resent_clicked"].dropna().to_dict() == {"p5": 0, "p1": 1, "p2": 0, "p3": 0}
    assert rows["resent"].isna().to_dict()["p4"]


def test_without_sends_later_use_is_not_known(make_dataset) -> None:
    ds = make_dataset({"contents": contents(), "staff": STAFF}, as_of=AS_OF)
    assert cl.metrics.member_pieces(ds)["resent"].isna().all()
    nameless = sends().assign(content_id=None)
    tables = {"contents": contents(), "staff": STAFF, "sends": nameless}
    assert cl.metrics.member_pieces(make_dataset(tables, as_of=AS_OF))["resent"].isna().all()


def test_sends_that_failed_do_not_count_and_clicks_may_be_unknown(make_dataset) -> None:
    failed = sends().assign(clicked_at=None, status=["sent", "sent", "2", "sent", "sent", "sent"])
    tables = {"contents": contents(), "staff": STAFF, "sends": failed}
    rows = cl.metrics.member_pieces(make_dataset(tables, as_of=AS_OF)).set_index("content_id")
    assert rows["resent"].dropna().to_dict() == {"p5": 0, "p1": 1, "p2": 0, "p3": 1}
    assert rows["resent_clicked"].isna().all()


def test_what_is_missing_is_said(make_dataset) -> None:
    none = contents().drop(columns="creator_id")
    with pytest.raises(MissingTableError, match="creator_id"):
        cl.metrics.member_pieces(make_dataset({"contents": none}, as_of=AS_OF))
    brand = contents().assign(creator_id=None)
    brand.loc[0, "creator_id"] = "s"
    with pytest.raises(NotEnoughDataError, match="no member made content"):
        cl.metrics.member_pieces(make_dataset({"contents": brand, "staff": STAFF}, as_of=AS_OF))


def test_makers_are_told_apart_with_groups_as_clusters() -> None:
    rng = np.random.default_rng(0)
    n = 240
    who = rng.choice(["k", "n", "o", "x"], n)
    pieces = pd.DataFrame(
        {"content_id": np.arange(n).astype(str), "creator_id": who, "by_member": who != "x",
         "group_id": rng.choice([f"g{g}" for g in range(12)], n), "exposures": 100.0,
         "clicks": rng.binomial(100, np.where(who == "k", 0.2, 0.1)).astype(float),
         "resent": pd.array(np.where(who == "k", 2, 0), "Int64"),
         "resent_clicked": pd.array(np.where(who == "k", 1, 0), "Int64")}
    )  # fmt: skip
    pieces.loc[who == "x", "creator_id"] = None
    members = pd.DataFrame({"member_id": ["k", "n", "o"], "state": ["chosen", "next", ""]})
    found = cl.models.KOCSelection(members, 0.01, {}, 0.5)
    table = cl.models.piece_makers(pieces, found).set_index("maker")
    assert table.index.tolist() == ["chosen", "next", "others", "brand"]
    assert table.loc["chosen", "low"] < 0.2 < table.loc["chosen", "high"]
    assert table.loc["chosen", "low"] > table.loc["others", "high"]
    mine = int((who == "k").sum())
    assert table.loc["chosen", ["posts", "again", "delivered", "clicked"]].tolist() == [
        mine, mine, 2 * mine, mine
    ]  # fmt: skip
    assert table.loc["others", "again"] == 0
    assert cl.models.sent_again(table.reset_index()) == mine
    blind = cl.models.piece_makers(pieces.assign(exposures=np.nan, clicks=np.nan), found)
    assert blind[["exposures", "clicks", "rate"]].isna().all(axis=None)
    few = cl.models.piece_makers(pieces[pieces["group_id"] < "g2"], found)
    assert (few["status"] == "too_few").all()
    unknown = pieces.assign(resent=pd.NA, resent_clicked=pd.NA)
    assert cl.models.sent_again(cl.models.piece_makers(unknown, found)) is None


def test_referrals_are_summed_by_who_brought_and_circles_have_no_depth() -> None:
    brought = pd.DataFrame(
        {"member_id": ["k", "n", "o", "r", "q"], "invitees": [4, 1, 2, 1, 3],
         "kept": [3, 1, 0, 1, 2], "depth": [3, 1, 2, 50, 1], "margin": [40.0, 5.0, 6.0, 0.0, 7.0],
         "reward": 1.0, "net": [39.0, 4.0, 5.0, -1.0, 6.0]}
    )  # fmt: skip
    members = pd.DataFrame(
        {"member_id": ["k", "n", "o", "r"], "state": ["chosen", "next", "", "chosen"]}
    )
    found = cl.models.KOCSelection(members, 0.01, {}, 0.5)
    table = cl.models.referral_groups(brought, found, rings=["r"]).set_index("group")
    assert table["inviters"].to_dict() == {"chosen": 1, "next": 1, "ring": 1, "others": 2}
    assert table.loc["others", ["invitees", "kept", "net"]].tolist() == [5, 2, 11]
    assert table["depth"].dropna().to_dict() == {"chosen": 3, "next": 1, "others": 2}
    with pytest.raises(NotEnoughDataError, match="nobody brought"):
        cl.models.referral_groups(brought.iloc[:0], found)
