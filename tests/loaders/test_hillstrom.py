import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import commlab
from commlab.errors import LoadError
from commlab.loaders import hillstrom, load

HEADER = ("recency,history_segment,history,mens,womens,zip_code,newbie,channel,segment,"
          "visit,conversion,spend")  # fmt: skip
ROWS = """
10,2) $100 - $200,142.44,1,0,Surburban,0,Phone,Womens E-Mail,0,0,0
1,1) $0 - $100,29.99,0,1,Urban,1,Web,No E-Mail,1,0,0
12,3) $200 - $350,329.08,1,1,Rural,0,Multichannel,Mens E-Mail,1,1,29.5
2,1) $0 - $100,45.34,1,0,Urban,1,Web,Some E-Mail,0,0,0
2,1) $0 - $100,45.34,1,0,Urban,1,Web,No E-Mail,maybe,0,0
2,1) $0 - $100,lots,1,0,Urban,1,Web,No E-Mail,0,0,0
x,1) $0 - $100,45.34,1,0,Urban,1,Web,No E-Mail,0,0,0
""".strip().splitlines()


@pytest.fixture
def loaded(tmp_path):
    path = tmp_path / "h.csv"
    path.write_text("\n".join([HEADER, *ROWS]) + "\n")
    report = load(path, "hillstrom", tmp_path / "w")
    frames = {item.stem: pq.read_table(item).to_pandas()
              for item in (tmp_path / "w").glob("*.parquet")}  # fmt: skip
    return report, frames


def test_every_customer_is_accounted_for(loaded):
    account = loaded[0].accounts[0]
    assert (account.rows, account.rows_loaded) == (7, 3)
    assert {reason: count.lines for reason, count in account.not_loaded.items()} == {
        "segment: not one of No E-Mail, Mens E-Mail, Womens E-Mail": [5],
        "visit: not 0 or 1": [6],
        "history: not an amount": [7],
        "recency: not a number of months": [8],
    }
    assert loaded[0].sources[0].unmapped == ["history_segment"]


def test_tables(loaded):
    frames = loaded[1]
    assert frames["assignments"]["arm"].tolist() == ["womens", "control", "mens"]
    campaign = frames["campaigns"].iloc[0]
    assert (campaign["campaign_id"], campaign["kind"], campaign["design"]) == (
        "hillstrom", "push", "randomised")  # fmt: skip
    visits = frames["touchpoints"]
    assert sorted(visits["member_id"]) == ["h00002", "h00003"]
    assert set(visits["event"]) == {"visited"}
    assert visits["at"].between(campaign["starts_at"], campaign["ends_at"]).all()
    orders = frames["orders"].set_index("order_id")
    after = orders.loc["h00003-after"]
    assert after["paid_at"] <= campaign["ends_at"]
    assert float(after["amount"]) == 29.5
    assert "campaign_id" not in orders
    before = orders.loc["h00001-before", "paid_at"].tz_convert("America/New_York")
    assert str(before) == "2007-05-20 12:00:00-04:00"
    tags = frames["tags"].groupby("tag")["member_id"].apply(sorted).to_dict()
    assert tags == {"mens": ["h00001", "h00003"], "newbie": ["h00002"],
                    "womens": ["h00002", "h00003"]}  # fmt: skip
    members = frames["members"].set_index("member_id")
    first = orders.reset_index().groupby("member_id")["paid_at"].min()
    assert (members["joined_at"] <= first.reindex(members.index)).all()
    year_before = campaign["starts_at"] - pd.DateOffset(years=1)
    assert (members["joined_at"] < year_before).to_dict() == {
        "h00001": True, "h00002": False, "h00003": True}  # fmt: skip


def test_another_file_is_refused(tmp_path):
    (tmp_path / "h.csv").write_text("a,b\n1,2\n")
    with pytest.raises(LoadError, match="recency"):
        load(tmp_path / "h.csv", "hillstrom", tmp_path / "w")


def test_the_published_means_can_be_read_from_the_workspace(shared_data, tmp_path):
    """numbers.md, Experiments: control means and differences with Welch standard errors."""
    report = load(shared_data / "hillstrom.csv.gz", "hillstrom", tmp_path / "w")
    assert (report.rows_read, report.rows_loaded) == (64_000, 64_000)
    ds = commlab.open_dataset(tmp_path / "w")
    read = {name: ds.frame(ds.table(name)) for name in
            ("assignments", "campaigns", "touchpoints", "orders")}  # fmt: skip
    campaign = read["campaigns"].iloc[0]
    people = read["assignments"].set_index("member_id")["arm"].to_frame()
    assert people["arm"].value_counts().to_dict() == {
        "control": 21_306, "mens": 21_307, "womens": 21_387}  # fmt: skip
    window = read["orders"]["paid_at"].between(campaign["starts_at"], campaign["ends_at"])
    bought = read["orders"][window].groupby("member_id")["amount"].sum() / 100
    people["visit"] = people.index.isin(read["touchpoints"]["member_id"]).astype(float)
    people["conversion"] = people.index.isin(bought.index).astype(float)
    people["spend"] = bought.reindex(people.index).fillna(0)
    arms = people.groupby("arm")
    means, errors = arms.mean(), arms.var() / arms.count()
    published = {
        "visit": (0.106167, 0.076590, 0.003386, 0.045233, 0.003234),
        "conversion": (0.005726, 0.006805, 0.000921, 0.003111, 0.000823),
        "spend": (0.652789, 0.769827, 0.145247, 0.424412, 0.130333),
    }
    for name, (control, mens, mens_error, womens, womens_error) in published.items():
        found = means[name]
        assert found["control"] == pytest.approx(control, abs=5.1e-7)
        for arm, difference, error in (
            ("mens", mens, mens_error),
            ("womens", womens, womens_error),
        ):
            assert found[arm] - found["control"] == pytest.approx(difference, abs=5.1e-7)
            welch = np.sqrt(errors[name][arm] + errors[name]["control"])
            assert welch == pytest.approx(error, abs=5.1e-7)
    raw = pd.read_csv(shared_data / "hillstrom.csv.gz")
    history = read["orders"][~window].groupby("member_id")["amount"].sum() / 100
    assert history.sort_index().tolist() == raw["history"].tolist()
    assert hillstrom.SETTINGS.as_of == ds.as_of
