"""A list to advisers with a holdout: what is recorded, what is handed out, and what is refused."""

from __future__ import annotations

import datetime as dt
import stat

import pandas as pd
import pyarrow.parquet as pq
import pytest

from commlab.dataset import open_dataset
from commlab.errors import ArgumentError, DataError, RunError, WorkspaceError
from commlab.report.handout import hand_out
from commlab.report.lock import one_run

NOW = dt.datetime(2026, 7, 1, 9, 30)
PEOPLE = [f"m{number:03d}" for number in range(100)]

ORDERS = pd.DataFrame({"order_id": ["o1", "o2"], "member_id": ["m001", "m002"],
                       "paid_at": ["2026-06-01", "2026-06-30"], "amount": [10, 20]})  # fmt: skip


@pytest.fixture
def workspace(make_workspace):
    members = pd.DataFrame({"member_id": [*PEOPLE, "s1"], "joined_at": "2026-01-05",
                            "role": ["member"] * 100 + ["staff"]})  # fmt: skip
    return make_workspace({"members": members, "orders": ORDERS})


@pytest.fixture
def people(tmp_path):
    """Function that writes a list and returns its path."""

    def write(ids=PEOPLE, **columns):
        path = tmp_path / "churn.csv"
        pd.DataFrame({"member_id": ids, **columns}).to_csv(path, index=False)
        return path

    return write


def arms(workspace, campaign):
    ds = open_dataset(workspace, as_of="2026-12-31")
    rows = ds.frame(ds.table("assignments"))
    rows = rows[rows["campaign_id"] == campaign]
    return rows.set_index("member_id")["arm"], rows


def test_arms_and_campaign_are_recorded_and_the_list_is_split(workspace, people):
    done = hand_out(people(risk=range(100, 0, -1)), "care-07", data=workspace, now=NOW)
    assert (done.treated, done.held_out) == (80, 20)
    arm, rows = arms(workspace, "care-07")
    assert arm.value_counts().to_dict() == {"treated": 80, "control": 20}
    assert set(rows["assigned_at"]) == {pd.Timestamp(NOW)}
    listed = pd.read_csv(done.path)
    assert listed["member_id"].tolist() == [m for m in PEOPLE if arm[m] == "treated"]
    assert listed.columns.tolist() == ["member_id", "risk"]
    assert stat.S_IMODE(done.path.stat().st_mode) == 0o600
    ds = open_dataset(workspace, as_of="2026-12-31")
    campaign = ds.frame(ds.table("campaigns")).iloc[0]
    assert campaign["design"] == "randomised"
    assert (campaign["starts_at"], campaign["ends_at"].date()) == (NOW, dt.date(2026, 7, 14))
    assert len(ds.check().errors) == 0


def test_again_keeps_every_arm_and_newcomers_get_one(workspace, people):
    hand_out(people(PEOPLE[:50]), "care-07", data=workspace, now=NOW)
    first, _ = arms(workspace, "care-07")
    again = hand_out(people(PEOPLE[:50]), "care-07", data=workspace, now=NOW)
    assert (again.already, again.treated, again.held_out) == (50, 0, 0)
    assert pd.read_csv(again.path)["member_id"].tolist() == [
        m for m in PEOPLE[:50] if first[m] == "treated"
    ]
    more = hand_out(people(), "care-07", data=workspace, now=NOW)
    assert (more.already, more.treated, more.held_out) == (50, 40, 10)
    arm, rows = arms(workspace, "care-07")
    assert len(rows) == 100
    assert arm[PEOPLE[:50]].equals(first[PEOPLE[:50]])


def test_same_campaign_same_arms(make_workspace, workspace, people):
    other = make_workspace({"orders": ORDERS})
    hand_out(people(), "care-07", data=workspace, now=NOW)
    hand_out(people(), "care-07", data=other, now=NOW)
    assert arms(workspace, "care-07")[0].equals(arms(other, "care-07")[0])


