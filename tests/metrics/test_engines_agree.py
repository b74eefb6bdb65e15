"""What models of value and churn are fed with is the same on DuckDB and on Spark."""

from __future__ import annotations

import datetime as dt
import importlib.util

import pandas as pd
import pytest

from commlab import metrics
from commlab.dataset import open_dataset
from tests.metrics.test_churn_features import AS_OF, CUTOFF, HORIZON, random_world

ASKED = {
    "rfm_summary": lambda ds: metrics.rfm_summary(ds),
    "rfm_groups": lambda ds: metrics.rfm_groups(ds)[0],
    "customer_values": lambda ds: metrics.customer_values(ds, "channel"),
    "present_customers": lambda ds: metrics.present_customers(ds, 8, ["channel"]),
    "customers of a cutoff": lambda ds: metrics.purchase_history(
        ds, [dt.date(2026, 4, 1)], 8, ["channel"])[0].customers,
    "weeks of a cutoff": lambda ds: metrics.purchase_history(
        ds, [dt.date(2026, 4, 1)], 8)[0].weekly,
    "second_orders": lambda ds: metrics.second_orders(ds),
    "churn_rows": lambda ds: metrics.churn_rows(ds, CUTOFF, HORIZON),
    "scored rows": lambda ds: metrics.churn_rows(ds, AS_OF, most=None),
    "dormant_bands": lambda ds: metrics.dormant_bands(ds, HORIZON),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("pyspark"), reason="PySpark is not here")
def test_spark_gives_what_duckdb_gives(make_workspace):
    folder = make_workspace(random_world(5), margin=0.4)
    one, two = (open_dataset(folder, as_of=AS_OF, engine=name) for name in ("duckdb", "spark"))
    for name, ask in ASKED.items():
        left, right = ask(one), ask(two)
        assert len(left), name
        assert left.attrs == right.attrs, name
        # Sums of floats alone may differ in their last digits.
        pd.testing.assert_frame_equal(left, right, check_dtype=False, rtol=1e-12, obj=name)
