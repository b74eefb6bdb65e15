"""Small event logs of every shape against the plain walk."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from commlab import metrics
from commlab.dataset import open_dataset
from commlab.metrics import periods

from . import reference

MINUTES = 60 * 24 * 150
START = dt.datetime(2025, 12, 20)
moments = st.integers(0, MINUTES).map(lambda m: START + dt.timedelta(minutes=m))
people = st.integers(0, 5).map(lambda i: f"m{i}")
logs = st.fixed_dictionaries(
    {
        "joined": st.dictionaries(people, moments, min_size=1, max_size=6),
        "orders": st.lists(st.tuples(people, moments), max_size=25),
        "days": st.integers(1, 149),
        "unit": st.sampled_from(["month", "week"]),
        "week_start": st.sampled_from(["monday", "sunday"]),
        "kind": st.sampled_from(["on", "unbounded"]),
    }
)


SETUP = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": [HealthCheck.function_scoped_fixture],
}


@settings(max_examples=12, **SETUP)
@given(log=logs)
def test_some_logs(make_workspace, log):
    check(make_workspace, log)


@pytest.mark.slow
@settings(max_examples=80, **SETUP)
@given(log=logs)
def test_many_logs(make_workspace, log):
    check(make_workspace, log)


def check(make_workspace, log):
    unit, week_start, kind = log["unit"], log["week_start"], log["kind"]
    as_of = (START + dt.timedelta(days=log["days"])).date()
    midnight = dt.datetime.combine(as_of + dt.timedelta(days=1), dt.time())
    # One member orders every day from the first on, so the data cover every period.
    daily = [("daily", START + dt.timedelta(days=day)) for day in range(150)]
    joined = {**log["joined"], "daily": START}
    rows = [*log["orders"], *daily]
    tables = {
        "members": pd.DataFrame(
            {"member_id": list(joined), "joined_at": pd.to_datetime(list(joined.values()))}
        ),
        "orders": pd.DataFrame(
            {
                "order_id": [str(i) for i in range(len(rows))],
                "member_id": [member for member, _ in rows],
                "paid_at": pd.to_datetime([at for _, at in rows]),
                "amount": 1,
            }
        ),
    }
    folder = make_workspace(tables, week_start=week_start)
    ds = open_dataset(folder, as_of=as_of, engine="duckdb")
    frame = metrics.retention(ds, cohort=unit, kind=kind, min_at_risk=1)
    expected = reference.retention(joined, rows, as_of, unit, kind, week_start)
    known = frame[frame["status"] == "ok"]
    assert {
        (row.cohort.date(), row.period): (row.at_risk, row.active) for row in known.itertuples()
    } == expected
    # The grid holds each cohort from its own period to the current one, once.
    current = periods.number_of(as_of, unit, week_start)
    sizes = frame.groupby("cohort").size()
    for cohort, size in sizes.items():
        assert size == current - periods.number_of(cohort.date(), unit, week_start) + 1
    if not any(at < midnight for at in joined.values()):
        assert frame.empty
        return
    life = metrics.lifecycle(ds, unit=unit)
    wanted = reference.lifecycle(joined, rows, as_of, unit, None, week_start)
    over = life[life["status"] == "ok"]
    got = {row["period"].date(): row.to_dict() for _, row in over.iterrows()}
    assert got.keys() == wanted.keys()
    before = 0
    for period, counts in wanted.items():
        assert {name: got[period][name] for name in counts} == counts
        flow = got[period]
        gained = flow["new"] + flow["activated_late"] + flow["resurrected"]
        assert flow["active"] == before + gained - flow["dormant"] - flow["left"]
        before = flow["active"]
