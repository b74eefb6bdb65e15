"""Layers, what they buy next and moves between them, against a walk member by member."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats as distributions

from commlab import errors, metrics
from commlab.metrics.layers import BROAD, LAYERS
from commlab.metrics.transitions import transition_table

AS_OF = dt.date(2026, 6, 30)
START = dt.date(2025, 3, 1)
DAY = dt.timedelta(days=1)


def world(seed=5, people=160):
    """Random orders, refunds, messages, stays and friendships of members and one adviser."""
    rng = np.random.default_rng(seed)
    span = (AS_OF - START).days
    members, orders, messages, stays, contacts = [], [], [], [], []
    for k in range(people):
        who, joined = f"m{k:03}", int(rng.integers(0, span))
        members.append((who, START + joined * DAY, "member"))
        for day in rng.integers(joined, span + 20, rng.poisson(rng.choice([0, 1, 4]))):
            amount = round(float(rng.gamma(2, 60)), 2)
            refund = amount if rng.random() < 0.1 else 0.0
            orders.append((f"o{len(orders)}", who, dt.datetime.combine(START + int(day) * DAY,
                           dt.time(int(rng.integers(0, 24)))), amount, refund))  # fmt: skip
        for day in rng.integers(joined, span + 20, rng.poisson(rng.choice([0, 6]))):
            messages.append((f"x{len(messages)}", "g1", who, dt.datetime.combine(
                START + int(day) * DAY, dt.time(9)), bool(rng.random() < 0.2)))  # fmt: skip
        left = joined + int(rng.integers(5, 200)) if rng.random() < 0.4 else None
        stays.append((f"g{k % 7}", who, START + joined * DAY, left and START + left * DAY,
                      rng.choice(["left", "migrated"]) if left else None))  # fmt: skip
        if rng.random() < 0.3:
            cut = joined + int(rng.integers(5, 200)) if rng.random() < 0.5 else None
            contacts.append((who, "a1", START + joined * DAY, cut and START + cut * DAY))
    members.append(("a1", START, "staff"))
    orders.append(("oa", "a1", dt.datetime(2026, 6, 1), 9999.0, 0.0))
    return {
        "members": pd.DataFrame(members, columns=["member_id", "joined_at", "role"]),
        "orders": pd.DataFrame(orders, columns=["order_id", "member_id", "paid_at", "amount",
                                                "refund_amount"]),
        "messages": pd.DataFrame(messages, columns=["message_id", "group_id", "member_id",
                                                    "sent_at", "revoked"]),
        "memberships": pd.DataFrame(stays, columns=["group_id", "member_id", "joined_at",
                                                    "left_at", "leave_kind"]),
        "contacts": pd.DataFrame(contacts, columns=["member_id", "staff_id", "added_at",
                                                    "deleted_at"]),
    }  # fmt: skip


def walk(tables, day, overdue, line):
    """{member: layer} at the end of a day, by hand."""
    end = dt.datetime.combine(day + DAY, dt.time())

    def rows(name, at):
        return [row for row in tables[name].to_dict("records") if pd.Timestamp(row[at]) < end]

    staff = set(tables["members"].loc[tables["members"]["role"] != "member", "member_id"])
    out = {}
    orders, messages = rows("orders", "paid_at"), rows("messages", "sent_at")
    stays, friends = rows("memberships", "joined_at"), rows("contacts", "added_at")
    for person in rows("members", "joined_at"):
        who = person["member_id"]
        if who in staff:
            continue
        net = {}
        for row in orders:
            if row["member_id"] == who:
                on = row["paid_at"].date()
                net[on] = net.get(on, 0) + round(100 * (row["amount"] - row["refund_amount"]))
        bought = {on: x for on, x in net.items() if x > 0}
        spent = sum(x for on, x in bought.items() if on > day - 365 * DAY)
        wrote = any(row["member_id"] == who and not row["revoked"]
                    and row["sent_at"].date() > day - 30 * DAY for row in messages)  # fmt: skip
        out[who] = layer(bought, spent, wrote, gone(who, stays, friends, end), day, overdue, line)
    return out


def gone(who, stays, friends, end):
    """Every stay and friendship is over, and the last end was a leaving or a deletion."""
    ends = []
    for row in stays:
        if row["member_id"] == who:
            over = not pd.isna(row["left_at"]) and pd.Timestamp(row["left_at"]) < end
            ends.append((pd.Timestamp(row["left_at"]), row["leave_kind"]) if over else None)
    for row in friends:
        if row["member_id"] == who:
            over = not pd.isna(row["deleted_at"]) and pd.Timestamp(row["deleted_at"]) < end
            ends.append((pd.Timestamp(row["deleted_at"]), "left") if over else None)
    if not ends or None in ends:
        return False
    last = max(at for at, _ in ends)
    return all(kind == "left" for at, kind in ends if at == last)


def layer(bought, spent, wrote, left, day, overdue, line):
    if left:
        return "gone"
    if not bought:
        return "prospect" if wrote else "silent"
    late = (day - max(bought)).days > overdue
    if spent >= line and spent > 0:
        return "fading" if late else "loyal"
    return ("lapsed" if wrote else "quiet") if late else "steady"


def held(ds, rules):
    frame = ds.frame(metrics.member_layers(ds, rules), ["member_id"])
    return dict(zip(frame["member_id"], frame["layer"], strict=True))


def test_layers_equal_a_walk_on_any_day(make_dataset):
    tables = world()
    ds = make_dataset(tables, as_of=AS_OF.isoformat())
    rules = metrics.layer_rules(ds, 45)
    for back in (0, 30, 90, 151):
        day = AS_OF - back * DAY
        found = held(ds.at(day), rules)
        assert found == walk(tables, day, 45, rules.valuable)
        assert set(found.values()) <= set(LAYERS)
    assert len(set(held(ds, rules).values())) >= 6


def test_the_line_of_value_is_that_of_the_best_fifth(make_dataset):
    tables = world()
    rules = metrics.layer_rules(make_dataset(tables, as_of=AS_OF.isoformat()), 45)
    rows = tables["orders"]
    rows = rows[(rows["paid_at"].dt.date <= AS_OF) & (rows["member_id"] != "a1")]
    assert (rows["paid_at"].dt.date <= AS_OF - 365 * DAY).any()
    rows = rows[rows["paid_at"].dt.date > AS_OF - 365 * DAY]
    net = (100 * (rows["amount"] - rows["refund_amount"])).round().astype(int)
    days = net.groupby([rows["member_id"], rows["paid_at"].dt.date]).sum()
    spent = days[days > 0].groupby(level=0).sum().sort_values(ascending=False)
    assert rules.valuable == spent.iloc[math.ceil(0.2 * len(spent)) - 1]
    assert not rules.from_pace


def test_too_few_returns_leave_the_line_as_given(make_dataset):
    tables = world(people=20)
    rules = metrics.layer_rules(make_dataset(tables, as_of=AS_OF.isoformat()))
    assert (rules.overdue_days, rules.from_pace) == (90, False)


def test_what_layers_bought_next_equals_a_walk(make_dataset):
    tables = world(people=300)
    ds = make_dataset(tables, as_of=AS_OF.isoformat(), min_at_risk=5)
    rules = metrics.layer_rules(ds, 45)
    table = metrics.layer_table(ds, rules, 60).set_index("segment")
    orders = tables["orders"]
    spells = []
    for start in (60, 120, 180):
        day = AS_OF - start * DAY
        own = orders[(orders["paid_at"].dt.date > day)
                     & (orders["paid_at"].dt.date <= day + 60 * DAY)]  # fmt: skip
        net = (own["amount"] - own["refund_amount"]).groupby(own["member_id"]).sum()
        spells += [(where, who, net.get(who, 0.0))
                   for who, where in walk(tables, day, 45, rules.valuable).items()]  # fmt: skip
    seen = pd.DataFrame(spells, columns=["layer", "who", "net"])
    now = pd.Series(walk(tables, AS_OF, 45, rules.valuable)).value_counts()
    assert table["people"].to_dict() == now.to_dict()
    assert table["share"].sum() == pytest.approx(1)
    for name, own in seen.groupby("layer"):
        if name not in table.index:
            continue
        assert table.loc[name, "at_risk"] == own["who"].nunique()
        if table.loc[name, "status"] == "ok":
            assert table.loc[name, "rate"] == pytest.approx((own["net"] > 0).mean())
            assert table.loc[name, "net_per_member"] == pytest.approx(own["net"].mean())
            assert table.loc[name, "total"] == pytest.approx(own["net"].mean() * now[name])
            low, high = table.loc[name, ["net_low", "net_high"]]
            assert low <= own["net"].mean() <= high
    assert (table["status"] == "ok").sum() >= 4


def test_the_interval_of_what_follows_is_that_of_members_not_of_spells(make_dataset):
    """Each of 40 members is in the layer three times: three times the rows, not the knowledge."""
    edges = [AS_OF - 60 * k * DAY for k in range(4)]
    spend = np.random.default_rng(0).gamma(1, 100, 40).round(2) + 1
    rows = [(who, day, 1.0) for who in range(40) for day in (*edges, edges[-1] - 200 * DAY)]
    rows += [(who, day + DAY, float(x)) for who, x in enumerate(spend) for day in edges[1:]]
    orders = pd.DataFrame([(f"o{i}", f"m{who:02}", dt.datetime.combine(day, dt.time(12)), x)
                           for i, (who, day, x) in enumerate(rows)],
                          columns=["order_id", "member_id", "paid_at", "amount"])  # fmt: skip
    ds = make_dataset({"orders": orders}, as_of=AS_OF.isoformat())
    rules = metrics.LayerRules(1, 10**9, from_pace=False, heard=False)
    row = metrics.layer_table(ds, rules, 60).set_index("segment").loc["steady"]
    assert (row["at_risk"], row["status"]) == (40, "ok")
    each = spend + 1
    reach = distributions.t.ppf(0.975, 39) * each.std(ddof=1) / np.sqrt(40) / each.mean()
    expected = each.mean() * np.exp([0, -reach, reach])
    assert row[["net_per_member", "net_low", "net_high"]].tolist() == pytest.approx(expected)
    assert row[["total_low", "total_high"]].tolist() == pytest.approx(40 * expected[1:])


@pytest.mark.parametrize("broad", [True, False])
def test_moves_close_and_equal_a_walk(make_dataset, broad):
    tables = world(people=300)
    ds = make_dataset(tables, as_of=AS_OF.isoformat())
    rules = metrics.layer_rules(ds, 45)
    moved = metrics.layer_moves(ds, rules, 90, broad=broad)
    before = walk(tables, AS_OF - 90 * DAY, 45, rules.valuable)
    after = walk(tables, AS_OF, 45, rules.valuable)
    put = BROAD if broad else {}
    pairs = pd.Series([(put.get(before.get(who, "new"), before.get(who, "new")),
                        put.get(where, where)) for who, where in after.items()])  # fmt: skip
    expected = pairs.value_counts().to_dict()
    found = {(row.origin, row.segment): row.went for row in moved.itertuples() if row.went}
    assert found == expected
    sums = moved.groupby("origin").agg(went=("went", "sum"), at_risk=("at_risk", "first"))
    assert (sums["went"] == sums["at_risk"]).all()
    assert moved["went"].sum() == len(after)
    few = moved["at_risk"] < 30
    assert few.any()
    assert moved.loc[few, ["rate", "low", "high"]].isna().all(axis=None)
    ok = moved[~few]
    assert ok["rate"].to_numpy() == pytest.approx((ok["went"] / ok["at_risk"]).to_numpy())
    assert (ok["low"] <= ok["rate"]).all()
    assert (ok["rate"] <= ok["high"]).all()


def test_groups_that_move_as_one_widen_the_interval():
    """Ten groups of ten, each all in or all out: as good as ten members, not a hundred."""
    together = pd.DataFrame({"origin": "a", "segment": ["a"] * 5 + ["b"] * 5,
                             "cluster": [f"g{k}" for k in range(10)], "n": 10})  # fmt: skip
    alone = pd.DataFrame({"origin": "a", "segment": ["a", "b"], "cluster": None, "n": 50})
    wide, narrow = (transition_table(rows, ["a", "b"], smallest=30).iloc[0]
                    for rows in (together, alone))  # fmt: skip
    assert (narrow["low"], narrow["high"]) == pytest.approx((0.4038, 0.5962), abs=1e-3)
    assert wide["high"] - wide["low"] > 3 * (narrow["high"] - narrow["low"])


def test_nothing_after_as_of_counts(make_dataset):
    tables = world()
    whole = make_dataset(tables, as_of=AS_OF.isoformat())
    cut = {}
    end = pd.Timestamp(AS_OF + DAY)
    for name, at in (("members", "joined_at"), ("orders", "paid_at"), ("messages", "sent_at"),
                     ("memberships", "joined_at"), ("contacts", "added_at")):  # fmt: skip
        cut[name] = tables[name][pd.to_datetime(tables[name][at]) < end]
    assert len(cut["orders"]) < len(tables["orders"])
    rules = metrics.layer_rules(whole, 45)
    assert rules == metrics.layer_rules(make_dataset(cut, as_of=AS_OF.isoformat()), 45)
    frames = [metrics.layer_table(make_dataset(one, as_of=AS_OF.isoformat()), rules)
              for one in (tables, cut)]  # fmt: skip
    pd.testing.assert_frame_equal(*frames)


def test_months_add_up_and_early_ones_are_left_out(make_dataset):
    tables = world()
    ds = make_dataset(tables, as_of="2026-06-29")
    rules = metrics.layer_rules(ds, 45)
    history = metrics.layer_months(ds, rules, 12)
    months = sorted(history["month"].unique())
    # June is not over, and half a year of orders is the least that says who is valuable.
    assert pd.Timestamp("2026-05-01") == months[-1]
    first = tables["orders"]["paid_at"].min().normalize()
    ends = pd.date_range("2025-06-30", "2026-05-31", freq="ME")
    assert months == [end.replace(day=1) for end in ends if (end - first).days >= 182]
    assert len(months) < len(ends)
    for month, own in history.groupby("month"):
        end = (month + pd.offsets.MonthEnd(0)).date()
        expected = pd.Series(walk(tables, end, 45, rules.valuable)).value_counts()
        got = own[own["people"] > 0].set_index("segment")["people"]
        assert got.to_dict() == expected.to_dict()
        assert own["share"].sum() == pytest.approx(1)


def test_without_orders_members_are_parted_by_taking_part(make_dataset):
    tables = {name: frame for name, frame in world().items() if name != "orders"}
    ds = make_dataset(tables, as_of=AS_OF.isoformat())
    rules = metrics.layer_rules(ds)
    table = metrics.layer_table(ds, rules)
    assert set(table["segment"]) == {"active", "still", "gone"}
    assert (table["status"] == "refused").all()
    assert metrics.layer_words(ds, rules).kind == "how_no_orders"


def test_an_archive_of_messages_that_begins_late_makes_nobody_silent_before(make_dataset):
    """Orders reach back two years, messages two months: who took part then is not known."""
    tables = world()
    late = tables["messages"][tables["messages"]["sent_at"] >= "2026-04-20"]
    assert len(late)
    for messages, known in ((tables["messages"], True), (late, False)):
        ds = make_dataset({**tables, "messages": messages}, as_of=AS_OF.isoformat())
        rules = metrics.layer_rules(ds, 45)
        if known:
            assert len(metrics.layer_moves(ds, rules, 90))
        else:
            with pytest.raises(errors.NotEnoughDataError, match="begin too late"):
                metrics.layer_moves(ds, rules, 90)


def test_where_nothing_shows_who_takes_part_there_are_no_layers(make_dataset):
    tables = {name: frame for name, frame in world().items() if name in ("members", "memberships")}
    with pytest.raises(errors.NotEnoughDataError, match="takes part"):
        metrics.layer_rules(make_dataset(tables, as_of=AS_OF.isoformat()))


def test_with_orders_alone_nobody_is_called_silent(make_dataset):
    ds = make_dataset({"orders": world()["orders"]}, as_of=AS_OF.isoformat())
    rules = metrics.layer_rules(ds, 45)
    found = set(metrics.layer_table(ds, rules)["segment"])
    assert found == {"loyal", "fading", "steady", "overdue", "unbought"}
    assert metrics.layer_words(ds, rules).kind == "how_orders_only"


def test_data_that_begin_too_late_are_refused(make_dataset):
    tables = world()
    orders = tables["orders"]
    tables["orders"] = orders[orders["paid_at"] >= "2026-05-15"]
    ds = make_dataset(tables, as_of=AS_OF.isoformat())
    with pytest.raises(errors.NotEnoughDataError, match="begin too late"):
        metrics.layer_moves(ds, metrics.layer_rules(ds, 45), 90)
    assert (metrics.layer_table(ds, metrics.layer_rules(ds, 45))["status"] == "refused").all()


def test_bad_arguments_are_named(make_dataset):
    ds = make_dataset(world(people=5), as_of=AS_OF.isoformat())
    with pytest.raises(errors.ArgumentError, match="top"):
        metrics.layer_rules(ds, 45, 0.0)
    with pytest.raises(errors.ArgumentError, match="overdue_days"):
        metrics.layer_rules(ds, -1)
