"""Survey scores and demand signals, counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from commlab import metrics
from commlab.errors import MissingTableError, NotEnoughDataError

AS_OF = "2026-05-31"


def survey(scores, wave, day, member=True, weight=None, question="nps"):
    n = len(scores)
    ids = [f"{wave}-{'m' if member else 'o'}-{k}" for k in range(n)]
    return pd.DataFrame(
        {"respondent_id": ids, "member_id": ids if member else None, "wave": wave, "at": day,
         "question": question, "score": scores, "weight": weight}
    )  # fmt: skip


def test_promoters_less_detractors_with_weights(make_dataset):
    scores = [10.0] * 30 + [8.0] * 20 + [6.0] * 10
    weights = [1.0] * 30 + [1.0] * 20 + [3.0] * 10
    frame = pd.concat([
        survey(scores, "w1", "2026-01-10", weight=weights),
        survey([9.0] * 50 + [0.0] * 10, "w2", "2026-04-10"),
        survey([5.0] * 40, "w2", "2026-04-10", member=False),
        survey([4.0] * 60, "w1", "2026-01-10", question="satisfaction"),
        survey([10.0] * 5, "w3", "2026-05-10"),
        survey([10.0] * 50, "w4", "2026-06-10"),  # after as_of
    ])  # fmt: skip
    ds = make_dataset({"surveys": frame, "orders": _order()}, as_of=AS_OF)
    table = metrics.opinion(ds).set_index(["question", "side", "wave"])
    assert table.loc[("nps", "members", "w1"), "score"] == pytest.approx(100 * (30 - 30) / 80)
    assert table.loc[("nps", "members", "w2"), "score"] == pytest.approx(100 * 40 / 60)
    assert table.loc[("nps", "others", "w2"), "score"] == -100
    assert table.loc[("satisfaction", "members", "w1"), "score"] == 4
    assert table.loc[("nps", "members", "w3"), "status"] == "too_few"
    assert ("nps", "members", "w4") not in table.index
    change = table.loc[("nps", "members", "w2")]
    assert change["change"] == pytest.approx(100 * 40 / 60)
    assert change["flagged"]
    # An independent computation of the interval of an unweighted mean.
    values = np.array([100.0] * 50 + [-100.0] * 10)
    error = values.std(ddof=1) / np.sqrt(60)
    assert (change["high"] - change["low"]) / 2 == pytest.approx(2.0009954 * error, rel=1e-4)
    figure = metrics.opinion_estimate(metrics.opinion(ds), "nps", 1)
    assert figure.value == pytest.approx(100 * 40 / 60)
    with pytest.raises(NotEnoughDataError):
        metrics.opinion_estimate(metrics.opinion(ds), "nps", 9)


def world(rng, follow):
    """Members name one of four categories, and buy it next with a surplus of `follow`."""
    names = ["面膜", "面霜", "防晒", "精华"]
    said, orders, items = [], [], []
    for n in range(400):
        for week in range(4):
            day = pd.Timestamp("2026-03-02 10:00") + pd.Timedelta(days=21 * week)
            named = rng.choice(names)
            said.append((f"m{n}", str(day), f"有人用{named}吗"))
            if rng.random() < 0.5:
                buys = named if rng.random() < follow else rng.choice(names)
                order = f"o{len(orders)}"
                orders.append(
                    (order, f"m{n}", str(day + pd.Timedelta(days=int(rng.integers(1, 13)))), 9.0)
                )
                items.append((order, "sku", buys, buys, 1.0, 9.0))
    messages = pd.DataFrame(said, columns=["member_id", "sent_at", "text"])
    messages = messages.assign(message_id=[f"x{n}" for n in range(len(said))], group_id="g1")
    return {
        "messages": messages,
        "orders": pd.DataFrame(orders, columns=["order_id", "member_id", "paid_at", "amount"]),
        "order_items": pd.DataFrame(
            items, columns=["order_id", "sku", "product", "category", "quantity", "amount"]
        ),
    }


def test_what_is_named_and_bought_next_is_found(make_dataset):
    # Bought are 30 % of what was named, and a quarter of the rest by chance: 1.9 times as often.
    ds = make_dataset(world(np.random.default_rng(3), 0.3), as_of="2026-06-15")
    table = metrics.demand_signals(ds).set_index(["source", "category"])
    whole = table.loc[("message", "all")]
    assert whole["people"] == 400
    assert whole["low"] < (0.3 + 0.7 / 4) * 4 < whole["high"]
    assert table.loc["message", "flagged"].sum() == 4


def test_who_names_at_random_buys_as_usual(make_dataset):
    ds = make_dataset(world(np.random.default_rng(4), 0.0), as_of="2026-06-15")
    table = metrics.demand_signals(ds)
    whole = table[table["category"] == "all"].iloc[0]
    assert whole["low"] < 1 < whole["high"]
    assert not table["flagged"].any()


def test_signs_whose_days_are_not_over_are_left_out(make_dataset):
    tables = world(np.random.default_rng(3), 0.3)
    whole = metrics.demand_signals(make_dataset(tables, as_of="2026-06-15")).iloc[0]
    early = metrics.demand_signals(make_dataset(tables, as_of="2026-05-10")).iloc[0]
    assert early["signs"] == 1200
    assert whole["signs"] == 1600


def test_items_without_categories_are_refused(make_dataset):
    tables = world(np.random.default_rng(3), 0.3)
    tables["order_items"] = tables["order_items"].drop(columns="category")
    with pytest.raises(MissingTableError, match="category"):
        metrics.demand_signals(make_dataset(tables, as_of="2026-06-15"))


def _order():
    return pd.DataFrame(
        {"order_id": ["o1"], "member_id": ["m1"], "paid_at": ["2026-05-31 09:00"], "amount": [1.0]}
    )
