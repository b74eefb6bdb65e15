"""The gate of all that may be forwarded: figures, ids, phone numbers, what stays in the house."""

from __future__ import annotations

import dataclasses
import datetime

import numpy as np
import pandas as pd
import pytest

from commlab.errors import ArgumentError
from commlab.estimate import Estimate
from commlab.report.results import PERSONAL
from commlab.report.shared import HIDDEN, IDS, NEVER, Gate


def share(value, n, **more):
    return Estimate(value=value, n=n, unit="share", **more)


@pytest.fixture
def gate():
    return Gate(5, "demo")


@pytest.mark.parametrize(
    ("figure", "hidden"),
    [
        (share(3 / 200, 200), True),
        (share(197 / 200, 200), True),  # 3 are not
        (share(5 / 200, 200), False),
        (share(0.0, 200), False),
        (share(1.0, 200), False),
        (share(0.5, 4), True),
        (share(0.01, 200, method="Newcombe"), False),  # a difference tells no count
        (Estimate.count(4, unit="members"), True),
        (Estimate.count(5, unit="members"), False),
        (Estimate.count(2, unit="findings"), False),
        (Estimate.count(3, unit="days"), False),
        (Estimate(value=120.0, n=3, unit="money"), True),
        (Estimate(value=120.0, n=30, unit="money"), False),
    ],
)
def test_figures_of_few_people_are_hidden(gate, figure, hidden):
    shown = gate.estimate(figure)
    assert (shown.reason == HIDDEN) == hidden
    assert shown.ok != hidden


def test_a_card_loses_its_figure_and_its_change(gate):
    fields = {**share(3 / 200, 200).to_dict(), "previous": share(0.4, 200).to_dict()}
    shown = gate.entry(fields)
    assert shown["value"] is None
    assert "previous" not in shown
    before = {**share(0.4, 200).to_dict(), "previous": share(3 / 200, 200).to_dict()}
    assert gate.entry(before)["value"] == 0.4
    assert "previous" not in gate.entry(before)


def test_ids_leave_as_pseudonyms_under_another_name(gate):
    frame = pd.DataFrame({"member_id": ["m1", "m2", None], "adviser_id": ["a1"] * 3})
    shown = gate.frame(frame)
    assert list(shown.columns) == ["member", "adviser"]
    assert shown["member"][0].startswith("P-")
    assert shown["adviser"][0].startswith("S-")
    assert pd.isna(shown["member"][2])
    assert not {"m1", "m2", "a1"} & set(shown.to_numpy().ravel())
    assert gate.frame(frame).equals(shown)
    assert Gate(5, "other").frame(frame)["member"][0] != shown["member"][0]


def test_every_personal_column_is_either_an_id_or_refused(gate):
    assert set(IDS) | NEVER >= PERSONAL
    for name in NEVER:
        with pytest.raises(ArgumentError, match=name):
            gate.frame(pd.DataFrame({name: ["x"]}))


def test_phone_numbers_in_names_lose_their_middle(gate):
    frame = pd.DataFrame({"segment": ["店 13812345678", "+86 139-1234-5678", "20138123456789"]})
    assert gate.frame(frame)["segment"].tolist() == [
        "店 138****5678", "139****5678", "20138123456789",
    ]  # fmt: skip
    assert gate.value("call 13812345678") == "call 138****5678"


def test_in_the_house_small_cells_are_shown_and_ids_are_not():
    gate = Gate(5, "demo", internal=True)
    frame = pd.DataFrame({"member_id": ["m1"], "active": [3], "at_risk": [90]})
    shown = gate.frame(frame)
    assert shown["active"].tolist() == [3]
    assert shown["member"][0] != "m1"
    assert gate.estimate(share(3 / 200, 200)).ok


def test_the_frame_of_the_notebook_stays_as_it_is(gate):
    frame = pd.DataFrame({"segment": ["a", "b"], "active": [3, 40]})
    before = frame.copy()
    gate.frame(frame)
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("written", [
    "008613800138000", "138.0013.8000", "１３８００１３８０００", "138–0013–8000",
    "+86 (138) 0013-8000", "138 001 38000", "13800 138000",
])  # fmt: skip
def test_phone_numbers_are_masked_however_they_are_written(written):
    assert Gate(5, "demo").value(f"致电 {written}。") == "致电 138****8000。"


@pytest.mark.parametrize("other", ["20138123456789", "1.3456789012", "2026-06-30", "（138）人"])
def test_other_numbers_and_signs_stay(other):
    assert Gate(5, "demo").value(other) == other


def test_what_stands_in_lists_and_mappings_passes_the_gate_too():
    gate = Gate(5, "demo")
    few = Estimate.count(3, unit="members")
    shown = gate.value([few, {"a": (few, "13800138000")}])
    assert not shown[0].ok
    assert not shown[1]["a"][0].ok
    assert shown[1]["a"][1] == "138****8000"


@dataclasses.dataclass(frozen=True)
class Told:
    """What a chart may be handed: a frame and figures deep inside."""

    parts: dict[str, Estimate]
    names: tuple[str, ...]
    as_of: datetime.date


def test_names_in_mappings_and_dataclasses_pass_the_gate_too():
    gate = Gate(5, "demo")
    assert gate.value({"13800138000": 1}) == {"138****8000": 1}
    few, many = Estimate.count(3, unit="members"), Estimate.count(30, unit="members")
    told = Told({"few": few, "many": many}, ("13800138000",), datetime.date(2026, 6, 30))
    shown = gate.value(told)
    assert not shown.parts["few"].ok
    assert shown.parts["many"] == many
    assert (shown.names, shown.as_of) == (("138****8000",), told.as_of)


@pytest.mark.parametrize(
    "unchecked", [np.array([3]), pd.Series([3], name="active"), pd.Index(["m1"]), object()]
)
def test_what_cannot_be_checked_is_refused(unchecked):
    with pytest.raises(ArgumentError, match="cannot be checked"):
        Gate(5, "demo").value([unchecked])
