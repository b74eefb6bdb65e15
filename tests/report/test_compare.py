"""Two runs beside each other: changes, their intervals, and what is noise."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from commlab.cli import main
from commlab.errors import ArgumentError
from commlab.estimate import Estimate
from commlab.report.compare import VERDICTS, compare
from commlab.stats import difference_interval, wilson


def rate(successes, n):
    low, high = wilson(successes, n)
    return Estimate(value=successes / n, low=float(low), high=float(high), n=n, unit="share")


@pytest.fixture
def make_run(tmp_path):
    def make(run, figures, **data):
        folder = tmp_path / run
        folder.mkdir()
        results: dict = {}
        for place, estimate in figures.items():
            notebook, key = place.split(":")
            results.setdefault(notebook, {})[key] = {
                **estimate.to_dict(),
                "label": {"en": key.title(), "zh": f"指标{key}"},
            }
        manifest = {
            "format": 1,
            "run": run,
            "status": "done",
            "data": {"name": "shop", "fingerprint": run, "as_of": "2026-05-31", **data},
            "code": "c0de",
            "internal": False,
            "notebooks": [
                {"notebook": notebook, "parameters": {"as_of": run}} for notebook in results
            ],
        }
        (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        return folder

    return make


@pytest.fixture
def runs(make_run):
    count = Estimate.count
    before = make_run("before", {
        "02_a:fell": rate(500, 1000), "02_a:same": rate(300, 1000), "02_a:wobbled": rate(200, 1000),
        "02_a:members": count(900, unit="members"), "02_a:days": count(30, unit="days"),
        "02_a:few": Estimate.too_few(9, unit="share", minimum=30), "02_a:old": rate(1, 100),
        "05_b:other": rate(50, 100),
    })  # fmt: skip
    after = make_run("after", {
        "02_a:fell": rate(400, 1000), "02_a:same": rate(300, 1000), "02_a:wobbled": rate(205, 1000),
        "02_a:members": count(950, unit="members"), "02_a:days": count(30, unit="days"),
        "02_a:few": rate(10, 100), "02_a:fresh": rate(1, 100),
    }, as_of="2026-06-30")  # fmt: skip
    return before, after


def test_each_figure_is_judged(runs):
    frame = compare(*runs).frame.set_index("key")
    assert frame["verdict"].to_dict() == {
        "fell": "beyond", "same": "same", "wobbled": "noise", "members": "exact", "days": "same",
        "few": "refused", "fresh": "new", "old": "gone", "other": "gone",
    }  # fmt: skip
    assert set(frame["verdict"]) <= set(VERDICTS)
    row = frame.loc["fell"]
    assert (row["before"], row["after"]) == (0.5, 0.4)
    assert row["change"] == pytest.approx(-0.1)
    # Newcombe's interval (his method 10) of 400/1000 less 500/1000, which Zou & Donner's becomes
    # with Wilson ends, worked out by hand from the roots of the score equations.
    assert row["change_low"] == pytest.approx(-0.1430, abs=2e-4)
    assert row["change_high"] == pytest.approx(-0.0563, abs=2e-4)
    assert frame.loc["members", "change"] == 50
    assert np.isnan(frame.loc["members", "p"])


def test_newcombe_published_example():
    # Newcombe 1998, Stat. Med. 17, table II: 56/70 less 48/80, method 10: 0.0524 to 0.3339.
    (a, b), (c, d) = (map(float, wilson(56, 70)), map(float, wilson(48, 80)))
    low, high, p = difference_interval((0.8, a, b), (0.6, c, d))
    assert (round(float(low), 4), round(float(high), 4)) == (0.0524, 0.3339)
    assert 0 < p < 0.05


def test_the_p_value_agrees_with_the_interval():
    rng = np.random.default_rng(0)
    a, b = rng.binomial(200, 0.3, 500), rng.binomial(200, 0.38, 500)
    after, before = (a / 200, *wilson(a, 200)), (b / 200, *wilson(b, 200))
    low, high, p = difference_interval(after, before)
    outside = (low > 0) | (high < 0)
    assert 0.1 < outside.mean() < 0.9
    np.testing.assert_array_equal(outside, p < 0.05)


def test_noise_is_called_change_no_more_often_than_promised(make_run):
    # A hundred figures that are the same but for chance, many times: hardly a run has a finding.
    rng = np.random.default_rng(1)
    wrong = 0
    for world in range(40):
        draws = rng.binomial(400, 0.3, (2, 100))
        folders = [
            make_run(f"{side}{world}", {f"02_a:k{i}": rate(int(k), 400) for i, k in enumerate(row)})
            for side, row in zip("ab", draws, strict=True)
        ]
        wrong += bool((compare(*folders).frame["verdict"] == "beyond").any())
    assert wrong <= 6  # 5 % of 40 is 2; 7 or more comes once in 200 times


def test_ranges_of_what_is_possible_change_only_when_they_do_not_meet(make_run):
    def bounds(value, low, high):
        return Estimate(value=value, low=low, high=high, unit="share", method="bounds for unknown")

    before = make_run("a", {"00_h:meets": bounds(0.5, 0.5, 0.8), "00_h:apart": bounds(0.1, 0, 0.2)})
    after = make_run("b", {"00_h:meets": bounds(0.7, 0.7, 1), "00_h:apart": bounds(0.6, 0.5, 0.9)})
    frame = compare(before, after).frame.set_index("key")
    assert frame["verdict"].to_dict() == {"meets": "noise", "apart": "beyond"}
    assert frame.loc["apart", ["change_low", "change_high"]].tolist() == pytest.approx([0.3, 0.9])


def test_other_reasons_for_a_difference_are_said(make_run, runs):
    before, after = runs
    assert compare(before, after).cautions == ()
    assert compare(after, before).cautions == ("swapped",)
    assert compare(before, before).cautions == ("same_data",)
    other = make_run("other", {"02_a:fell": rate(1, 2)}, name="another shop", as_of="2026-06-30")
    told = json.loads((other / "manifest.json").read_text(encoding="utf-8"))
    told |= {"code": "new", "internal": True}
    told["notebooks"][0]["parameters"]["unit"] = "week"
    (other / "manifest.json").write_text(json.dumps(told), encoding="utf-8")
    assert compare(before, other).cautions == ("workspace", "parameters", "code", "internal")


def test_figures_that_the_overview_borrowed_count_once(make_run):
    folder = make_run("a", {"01_overview:x": rate(1, 2), "02_a:x": rate(1, 2)})
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    results["01_overview"]["x"]["report"] = {"notebook": "02_a"}
    (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")
    assert compare(folder, folder).frame["notebook"].tolist() == ["02_a"]


def test_a_folder_without_a_run_is_a_message(tmp_path, runs):
    with pytest.raises(ArgumentError, match=r"nothing: is not the folder of a run"):
        compare(tmp_path / "nothing", runs[1])


def test_the_command_tells_what_changed_and_how_much_did_not(runs, tmp_path):
    file = tmp_path / "changes.csv"
    said = CliRunner().invoke(main, ["compare", *map(str, runs), "--csv", str(file)])
    assert said.exit_code == 0, said.output
    out = said.output.replace("\N{NO-BREAK SPACE}", " ")
    assert "shop: 31 May 2026 to 30 June 2026" in out
    assert "Only in the earlier run: 05_b" in out
    assert "−10.0 points (−14.3 to −5.6), beyond noise" in out
    assert "Members: 900 members → 950 members, +50 members, a full count" in out
    assert "5 figures compared: 1 changed beyond noise, 1 full counts changed." in out
    assert "Wobbled" not in out
    assert "1 more" in out
    assert pd.read_csv(file)["verdict"].value_counts()["gone"] == 2

    whole = CliRunner().invoke(main, ["compare", *map(str, runs), "--all", "--lang", "zh"])
    assert "指标wobbled" in whole.output
    assert "可能是偶然波动" in whole.output

    wrong = CliRunner().invoke(main, ["compare", str(tmp_path), str(runs[0])])
    assert wrong.exit_code == 2
    assert "is not the folder of a run" in wrong.output
    assert "Traceback" not in wrong.output
