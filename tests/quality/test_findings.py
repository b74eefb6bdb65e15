"""`Findings`: order, frames, JSON, HTML that cannot carry scripts, and texts of every rule."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

import pytest

from commlab.config import LANGUAGES
from commlab.errors import ArgumentError
from commlab.quality import RULES, Finding, Findings
from commlab.quality.conditions import shape_of
from commlab.text import entries

HOSTILE = "<img src=x onerror=alert(1)>"
# What the rules put into `values`, so that every slot of every text is filled.
VALUES = {
    "tables": "orders, messages",
    "have": HOSTILE,
    "dtype": "time",
    "ids": 3,
    "references": "members.member_id",
    "members": 2,
    "messages": 812,
    "first": dt.date(2026, 1, 1),
    "last": dt.date(2026, 1, 5),
    "last_row": dt.date(2025, 12, 31),
    "as_of": dt.date(2026, 6, 30),
    "earliest": dt.date(2010, 1, 1),
    "since": dt.date(2025, 6, 1),
    "gaps": 2,
    "expected": 4321,
    "trough": "11:00",
    "shift": "+8",
    "hour": "08:00",
    "when": "2026-01",
    "factor": 100,
    "known": "female, male",
    "meant": "refunded_at",
}


def one(rule, severity="warning", **changes):
    item = Finding("orders", "amount", rule, severity, 1234, 0.0567, (HOSTILE,), VALUES)
    return dataclasses.replace(item, **changes)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("rule", RULES)
def test_every_rule_says_what_and_what_to_do(rule, lang):
    item = one(rule)
    for text in (item.what(lang), item.fix(lang)):
        assert text
        assert "{" not in text
        assert text[-1] in (".", "。")


def test_no_text_is_left_over():
    texts = {key.split(".")[1] for key in entries("quality", "en")} - {"page", "column"}
    assert texts == set(RULES)
    assert set(entries("quality", "en")) == set(entries("quality", "zh"))


def test_counts_are_in_the_words():
    assert "1,234 rows (5.7 %)".replace(" ", "") in one("orphans").what("en").replace(
        "\N{NO-BREAK SPACE}", ""
    ).replace(" ", "")
    assert "1,234" in one("conflicting_keys").what("zh")


def test_worst_first_whatever_the_order():
    note, error = one("future", "note"), one("missing_column", "error", table="messages")
    warning = one("gap", table="members")
    for items in ((note, error, warning), (warning, note, error)):
        found = Findings(items)
        assert [item.severity for item in found] == ["error", "warning", "note"]
    assert [len(found.errors), len(found.warnings), len(found.notes)] == [1, 1, 1]
    assert list(found.of("members")) == [warning]
    assert found[0] is error
    assert isinstance(found[:2], Findings)


def test_findings_on_the_workspace_belong_to_every_table():
    found = Findings((one("nothing_to_read", "error", table=""), one("gap")))
    assert [item.rule for item in found.of(["contacts"])] == ["nothing_to_read"]


def test_frame_has_a_row_a_finding():
    frame = Findings((one("gap"), one("future", "note"))).to_frame("zh")
    assert list(frame["rule"]) == ["gap", "future"]
    assert list(frame["unit"]) == ["days", "rows"]
    assert frame["rows"].dtype == "int64"
    empty = Findings().to_frame()
    assert list(empty.columns) == list(frame.columns)
    assert len(empty) == 0


def test_json_holds_everything():
    read = json.loads(Findings((one("gap"),), ("orders",)).to_json())
    assert read["checked"] == ["orders"]
    assert read["counts"] == {"error": 0, "warning": 1, "note": 0}
    (item,) = read["findings"]
    assert item["share"] == 0.0567
    assert item["values"]["first"] == "2026-01-01"
    assert item["what"].startswith("orders has no rows on")


def test_html_is_escaped():
    page = Findings(tuple(one(rule, table=HOSTILE, column=HOSTILE) for rule in RULES))._repr_html_()
    assert "<img" not in page
    assert "&lt;img" in page
    assert Findings()._repr_html_().startswith("<p>")


def test_frozen_and_guarded():
    item = one("gap")
    with pytest.raises(dataclasses.FrozenInstanceError):
        item.rows = 1
    with pytest.raises(TypeError):
        item.values["rows"] = 1
    with pytest.raises(ArgumentError, match="must be one of"):
        one("gap", "bad")
    with pytest.raises(ArgumentError, match="must be one of"):
        one("no_such_rule")


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("13800138000", "00000000000"),
        ("张三", "字字"),
        ("2016/5/23 22:02", "0000/0/00 00:00"),
        ("a" * 40, "a" * 24 + "…"),
        (None, ""),
        (float("nan"), ""),
    ],
)
def test_shapes_say_nothing_about_a_person(value, shape):
    assert shape_of(value) == shape
