"""Counting errors of the systems that brands use today: each figure of ours is the right one."""

import datetime as dt
import json

import pyarrow.parquet as pq

import commlab
from commlab import metrics
from commlab.loaders import load

from .wecom.conftest import local, seconds

DAYS = ("2026-06-01", "2026-06-02", "2026-06-03")


def batch(customers, remark=""):
    return {"external_contact_list": [
        {"external_contact": {"external_userid": f"wm{n}"},
         "follow_info": {"userid": "a", "createtime": seconds(added), "remark": remark}}
        for n, added in customers.items()]}  # fmt: skip


ADDED = {n: f"2026-05-{n:02d} 09:00" for n in range(1, 31)}
GONE = (3, 7, 11)


def workspace(tmp_path, days, **files):
    source = tmp_path / "in"
    for position, day in enumerate(days):
        left = {n: at for n, at in ADDED.items() if position == 0 or n not in GONE}
        (source / f"{day}T0300").mkdir(parents=True, exist_ok=True)
        text = json.dumps(batch(left, remark=f"edited on {day}"))
        (source / f"{day}T0300" / "batch.json").write_text(text)
    for name, content in files.items():
        (source / f"{name}.json").write_text(json.dumps(content))
    out = tmp_path / "w"
    load(source, "wecom", out)
    return out


def contacts(folder):
    return pq.read_table(folder / "contacts.parquet").to_pandas()


def test_losses_are_the_rows_that_were_lost_and_not_every_row(tmp_path):
    # count(if(lost, 1, 0)) counts all thirty.
    table = contacts(workspace(tmp_path, DAYS))
    assert len(table) == 30
    assert table["deleted_at"].notna().sum() == len(GONE)
    ds = commlab.open_dataset(tmp_path / "w", as_of="2026-06-03")
    # None of the thirty was under observation from its start: no rate is made up of them.
    loss = metrics.friend_loss(ds, None, windows=(30,), min_at_risk=1)
    assert loss["deleted"].sum() == 0
    assert loss["unseen"].sum() == 30


def test_a_loss_is_dated_by_the_loss_and_not_by_the_last_update_of_the_row(tmp_path):
    # Remarks were edited on each of the days; the customers left between the first two.
    table = contacts(workspace(tmp_path, DAYS))
    assert set(table["deleted_at"].dropna()) == {local("2026-06-02 03:00")}


def test_history_does_not_shrink_when_somebody_leaves(tmp_path):
    before = contacts(workspace(tmp_path / "before", DAYS[:1]))
    after = contacts(workspace(tmp_path / "after", DAYS))
    for day in ("2026-05-10", "2026-05-31"):
        counts = [(table["added_at"] < local(day)).sum() for table in (before, after)]
        assert counts[0] == counts[1]


def test_days_are_days_whatever_the_second(tmp_path):
    # One of the systems groups by the second of the statistic: every row its own "day".
    items = [{"stat_time": seconds(f"2026-06-01 00:00:{second:02d}"), "chat_cnt": 5}
             for second in (0, 7)]  # fmt: skip
    answer = {"request": {"userid": ["a"]}, "response": {"behavior_data": items}}
    out = workspace(tmp_path, DAYS[:1], behaviour=answer)
    days = pq.read_table(out / "staff_days.parquet").to_pandas()
    assert days["on"].tolist() == [dt.date(2026, 6, 1)]
    assert days["chats"].tolist() == [5]


def test_a_natural_week_begins_on_monday_and_is_not_the_last_seven_days(tmp_path):
    workspace(tmp_path, DAYS)
    lines = [{"msgid": f"m{n}", "action": "send", "from": f"wm{n}", "tolist": ["a"],
              "roomid": "wr1", "msgtime": seconds(at) * 1000, "msgtype": "text",
              "text": {"content": "hi"}}
             for n, at in ADDED.items()]  # fmt: skip
    (tmp_path / "in" / "archive.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    load(tmp_path / "in", "wecom", tmp_path / "w")
    # 3 June 2026 is a Wednesday: trailing weeks would begin on Thursdays.
    ds = commlab.open_dataset(tmp_path / "w", as_of="2026-06-03")
    table = metrics.retention(ds, cohort="week", min_at_risk=1)
    starts = sorted(set(table["cohort"]))
    assert {start.weekday() for start in starts} == {0}
    sizes = table[table["period"] == 0].set_index("cohort")["size"]
    # 1 May is a Friday: 3 days of that week, then 7 a week, then Monday to Saturday the 30th.
    assert sizes.tolist() == [3, 7, 7, 7, 6]


def test_k_is_kept_invitees_per_member_and_can_exceed_one(tmp_path):
    # (users − first level) / users is 80 of 120 here, and below 1 whatever people bring.
    first = [f"a{n}" for n in range(40)]
    brought = [(who, f"{who}-{n}") for who in first for n in range(2)]
    source = tmp_path / "in"
    source.mkdir()
    everybody = [(who, "2026-01-01") for who in first] + [(who, "2026-01-05") for _, who in brought]
    tables = {
        "members": ("member_id,joined_at", everybody),
        "memberships": ("member_id,joined_at,group_id", [(*row, "g") for row in everybody]),
        "referrals": ("inviter_id,invitee_id,at", [(*pair, "2026-01-05") for pair in brought]),
    }
    for name, (header, rows) in tables.items():
        lines = [header, *(",".join(row) for row in rows)]
        (source / f"{name}.csv").write_text("\n".join(lines) + "\n")
    load(source, "files", tmp_path / "w")
    ds = commlab.open_dataset(tmp_path / "w", as_of="2026-06-30")
    k = metrics.k_factor(ds, metrics.referral_forest(ds)).set_index("generation")["value"]
    assert k["0"] == 2.0
    # The invitees brought nobody, and count: 80 kept invitees of 120 members.
    assert (k["1"], k["all"]) == (0.0, 80 / 120)
