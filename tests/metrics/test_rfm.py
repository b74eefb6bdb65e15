"""The RFM summary against counts made by hand, on CDNOW, and grouped against ungrouped."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

import commlab as cl
from commlab.errors import ArgumentError, DataWarning
from tests.models.btyd_data import cdnow, occasions


def orders(*rows: tuple) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["member_id", "paid_at", "amount", "refund_amount"])
    frame.insert(0, "order_id", [f"o{number}" for number in range(len(frame))])
    return frame


def test_a_day_of_positive_net_spend_is_an_occasion(make_dataset: Callable) -> None:
    ds = make_dataset(
        {
            "orders": orders(
                ("a", "2026-01-01 10:00", 10, 0),
                ("a", "2026-01-08 00:10", 20, 0),
                ("a", "2026-01-08 23:50", 30, 5),  # same local day: one occasion
                ("a", "2026-01-20 12:00", 40, 40),  # refunded in full: none
                ("b", "2026-01-29 12:00", 7, 0),
                ("c", "2026-01-05 12:00", 9, 9),
                ("a", "2026-03-01 12:00", 99, 0),  # after as_of
                (None, "2026-01-05 12:00", 9, 0),
            )
        },
        as_of="2026-01-29",
    )
    got = cl.metrics.rfm_summary(ds, time_unit="W")
    assert got.columns.tolist() == ["member_id", "frequency", "recency", "T", "monetary_value"]
    assert got.to_numpy().tolist() == [["a", 1, 1.0, 4.0, 45.0], ["b", 0, 0.0, 0.0, 0.0]]
    assert got.attrs == {"time_unit": "W"}
    days = cl.metrics.rfm_summary(ds, time_unit="D", until="2026-01-10")
    assert days[["recency", "T"]].to_numpy().tolist() == [[7.0, 9.0]]
    with pytest.raises(ArgumentError, match="time_unit"):
        cl.metrics.rfm_summary(ds, time_unit="Y")


def test_cdnow_from_the_engine_equals_the_papers(make_dataset: Callable) -> None:
    rows = occasions()
    # Some CDs were free of charge: their day is an occasion in the papers, not here.
    paid = rows.assign(spend=rows["spend"].clip(lower=0.01), id=rows["id"].astype(str))
    frame = orders(
        *zip(
            paid["id"],
            paid["day"] + pd.Timedelta(hours=12),
            paid["spend"],
            [0] * len(paid),
            strict=True,
        )
    )
    ds = make_dataset({"orders": frame}, as_of="1997-09-30")
    got = cl.metrics.rfm_summary(ds).set_index(pd.Index(cdnow().index))
    wanted = cdnow().set_index(cdnow().index.astype(str)).sort_index()
    got = got.set_index("member_id").sort_index()
    for name in ("frequency", "recency", "T"):
        assert (got[name] - wanted[name]).abs().max() == 0
    assert (got["monetary_value"] - wanted["monetary_value"]).abs().max() < 0.011
    groups, people = cl.metrics.rfm_groups(ds)
    assert (len(groups), groups["weight"].sum(), people.count().execute()) == (1016, 2357, 2357)
    model = cl.models.BetaGeoModel().fit(groups)
    assert model.log_likelihood_ == pytest.approx(-9582.42921, abs=1e-5)


def test_only_refunds_say_so(make_dataset: Callable) -> None:
    ds = make_dataset({"orders": orders(("a", "2026-01-01 10:00", 10, 10))}, as_of="2026-01-29")
    with pytest.warns(DataWarning, match="none of 1 orders"):
        got = cl.metrics.rfm_summary(ds)
    assert got.empty
    with pytest.raises(cl.errors.NotEnoughDataError, match="no customer"):
        cl.models.BetaGeoModel().fit(got)
