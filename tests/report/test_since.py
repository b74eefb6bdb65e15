"""What changed since the last run, as the overview tells it."""

from __future__ import annotations

import json

import pytest

from commlab.errors import NotEnoughDataError
from commlab.estimate import Estimate
from commlab.report import since
from commlab.report.shared import Gate

LABEL = {"en": "Figure", "zh": "指标"}


def run(home, name, as_of, figures, **more):
    folder = home / name
    folder.mkdir(parents=True)
    results: dict = {}
    for place, estimate in figures.items():
        notebook, key = place.split(":")
        labelled = {} if key.endswith("unlabelled") else {"label": LABEL}
        results.setdefault(notebook, {})[key] = estimate.to_dict() | labelled
    data = {"name": "shop", "as_of": as_of, "fingerprint": name}
    manifest = {"format": 1, "status": "done", "data": data, "notebooks": [], "code": "a"} | more
    (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def share(value, half, n=400):
    return Estimate(value=value, low=value - half, high=value + half, n=n, unit="share")


def lent(home, last, folder):
    """Fill the folder of the overview's kernel as a run does."""
    work = home / "work"
    work.mkdir()
    (work / "results.json").write_bytes((folder / "results.json").read_bytes())
    own = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    since.lend(last, own, work)
    return work


def test_the_last_run_is_the_latest_earlier_one_of_the_same_workspace(tmp_path):
    now = run(tmp_path, "now", "2026-06-30", {})
    assert since.last_run(now, "shop", "2026-06-30") is None
    run(tmp_path, "april", "2026-04-30", {})
    may = run(tmp_path, "may", "2026-05-31", {})
    run(tmp_path, "later", "2026-07-31", {})
    run(tmp_path, "same_day", "2026-06-30", {})
    run(tmp_path, "house", "2026-06-15", {}, internal=True)
    run(tmp_path, "broken", "2026-06-20", {}, status="failed")
    other = {"name": "another", "as_of": "2026-06-10"}
    run(tmp_path, "other", "", {}, data=other)
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "manifest.json").write_text("[not json", encoding="utf-8")
    assert since.last_run(now, "shop", "2026-06-30") == may
    assert since.digest(None) == ""


def test_the_overview_is_made_anew_when_the_last_run_found_something_else(tmp_path):
    one = run(tmp_path, "one", "2026-05-31", {"02_a:x": share(0.5, 0.05)})
    two = run(tmp_path, "two", "2026-05-31", {"02_a:x": share(0.6, 0.05)})
    assert since.digest(one) != since.digest(two)


def test_changes_stand_in_order_with_the_people_behind_them(tmp_path):
    before = run(tmp_path, "may", "2026-05-31", {
        "02_a:x.noise": share(0.5, 0.05), "02_a:x.beyond": share(0.5, 0.02),
        "02_a:x.unlabelled": share(0.1, 0.01), "02_a:x.same": share(0.3, 0.05),
        "02_a:x.count": Estimate.count(900, unit="members"),
        "02_a:x.few": Estimate.count(3, unit="members"),
        "01_overview:x.own": share(0.1, 0.01),
    })  # fmt: skip
    now = run(tmp_path, "june", "2026-06-30", {
        "02_a:x.noise": share(0.51, 0.05), "02_a:x.beyond": share(0.4, 0.02, n=600),
        "02_a:x.unlabelled": share(0.9, 0.01), "02_a:x.same": share(0.3, 0.05),
        "02_a:x.count": Estimate.count(950, unit="members"),
        "02_a:x.few": Estimate.count(300, unit="members"),
        "01_overview:x.own": share(0.9, 0.01),
    })  # fmt: skip
    work = lent(tmp_path, before, now)
    frame, words = since.changes(work, Gate(5, "shop"))
    assert frame["key"].tolist() == ["x.beyond", "x.count", "x.noise", "x.same"]
    assert frame["verdict"].tolist() == ["beyond", "exact", "noise", "same"]
    assert frame.loc[0, "people"] == 600
    assert frame.loc[0, "change"] == pytest.approx(-0.1)
    assert (words["n"], words["beyond"], words["cautions"]) == (4, 1, ())
    assert words["day"].isoformat() == "2026-05-31"
    # In the house the three people may be told.
    assert "x.few" in since.changes(work, Gate(5, "shop", internal=True))[0]["key"].tolist()
    since.take_back(work)
    assert [path.name for path in work.iterdir()] == ["results.json"]


def test_without_an_earlier_run_there_is_nothing_to_tell(tmp_path):
    now = run(tmp_path, "june", "2026-06-30", {"02_a:x": share(0.5, 0.05)})
    work = lent(tmp_path, None, now)
    for folder in (work, None):
        with pytest.raises(NotEnoughDataError, match="no earlier run"):
            since.changes(folder, Gate(5, "shop"))


def test_a_change_is_hidden_by_the_people_of_the_earlier_run_too(tmp_path):
    """10 % of 30 members are 3: told beside today's 10 % of 400 they would be known."""
    before = run(tmp_path, "may", "2026-05-31", {
        "02_a:x.few": share(0.1, 0.05, n=30), "02_a:x.many": share(0.5, 0.05, n=30),
    })  # fmt: skip
    now = run(tmp_path, "june", "2026-06-30", {
        "02_a:x.few": share(0.1, 0.02), "02_a:x.many": share(0.5, 0.05),
    })  # fmt: skip
    rows, words = since.changes(lent(tmp_path, before, now), Gate(5, "shop"))
    assert rows["key"].tolist() == ["x.many"]
    assert words["n"] == 1