def test_staff_and_strangers_are_left_out_and_counted(workspace, people):
    done = hand_out(people([*PEOPLE[:10], "s1", "x9"]), "c", data=workspace, now=NOW)
    assert (done.staff, done.unknown) == (1, 1)
    assert set(arms(workspace, "c")[0].index) == set(PEOPLE[:10])
    assert not {"s1", "x9"} & set(pd.read_csv(done.path)["member_id"])
    assert "1 are staff" in str(done)


def test_advisers_are_strata_and_odd_ids_survive(workspace, people):
    advisers = ["001"] * 50 + ["002"] * 50
    done = hand_out(people(adviser_id=advisers), "c", data=workspace, now=NOW)
    assert done.counts.to_dict("list") == {
        "stratum": ["001", "002"], "treated": [40, 40], "held_out": [10, 10]
    }  # fmt: skip
    assert set(pd.read_csv(done.path, dtype=str)["adviser_id"]) == {"001", "002"}


def test_people_held_out_elsewhere_are_counted(workspace, people):
    first = hand_out(people(), "a", data=workspace, holdout=0.5, now=NOW)
    held = set(PEOPLE) - set(pd.read_csv(first.path)["member_id"])
    second = hand_out(people(), "b", data=workspace, now=NOW + dt.timedelta(days=1))
    assert second.elsewhere == len(held & set(pd.read_csv(second.path)["member_id"])) > 0
    # Once the first is over it holds nobody out.
    third = hand_out(people(), "c", data=workspace, now=NOW + dt.timedelta(days=30))
    assert third.elsewhere == 0


def test_the_list_comes_out_as_it_went_in(workspace, people):
    codes = [f"{number:03d}" for number in range(100)]
    done = hand_out(people(code=codes, note=["NA"] * 100), "c", data=workspace, now=NOW)
    listed = pd.read_csv(done.path, dtype=str, keep_default_na=False)
    assert listed["code"].tolist() == [m[1:] for m in listed["member_id"]]
    assert set(listed["note"]) == {"NA"}


def test_numbers_are_strata_by_fifths(workspace, people):
    done = hand_out(people(risk=[x / 100 for x in range(100)]), "c", data=workspace, by="risk",
                    now=NOW)  # fmt: skip
    assert done.counts["treated"].tolist() == [16] * 5


@pytest.mark.parametrize(("content", "words"), [
    ("name\nx\n", "no column member_id"), ("member_id\na\na\n", "1 rows name somebody"),
    ("member_id,x\n,1\n", "empty in 1 rows"), ("member_id\n", "is empty"), ("", "not a readable"),
])  # fmt: skip
def test_a_list_that_cannot_be_used_is_refused(workspace, tmp_path, content, words):
    path = tmp_path / "bad.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=words):
        hand_out(path, "c", data=workspace, now=NOW)
    assert not (workspace / "assignments.parquet").exists()
    assert not (tmp_path / "bad-c.csv").exists()


def test_campaigns_that_cannot_take_people_are_refused(make_workspace, people):
    campaigns = pd.DataFrame({
        "campaign_id": ["over", "other"], "starts_at": ["2026-01-01", "2026-06-01"],
        "ends_at": ["2026-01-31", "2026-12-31"], "design": ["randomised", "observational"],
    })  # fmt: skip
    workspace = make_workspace({"orders": ORDERS, "campaigns": campaigns})
    with pytest.raises(WorkspaceError, match="ended on 2026-01-31"):
        hand_out(people(), "over", data=workspace, now=NOW)
    with pytest.raises(WorkspaceError, match="observational, not randomised"):
        hand_out(people(), "other", data=workspace, now=NOW)
    with pytest.raises(ArgumentError, match="no such column"):
        hand_out(people(), "new", data=workspace, by="store", now=NOW)
    assert pq.read_table(workspace / "campaigns.parquet").num_rows == 2


def test_two_at_once_do_not_overwrite_each_other(workspace, people):
    with one_run(workspace), pytest.raises(RunError, match="another run"):
        hand_out(people(), "c", data=workspace, now=NOW)
    assert not (workspace / "assignments.parquet").exists()
