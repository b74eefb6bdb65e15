"""Scores, grid and what cells bought next, against a walk over days of purchase."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from commlab import errors, metrics
from commlab.metrics.rfm_grid import _RAW, _lines

AS_OF = dt.date(2026, 6, 30)
START = dt.date(2025, 7, 1)


def orders(seed=1, people=150):
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(people):
        for day in rng.integers(
            0, (AS_OF - START).days + 10, 1 + rng.poisson(rng.choice([0, 1, 5]))
        ):
            amount = round(float(rng.gamma(2, 60)), 2)
            refund = amount if rng.random() < 0.1 else 0.0
            at = dt.datetime.combine(START + dt.timedelta(days=int(day)), dt.time(int(day) % 24))
            rows.append((f"o{len(rows)}", f"m{k:03}", at, amount, refund))
    return pd.DataFrame(rows, columns=["order_id", "member_id", "paid_at", "amount",
                                       "refund_amount"])  # fmt: skip


def figures(frame, day):
    """{member: (days since the last purchase, days with one, net spend in fen)} by hand."""
    rows = frame[frame["paid_at"].dt.date <= day]
    net = (100 * (rows["amount"] - rows["refund_amount"])).round().astype(int)
    days = net.groupby([rows["member_id"], rows["paid_at"].dt.date]).sum()
    days = days[days > 0].reset_index(name="net")
    return {
        who: ((day - own["paid_at"].max()).days, len(own), int(own["net"].sum()))
        for who, own in days.groupby("member_id")
    }


def cut_points(values, scores):
    """Figures at ranks n/k, 2n/k, … but for one at the top: a line there parts nobody."""
    ranked = sorted(values)
    found = {ranked[math.ceil(len(ranked) * k / scores) - 1] for k in range(1, scores)}
    return sorted(line for line in found if line < ranked[-1])


def score(value, lines, *, good):
    above = sum(value > line for line in lines)
    return above + 1 if good == "high" else len(lines) + 1 - above


def test_scores_and_grid_equal_a_walk(make_dataset):
    frame = orders()
    ds = make_dataset({"orders": frame}, as_of=AS_OF.isoformat(), min_at_risk=10)
    cuts = metrics.rfm_cuts(ds, 4)
    own = figures(frame, AS_OF)
    lines = [cut_points([x[k] for x in own.values()], 4) for k in range(3)]
    assert [cuts.attrs["lines"][part] for part in ("recency", "frequency", "money")] == lines
    good = ("low", "high", "high")
    expected = {
        who: tuple(
            score(x, line, good=best) for x, line, best in zip(own_, lines, good, strict=True)
        )
        for who, own_ in own.items()
    }
    got = ds.frame(metrics.rfm_scores(ds, cuts), ["member_id"])
    found = {row.member_id: (row.recency, row.frequency, row.money) for row in got.itertuples()}
    assert found == expected
    grid = metrics.rfm_grid(ds, cuts).set_index(["recency", "frequency"])
    assert grid["buyers"].sum() == len(own)
    assert grid["share_value"].sum() == pytest.approx(1)
    for cell, row in grid.iterrows():
        spend = [own[who][2] / 100 for who, where in expected.items() if where[:2] == cell]
        assert row["buyers"] == len(spend)
        assert row["total"] == pytest.approx(sum(spend))
        if row["status"] == "ok":
            assert row["mean"] == pytest.approx(np.mean(spend))
            assert row["mean_low"] < row["mean"] < row["mean_high"]
        else:
            assert len(spend) < 10
            assert np.isnan(row["mean"])


def test_cut_points_say_where_the_scores_begin(make_dataset):
    frame = orders()
    ds = make_dataset({"orders": frame}, as_of=AS_OF.isoformat())
    cuts = metrics.rfm_cuts(ds, 5)
    for place, part in enumerate(("recency", "frequency", "money")):
        own = cuts[cuts["part"] == part]
        values = [
            x[place] / (100 if part == "money" else 1) for x in figures(frame, AS_OF).values()
        ]
        assert own["score"].tolist() == sorted(own["score"], reverse=True)
        for row in own.itertuples():
            low = -np.inf if np.isnan(row.above) else row.above
            high = np.inf if np.isnan(row.up_to) else row.up_to
            assert row.buyers == sum(low < x <= high for x in values)
        assert own["buyers"].sum() == len(values)


def test_what_cells_bought_next_equals_a_walk(make_dataset):
    frame = orders()
    ds = make_dataset({"orders": frame}, as_of=AS_OF.isoformat(), min_at_risk=10)
    cuts = metrics.rfm_cuts(ds, 3)
    table = metrics.rfm_next(ds, cuts, 60).set_index(["recency", "frequency"])
    day = AS_OF - dt.timedelta(days=60)
    before, now = figures(frame, day), figures(frame, AS_OF)
    lines = cuts.attrs["lines"]
    seen = {}
    for who, (r, f, _) in before.items():
        cell = (score(r, lines["recency"], good="low"), score(f, lines["frequency"], good="high"))
        again = now[who][1] > f
        n, k = seen.get(cell, (0, 0))
        seen[cell] = n + 1, k + again
    found = {cell: (row["at_risk"], row["took"]) for cell, row in table.iterrows()}
    assert found == seen
    ok = table[table["status"] == "ok"]
    assert len(ok) >= 3
    assert ((ok["low"] <= ok["rate"]) & (ok["rate"] <= ok["high"])).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=40), st.integers(2, 9))
def test_lines_part_into_as_equal_shares_as_ties_allow(values, scores):
    class Counted:
        def group_by(self, name):
            return self

        def agg(self, **_):
            return self

        def count(self):
            return None

    class Engine:
        def frame(self, *_):
            counts = pd.Series(values).value_counts().sort_index()
            return pd.DataFrame({_RAW["frequency"]: counts.index, "n": counts.to_numpy()})

    found = _lines(Engine(), Counted(), "frequency", scores)
    assert found == cut_points(values, scores)
    assert len(found) < scores
    # Nobody with the same figure is parted, and no score is empty.
    parts = [sum(v > line for line in found) for v in values]
    assert set(parts) == set(range(len(found) + 1))


def test_nobody_bought(make_dataset):
    frame = orders(people=3).assign(refund_amount=lambda x: x["amount"])
    ds = make_dataset({"orders": frame}, as_of=AS_OF.isoformat())
    with pytest.raises(errors.NotEnoughDataError, match="nobody bought"):
        metrics.rfm_cuts(ds)
    with pytest.raises(errors.ArgumentError, match="scores"):
        metrics.rfm_cuts(ds, 10)
