"""Coupons against a count by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from commlab import errors, metrics, stats

AS_OF = "2026-06-30"
DAY = dt.datetime(2026, 1, 1)


def world(seed=4):
    """Sixty members with orders, some of them with a coupon of two batches; one batch runs."""
    rng = np.random.default_rng(seed)
    ids = [f"m{i:02}" for i in range(60)]
    orders, coupons = [], []
    for member in ids:
        for _ in range(int(rng.integers(0, 6))):
            paid = DAY + dt.timedelta(days=int(rng.integers(0, 180)), hours=5)
            number = f"o{len(orders)}"
            orders.append((number, member, paid, float(rng.integers(20, 200)), 10.0))
            if rng.random() < 0.4:
                coupons.append(("spring", member, paid - dt.timedelta(days=3),
                                paid + dt.timedelta(days=4), paid, number, 5.0))  # fmt: skip
        coupons.append(("spring", member, DAY, DAY + dt.timedelta(days=9), None, None, 5.0))
        coupons.append(("running", member, DAY + dt.timedelta(days=170),
                        DAY + dt.timedelta(days=190), None, None, 8.0))  # fmt: skip
    names = ["batch", "member_id", "issued_at", "expires_at", "redeemed_at", "order_id", "value"]
    return {
        "members": pd.DataFrame({"member_id": ids, "joined_at": DAY}),
        "orders": pd.DataFrame(orders, columns=["order_id", "member_id", "paid_at", "amount",
                                                "cost"]),
        "coupons": pd.DataFrame(coupons, columns=names),
    }  # fmt: skip


def test_batches(make_dataset):
    tables = world()
    frame = metrics.coupon_batches(make_dataset(tables, as_of=AS_OF)).set_index("batch")
    own = tables["coupons"][tables["coupons"]["batch"] == "spring"]
    over = own[own["expires_at"] < dt.datetime(2026, 7, 1)]
    used = over["redeemed_at"].notna()
    assert frame.loc["spring", ["at_risk", "passed"]].tolist() == [len(over), used.sum()]
    assert frame.loc["spring", "rate"] == pytest.approx(used.mean())
    assert frame.loc["spring", "worth"] == 5.0 * own["redeemed_at"].notna().sum()
    low, high = stats.wilson(used.sum(), len(over))
    assert frame.loc["spring", "low"] <= low  # members hold several: never narrower
    assert frame.loc["spring", "high"] >= high
    assert frame.loc["running", ["at_risk", "open"]].tolist() == [0, 60]
    assert np.isnan(frame.loc["running", "rate"])
    assert frame.loc["running", "status"] == "too_few"


def test_dependence(make_dataset):
    tables = world()
    frame = metrics.coupon_dependence(make_dataset(tables, as_of=AS_OF))
    used = set(tables["coupons"]["order_id"].dropna())
    bands = {"none": 0, "some": 0, "most": 0, "all": 0}
    for _, rows in tables["orders"].groupby("member_id"):
        share = rows["order_id"].isin(used).mean()
        if len(rows) >= 2:
            bands["none" if share == 0 else "all" if share == 1 else
                  "most" if share > 0.5 else "some"] += 1  # fmt: skip
    assert frame.set_index("band")["buyers"].to_dict() == bands
    assert min(bands.values()) > 0
    found = metrics.coupon_dependent(frame)
    assert found.value == pytest.approx((bands["most"] + bands["all"]) / sum(bands.values()))


def test_margins(make_dataset):
    tables = world()
    frame = metrics.coupon_margins(make_dataset(tables, as_of=AS_OF)).set_index("label")
    used = tables["orders"]["order_id"].isin(set(tables["coupons"]["order_id"].dropna()))
    for label, mask in (("with", used), ("without", ~used)):
        own = tables["orders"][mask]
        assert frame.loc[label, "orders"] == len(own)
        assert frame.loc[label, "revenue"] == pytest.approx(own["amount"].mean())
        assert frame.loc[label, "margin"] == pytest.approx((own["amount"] - own["cost"]).mean())
        assert frame.loc[label, "low"] < frame.loc[label, "margin"] < frame.loc[label, "high"]


def test_coupons_that_name_no_order(make_dataset):
    tables = world()
    tables["coupons"]["order_id"] = None
    with pytest.raises(errors.NotEnoughDataError, match="names the order"):
        metrics.coupon_dependence(make_dataset(tables, as_of=AS_OF))
