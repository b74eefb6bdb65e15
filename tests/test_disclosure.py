"""Frames as they leave: what is hidden, how it is marked, and what an attacker makes of them."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

import commlab as cl
from commlab import disclosure, errors
from commlab.report import notebooks
from commlab.report.shared import Gate
from commlab.simulate import simulate
from commlab.stats import wilson
from tests.attacker import Attacker

SMALL = 5
NEAR = 1e-6
# Tables that notebook 02 hands over → their names here; the rest, and why no attack is made here.
ATTACKED = {
    "retention_by_cohort": "cohorts", "retention_by_kind": "kinds", "lifecycle": "lifecycle",
    "retention_by_segment": "segments", "retention_low_points": "low",
    "friend_loss_by_{by}": "friends", "revenue_by_cohort": "money",
}  # fmt: skip
APART = {
    "active_days": "rows put together, tested below",
    "membership_survival": "days put together, tested below",
    "stickiness": "averages of days over all members",
    "projection_backtest": "errors of models", "membership_projection": "a model's estimates",
    "membership_losses": "counts by channel, each protected like the channels here",
    "worth_of_retained": "two groups, each a whole of its own",
}  # fmt: skip


def note(reader, shown, column, name_of):
    """Give the attacker every cell of a column as the frame shows it."""
    for _, row in shown.iterrows():
        marks = disclosure.marks(row.get("hidden", "") or "")
        value = None if pd.isna(row[column]) else float(row[column])
        if value is not None or column in marks:
            reader.cell(name_of(row), value, marks.get(column))


@pytest.fixture(scope="module")
def community(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small") / "brand"
    simulate(folder, members=400, seed=1, months=8)
    return cl.open_dataset(folder)


@pytest.fixture(scope="module")
def page(community):
    """Tables of one page, as truth and as shown, in the order of the notebook."""
    gate = Gate(SMALL, "demo")
    truth = {
        "cohorts": cl.metrics.retention(community, activity="order"),
        "kinds": cl.metrics.retention_kinds(community, activity="order"),
        "segments": cl.metrics.overall_retention(community, split="channel", activity="order"),
        "low": cl.metrics.compare_retention(community, split="channel", period=1, activity="order"),
        "lifecycle": cl.metrics.lifecycle(community, activity="order"),
        "friends": cl.metrics.friend_loss(community, "channel"),
        "money": cl.metrics.revenue_retention(community),
    }
    return truth, {name: gate.frame(frame) for name, frame in truth.items()}


def test_no_table_of_the_notebook_is_forgotten(page):
    cells = json.loads((notebooks.folder() / "02_cohort_retention.ipynb").read_text("utf-8"))
    code = "".join(line for cell in cells["cells"] for line in [*cell["source"], "\n"])
    put = set(re.findall(r'report\.put\(f?"([^"]+)", (?!cl\.report\.ActionList)', code))
    tables = {name for name in put if not name.startswith("retention.")}
    assert tables == set(ATTACKED) | set(APART)
    assert set(ATTACKED.values()) == set(page[0])


def test_the_world_has_small_cells_at_all(page):
    truth, shown = page
    for name, column in (("cohorts", "active"), ("segments", "active"), ("friends", "deleted")):
        assert truth[name][column].between(1, SMALL - 1).sum() > 0, name
        assert (shown[name]["hidden"] != "").any()


def test_no_shown_count_of_people_is_small(page):
    for name, frame in page[1].items():
        for column in disclosure.PEOPLE:
            if column in frame:
                assert not frame[column].between(1, SMALL - 1).any(), (name, column)


def test_figures_go_with_their_counts(page):
    for name in ("cohorts", "segments", "friends"):
        frame = page[1][name]
        gone = [bool({"active", "at_risk", "deleted"} & set(disclosure.marks(x)))
                for x in frame["hidden"]]  # fmt: skip
        assert frame.loc[gone, ["rate", "low", "high"]].isna().all().all()
        assert not (frame.loc[gone, "status"] == "ok").any()


def reader_of_cohorts(page):
    """The triangle, its column sums, its sums by calendar month and the newcomers, at once."""
    truth, shown = page
    cohorts = truth["cohorts"].dropna(subset=["active"])
    starts = sorted(truth["cohorts"]["cohort"].unique())
    born = {day: number for number, day in enumerate(starts)}
    reader = Attacker(SMALL)
    note(reader, shown["cohorts"].dropna(subset=["period"]), "active",
         lambda row: (born[row["cohort"]], row["period"]))  # fmt: skip
    pairs = cohorts[["cohort", "period"]].itertuples(index=False)
    cells = [(born[day], period) for day, period in pairs]
    on = shown["kinds"][shown["kinds"]["kind"] == "on"]
    note(reader, on, "active", lambda row: ("on", row["period"]))
    for period in on["period"]:
        own = [cell for cell in cells if cell[1] == period]
        reader.equal({**dict.fromkeys(own, 1.0), ("on", period): -1.0})
    flow = shown["lifecycle"].reset_index(drop=True)
    flow = flow[flow["period"].isin(starts)]
    note(reader, flow, "active", lambda row: ("month", born[row["period"]]))
    note(reader, flow, "new", lambda row: (born[row["period"]], 0))
    for month in [born[day] for day in flow["period"]]:
        own = [cell for cell in cells if sum(cell) == month]
        if own and ("month", month) in reader.bounds:
            reader.equal({**dict.fromkeys(own, 1.0), ("month", month): -1.0})
    return reader, cohorts, born


def not_narrowed(reader, cohorts, born):
    tiny = cohorts[cohorts["active"].between(1, SMALL - 1)]
    assert len(tiny)
    for day, period in tiny[["cohort", "period"]].itertuples(index=False):
        low, high = reader.range((born[day], period))
        assert low <= 1 + NEAR, (day, period, low)
        assert high >= SMALL - 1 - NEAR, (day, period, high)


def test_all_tables_of_a_page_together_do_not_narrow_a_cohort(page):
    not_narrowed(*reader_of_cohorts(page))


def test_buyers_do_not_give_away_who_was_active_where_orders_are_the_activity(page):
    """A reader who also knows how far the two differ wherever five or more were active."""
    truth, shown = page
    reader, cohorts, born = reader_of_cohorts(page)
    keys = ["cohort", "period"]
    both = cohorts[[*keys, "active"]].merge(truth["money"][[*keys, "buyers"]], on=keys)
    assert (both["active"] == both["buyers"]).mean() > 0.5  # they are nearly the same people
    note(reader, shown["money"], "buyers",
         lambda row: ("buyers", born[row["cohort"]], row["period"]))  # fmt: skip
    for day, period, active, buyers in both.itertuples(index=False):
        if active >= SMALL:
            pair = {(born[day], period): 1.0, ("buyers", born[day], period): -1.0}
            reader.equal(pair, active - buyers)
    not_narrowed(reader, cohorts, born)


@pytest.mark.parametrize("first", ["active", "buyers"])
def test_buyers_and_active_of_one_cohort_and_period_are_hidden_together(first):
    gate = Gate(SMALL, "demo")
    last = {"active": "buyers", "buyers": "active"}[first]
    labels = {"cohort": list("abc"), "period": 1}
    # Other totals, so that the second table by itself would take another complement.
    one = gate.frame(pd.DataFrame({**labels, first: [3, 40, 20]}))
    two = gate.frame(pd.DataFrame({**labels, last: [3, 19, 21]}))
    assert one[first].isna().tolist() == [True, False, True]
    assert two[last].isna()[[0, 2]].all()
    apart = gate.frame(pd.DataFrame({"cohort": list("abc"), "period": 2, last: [30, 29, 31]}))
    assert apart[last].notna().all()


def test_channels_are_not_narrowed_by_their_total(page):
    truth, shown = page
    for table, column, at in (("segments", "active", "period"), ("friends", "deleted", "days")):
        reader = Attacker(SMALL)
        note(reader, shown[table], column, lambda row: (row["segment"], row[at]))  # noqa: B023
        for number, part in truth[table].groupby(at):
            own = {(name, number): 1.0 for name in part["segment"]}
            reader.equal(own, float(part[column].sum()))
        tiny = truth[table][truth[table][column].between(1, SMALL - 1)]
        for name, number, total in zip(
            tiny["segment"], tiny[at], tiny.groupby(at)[column].transform("sum"), strict=True
        ):
            everybody = truth[table].loc[truth[table][at] == number, column].sum()
            if everybody == total:
                continue  # all there is: the total is small or made of small cells only
            low, high = reader.range((name, number))
            assert low <= 1 + NEAR
            assert high >= SMALL - 1 - NEAR


def test_the_accounts_of_the_lifecycle_give_nothing_away(page):
    truth, shown = page
    reader = Attacker(SMALL)
    parts = ("new", "retained", "resurrected", "activated_late", "active", "dormant", "left")
    flow = truth["lifecycle"]
    known = flow[flow["status"] == "ok"].index
    for name in (*parts, "members", "created_inactive"):
        note(reader, shown["lifecycle"].assign(row=range(len(flow))), name,
             lambda row: (name, row["row"]))  # fmt: skip  # noqa: B023
    for row in known:
        reader.equal({(name, row): 1.0 for name in parts[:4]} | {("active", row): -1.0})
        if row - 1 in known:
            back = {(name, row): -1.0 for name in ("retained", "dormant", "left")}
            reader.equal(back | {("active", row - 1): 1.0})
    found = 0
    for name in parts:
        for row in known[flow.loc[known, name].between(1, SMALL - 1)]:
            low, high = reader.range((name, row))
            assert low <= 1 + NEAR, (name, row)
            assert high >= SMALL - 1 - NEAR, (name, row)
            found += 1
    assert found


def test_hundred_per_cent_but_three_is_hidden():
    frame = pd.DataFrame({"period": [0, 1], "at_risk": [200, 200], "active": [197, 120],
                          "rate": [0.985, 0.6], "status": "ok"})  # fmt: skip
    shown = disclosure.protect(frame, SMALL)
    assert pd.isna(shown["rate"][0])
    assert shown["hidden"][0]
    assert shown["rate"][1] == 0.6


def test_zeros_are_shown():
    frame = pd.DataFrame({"segment": ["a", "b", "c"], "at_risk": 90, "active": [0, 30, 90]})
    assert disclosure.protect(frame, SMALL).equals(frame)


def test_active_days_are_put_together_until_enough_people_are_in_each(community):
    frame = cl.metrics.active_days(community)
    shown = disclosure.protect(frame, SMALL)
    assert len(shown) < len(frame)
    assert int(shown["members"].sum()) == int(frame["members"].sum())
    assert not shown["members"].between(1, SMALL - 1).any()
    assert (shown["active_days"] <= shown["until"]).all()
    assert shown["until"].iloc[-1] == frame["active_days"].iloc[-1]
    # Shares "so many days or more" still hold at the first day of each row.
    at = frame.set_index("active_days")["at_least"]
    assert np.allclose(shown["at_least"], at[shown["active_days"]])


def test_steps_of_a_survival_curve_are_of_enough_people(community):
    curve = cl.models.survival_curve(cl.metrics.membership_rows(community))
    shown = disclosure.protect(curve, SMALL)
    assert 3 < len(shown) < len(curve)
    assert not shown["lost"].between(1, SMALL - 1).any()
    assert not shown["at_risk"].diff().abs().between(1, SMALL - 1).any()
    assert int(shown["lost"].sum()) <= int(curve["lost"].sum())
    same = curve.set_index("day")["survival"]
    assert np.allclose(shown["survival"], same[shown["day"]])


def test_a_count_shown_in_one_table_is_not_hidden_in_vain_in_the_next():
    gate = Gate(SMALL, "demo")
    first = pd.DataFrame({"segment": ["a", "b", "c"], "period": 1, "active": [3, 20, 50]})
    again = first.iloc[[2, 1, 0]].assign(at_risk=[90, 90, 90]).reset_index(drop=True)
    one, two = gate.frame(first), gate.frame(again)
    hidden = [set(frame.loc[frame["active"].isna(), "segment"]) for frame in (one, two)]
    assert hidden[0] == hidden[1] == {"a", "b"}


def test_an_undeclared_whole_number_is_taken_for_people():
    frame = pd.DataFrame({"segment": list("abc"), "mystery": [2, 30, 40], "odd": [0.1, 0.2, 0.3]})
    shown = disclosure.protect(frame, SMALL)
    assert shown["mystery"].isna().tolist() == [True, True, False]
    assert shown["odd"].isna().tolist() == [True, True, False]


def test_a_figure_without_any_count_is_refused():
    with pytest.raises(errors.ArgumentError, match="odd"):
        disclosure.protect(pd.DataFrame({"segment": ["a"], "odd": [0.5]}), SMALL)


def test_a_threshold_of_one_hides_nothing(page):
    frame = page[0]["cohorts"]
    assert disclosure.protect(frame, 1).equals(frame)


def test_protecting_twice_changes_nothing(page):
    for frame in page[1].values():
        assert disclosure.protect(frame, SMALL).equals(frame)


def test_those_written_to_and_those_not_add_up_to_a_band_that_is_shown():
    """Two returned of those written to are hidden; the rest of the band would give them away."""
    whole = pd.DataFrame({"band": ["30–59"], "at_risk": [90], "returned": [40], "rate": [40 / 90]})
    parts = pd.DataFrame({"band": "30–59", "send": ["sent", "not_sent"], "at_risk": [30, 60],
                          "returned": [2, 38], "rate": [2 / 30, 38 / 60]})  # fmt: skip
    gate = Gate(SMALL, "demo")
    assert gate.frame(whole)["returned"].tolist() == [40]
    shown = gate.frame(parts)
    assert shown["returned"].isna().all()
    assert shown["rate"].isna().all()
    assert shown["hidden"].tolist() == ["returned<5", "returned"]


def test_active_days_that_stay_single_keep_the_interval_that_heeds_groups():
    frame = pd.DataFrame({
        "active_days": range(6), "members": [400, 60, 30, 3, 1, 6], "at_risk": 500,
        "share": [0.8, 0.12, 0.06, 0.006, 0.002, 0.012], "low": 0.0, "high": 1.0,
        "deff": [4.0, 2.0, 1.0, 1.5, 3.0, 1.0], "at_least": 0.0, "status": "ok",
    })  # fmt: skip
    shown = Gate(5, "demo").frame(frame)
    single = shown[shown["active_days"].eq(shown["until"])]
    assert set(zip(single["low"], single["high"], strict=True)) == {(0.0, 1.0)}
    joint = shown[shown["active_days"].ne(shown["until"])].iloc[0]
    assert joint["deff"] == 3.0
    low, high = wilson(joint["members"], 500, deff=3.0)
    assert (joint["low"], joint["high"]) == (pytest.approx(low), pytest.approx(high))
