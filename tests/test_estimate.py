"""How numbers travel."""

from __future__ import annotations

import dataclasses
import pickle

import pytest

from commlab import errors
from commlab.estimate import Estimate


def test_round_trip_keeps_ten_digits_and_forgets_unknown_fields():
    estimate = Estimate(value=1 / 3, low=0.1, high=0.5, n=12, unit="share", method="Wilson")
    fields = estimate.to_dict()
    assert fields["value"] == 0.3333333333
    assert Estimate.from_dict(fields | {"later": 1}).low == 0.1
    assert pickle.loads(pickle.dumps(estimate)) == estimate


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"value": float("nan")}, "must be finite"),
        ({"value": 1, "low": 2, "high": 1}, "low == 2.0, must be <= high"),
        ({"value": 1, "low": 0}, "given together"),
        ({"value": None}, "does not go with"),
        ({"value": 1, "status": "too_few"}, "does not go with"),
        ({"value": 1, "status": "fine"}, "must be one of"),
        ({"value": 1, "level": 95}, "level == 95"),
    ],
)
def test_impossible_estimates_are_refused(fields, match):
    with pytest.raises(errors.ArgumentError, match=match):
        Estimate(unit="share", **fields)


def test_frozen_and_speaking():
    estimate = Estimate.count(3, unit="members")
    with pytest.raises(dataclasses.FrozenInstanceError):
        estimate.value = 4
    assert not Estimate.too_few(3, unit="share", minimum=30).ok
    assert Estimate.refused("no costs", unit="money").reason == "no costs"
    assert "3" in repr(estimate)
