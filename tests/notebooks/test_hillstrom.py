"""The MineThatData e-mail experiment: published differences, from the file to the page."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from commlab import loaders
from commlab.estimate import Estimate

from . import notebook_source as source
from .conftest import run_all

pytestmark = pytest.mark.slow
CAMPAIGN = "08_campaign_uplift"

# Differences and Welch standard errors, computed independently: see the design's figures.
CONTROL = {"visitors": 0.106167, "buyers": 0.005726, "revenue": 0.652789}
PUBLISHED = {
    ("mens", "visitors", "visit"): (0.076590, 0.003386),
    ("mens", "buyers", "conversion"): (0.006805, 0.000921),
    ("mens", "revenue", "spend"): (0.769827, 0.145247),
    ("womens", "visitors", "visit"): (0.045233, 0.003234),
    ("womens", "buyers", "conversion"): (0.003111, 0.000823),
    ("womens", "revenue", "spend"): (0.424412, 0.130333),
}


@pytest.fixture(scope="module")
def hillstrom_run(tmp_path_factory):
    folder = Path(os.environ.get("COMMLAB_SHARED_DATA") or source.ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("the real data are not here (set COMMLAB_SHARED_DATA)")
    data = folder / "hillstrom.csv.gz"
    place = tmp_path_factory.mktemp("hillstrom")
    loaders.load([data], "hillstrom", place / "workspace")
    return run_all(place / "workspace", place / "out", notebooks=["08"], lang="en",
                   params={"example": False, "metric": "revenue"})  # fmt: skip


def test_every_published_figure_at_its_digits(hillstrom_run):
    run = hillstrom_run
    assert run.statuses == {CAMPAIGN: "done"}
    figures = {key: Estimate.from_dict(item) for key, item in run.results[CAMPAIGN].items()}
    table = pd.read_csv(run.folder / "share" / "tables" / CAMPAIGN / "campaign_readout.csv")
    rows = table.set_index(["arm", "metric"])
    for (arm, metric, name), (difference, error) in PUBLISHED.items():
        row = rows.loc[(arm, metric)]
        assert round(row["control"], 6) == CONTROL[metric]
        assert round(row["difference"], 6) == difference
        assert round(row["error"], 6) == error
        assert round(figures[f"hillstrom.itt.{name}.{arm}"].value, 6) == difference
    # history is uncorrelated with spend: CUPED leaves the error of spend where it is.
    assert round(rows.loc[("mens", "revenue"), "cuped_error"], 4) == 0.1452
    assert rows.loc[("mens", "revenue"), ["n_control", "n_treated"]].tolist() == [21306, 21307]
    assert rows.loc[("womens", "revenue"), "n_treated"] == 21387
    checks = pd.read_csv(run.folder / "share" / "tables" / CAMPAIGN / "campaign_checks.csv")
    assert round(checks.set_index("check").loc["sample_ratio", "p"], 3) == 0.904


def test_targeting_has_intervals_and_every_share(hillstrom_run):
    tables = hillstrom_run.folder / "share" / "tables" / CAMPAIGN
    found = pd.read_csv(tables / "campaign_targeting.csv").set_index("ranking")
    assert set(found.index) == {"DR", "T", "X", "response"}
    assert ((found["low"] < found["qini"]) & (found["qini"] < found["high"])).all()
    curve = pd.read_csv(tables / "campaign_targeting_curve.csv")
    whole = curve[(curve["ranking"] == "DR") & (curve["share"] == 1)].iloc[0]
    assert whole["gain"] == pytest.approx(0.769827, abs=1e-6)  # treating all is the difference


def test_both_arms_are_held_against_the_control_and_the_better_is_named(hillstrom_run):
    tables = hillstrom_run.folder / "share" / "tables" / CAMPAIGN
    found = pd.read_csv(tables / "campaign_arms.csv")
    assert found["arm"].tolist() == ["mens", "womens", "control"]
    rows = found.set_index("arm")
    # From the file by itself: Φ of the arms' difference over its Welch error is 0.9848.
    assert rows.loc["mens", "best"] == pytest.approx(0.9848, abs=0.003)
    assert rows.loc["control", "best"] < 0.001
    assert found["best"].sum() == pytest.approx(1.0)
    assert rows.loc["mens", "p_adjusted"] <= rows.loc["womens", "p_adjusted"] < 0.01
    page = hillstrom_run.page(CAMPAIGN, "en")
    assert "Learnt for mens against the control group" in page.said
    drawn = [str(one.get("alt")) for one in page.all("img")]
    # No margin is known: what is gained is revenue, and is called so.
    assert any("Extra net revenue, a person of all" in text for text in drawn)
