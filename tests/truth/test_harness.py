"""The judge itself: honest methods pass, dishonest ones are caught, nothing is counted twice."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from scipy import stats

from . import __main__ as command, store
from .experiments import EXPERIMENTS
from .harness import Experiment, Outcome, covers, flag, judge, noise_range, rejects, run
from .store import Store
from .table import markdown


def coin(share, *, promised=0.95, rule="range", name="coin"):
    """An experiment whose intervals hold the truth in a known share of worlds."""

    def look(seeds, _):
        return [
            [Outcome(name, bool(np.random.default_rng(seed).random() < share), promised, rule)]
            for seed in seeds
        ]

    return Experiment(name, "A coin", "Tossed.", look)


def verdict(experiment, worlds):
    (row,) = judge(outcomes for _, outcomes in run(experiment, range(worlds)))
    return row.verdict


def test_the_ranges_agreed_on():
    assert noise_range(200, 0.95) == (179, 198)
    assert noise_range(1000, 0.95) == (926, 971)


@pytest.mark.parametrize(("n", "share"), [(100, 0.95), (1000, 0.95), (1000, 0.05), (300, 0.8)])
def test_an_honest_method_fails_once_in_a_thousand(n, share):
    low, high = noise_range(n, share)
    inside = stats.binom.cdf(high, n, share) - stats.binom.cdf(low - 1, n, share)
    tighter = stats.binom.cdf(high - 1, n, share) - stats.binom.cdf(low, n, share)
    assert inside >= 0.999 > tighter


@pytest.mark.parametrize(
    ("share", "rule", "expected"),
    [
        (0.95, "range", "as promised"),
        (0.90, "range", "too few"),
        (0.99, "range", "too many"),
        (0.99, "at_least", "as promised"),
        (0.90, "at_least", "too few"),
        (0.90, "shown", "shown"),
    ],
)
def test_coins_are_judged(share, rule, expected):
    assert verdict(coin(share, rule=rule), 1000) == expected


@pytest.mark.parametrize(
    ("share", "rule", "expected"),
    [
        (0.05, "range", "as promised"),
        (0.10, "range", "too many"),
        (0.10, "at_most", "too many"),
        (0.01, "at_most", "as promised"),
        (0.01, "range", "too few"),
    ],
)
def test_nulls_are_judged(share, rule, expected):
    assert verdict(coin(share, promised=0.05, rule=rule), 1000) == expected


def test_a_real_interval_passes_and_a_narrow_one_is_caught():
    def look(seeds, narrower):
        found = []
        for seed in seeds:
            sample = np.random.default_rng(seed).normal(3.0, 2.0, 8)
            error = sample.std(ddof=1) / np.sqrt(8)
            found.append(
                [
                    covers(name, 3.0, sample.mean() - q * error, sample.mean() + q * error)
                    for name, q in (("t", stats.t.ppf(0.975, 7)), ("normal", 1.96))
                ]
            )
        return found

    rows = judge(o for _, o in run(Experiment("means", "Means", "", look), range(1000)))
    assert [row.verdict for row in rows] == ["as promised", "too few"]
    assert rows[1].under + rows[1].over == 1000 - rows[1].hits
    assert min(rows[1].under, rows[1].over) > 10


def test_covers_says_on_which_side_it_missed():
    assert covers("a", 2.0, 1.0, 3.0).hit is True
    assert covers("a", 2.0, 2.0, 2.0).hit is True
    assert (covers("a", 2.0, 0.0, 1.0).hit, covers("a", 2.0, 0.0, 1.0).side) == (False, "under")
    assert covers("a", 2.0, 3.0, 4.0).side == "over"
    assert covers("a", 2.0, np.nan, 4.0).hit is None
    with pytest.raises(ValueError, match="truth"):
        covers("a", np.nan, 0.0, 1.0)


def test_rejects_takes_p_values_and_verdicts():
    assert rejects("a", 0.04).hit is True
    assert rejects("a", 0.05).hit is False
    assert rejects("a", np.nan).hit is None
    assert rejects("a", True).hit is True
    assert rejects("a", np.bool_(False)).hit is False


def test_silence_is_counted_and_is_no_success():
    worlds = [[Outcome("a", True, 0.95)], [Outcome("a", None, 0.95)], [flag("b", True)]]
    a, b = judge(worlds)
    assert (a.worlds, a.hits, a.silent) == (1, 1, 1)
    assert (b.verdict, b.promised) == ("shown", None)
    (never,) = judge([[Outcome("a", None, 0.95)]] * 3)
    assert (never.verdict, never.kept) == ("no answer", False)


def test_what_cannot_be_judged_is_refused():
    with pytest.raises(ValueError, match="rule"):
        Outcome("a", True, 0.95, "sometimes")
    with pytest.raises(ValueError, match="needs a promise"):
        Outcome("a", True, None)
    with pytest.raises(ValueError, match="between 0 and 1"):
        Outcome("a", True, 1.0)
    with pytest.raises(ValueError, match="different things"):
        judge([[Outcome("a", True, 0.95)], [Outcome("a", True, 0.9)]])
    twice = Experiment("t", "", "", lambda seeds, _: [[flag("a", True), flag("a", False)]])
    with pytest.raises(ValueError, match="answers twice to a"):
        list(run(twice, [0]))
    short = Experiment("s", "", "", lambda seeds, _: [[]], batch=2)
    with pytest.raises(ValueError, match="zip"):
        list(run(short, [0, 1]))


def test_batches_change_nothing():
    one = coin(0.9)
    many = dataclasses.replace(one, batch=7)
    assert list(run(one, range(30))) == list(run(many, range(30)))


def test_a_run_is_taken_up_where_it_stopped(tmp_path):
    experiment = coin(0.5)
    kept = Store(tmp_path, "coin")
    for seed, outcomes in run(experiment, range(5)):
        kept.add(seed, outcomes)
    (path,) = tmp_path.iterdir()
    path.write_text(path.read_text() + json.dumps([5, [["coin", True]]])[:-1])  # cut off
    again = Store(tmp_path, "coin")
    assert again.worlds == dict(run(experiment, range(5)))
    assert again.missing(range(3, 8)) == [5, 6, 7]
    again.add(5, next(run(experiment, [5]))[1])
    assert Store(tmp_path, "coin").worlds == dict(run(experiment, range(6)))


def test_results_of_other_code_do_not_count(tmp_path, monkeypatch):
    Store(tmp_path, "coin").add(0, [flag("a", True)])
    assert Store(tmp_path, "coin").missing([0]) == []
    monkeypatch.setattr(store, "fingerprint", lambda: "other")
    assert Store(tmp_path, "coin").missing([0]) == [0]


def test_the_table_says_it_all():
    rows = judge(outcomes for _, outcomes in run(coin(0.90), range(1000)))
    page = markdown(coin(0.90), rows, range(1000), "python -m tests.truth coin --worlds 1000")
    assert "python -m tests.truth coin --worlds 1000" in page
    assert "1,000 worlds, seeds 0 to 999" in page
    line = next(line for line in page.splitlines() if line.startswith("| coin"))
    assert f"| 1,000 | {rows[0].hits} | {rows[0].share:.1%} | 95% | 926–971 |" in line
    assert "**too few**" in line


def test_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(EXPERIMENTS, "coin", coin(0.95))
    monkeypatch.setitem(EXPERIMENTS, "crooked", coin(0.5))
    page = tmp_path / "coin.md"
    arguments = ["coin", "--worlds", "300", "--keep", str(tmp_path / "kept"), "--write", str(page)]
    assert command.main(arguments) == 0
    assert page.read_text(encoding="utf-8") in capsys.readouterr().out
    assert command.main(arguments) == 0
    assert "0 worlds looked at" in capsys.readouterr().out
    assert command.main(["crooked", "--seeds", "100:200"]) == 1
    assert "seeds 100 to 199" in capsys.readouterr().out
    for wrong in (["no-such-name"], ["coin", "--seeds", "5:5"], ["coin", "--worlds", "0"]):
        with pytest.raises(SystemExit):
            command.main(wrong)
