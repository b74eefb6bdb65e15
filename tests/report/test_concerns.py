"""The head of a page: what is wrong with the tables behind it, counted once for a run."""

from __future__ import annotations

import re

import pandas as pd
import pytest
import sample_page

from commlab.quality import Finding, Findings
from commlab.report import blocks, concerns
from commlab.report.concerns import Concerns


def finding(rule, severity, table="orders", rows=3):
    return Finding(
        table, "paid_at", rule, severity, rows, 0.1, (), {"earliest": "2010", "have": "a"}
    )


FOUND = Findings(
    (
        finding("future", "note"),
        finding("too_early", "warning", rows=7),
        finding("empty_column", "error"),
        finding("empty_column", "error", "messages"),
        *(finding("duplicate_rows", "warning", rows=n) for n in (11, 12)),
    )
)


def plain(html):
    return re.sub(r"<[^>]+>", " ", str(html)).replace("\xa0", " ")


def test_counted_by_the_tables_of_the_page_worst_first_and_notes_left_out():
    found = Concerns.of(FOUND, ["orders", "members"])
    assert (found.errors, found.warnings) == (1, 3)
    assert [len(lines) for lines in found.said.values()] == [concerns.SAID] * 2
    assert "is empty on every row" in found.said["en"][0]
    assert "所有行都为空" in found.said["zh"][0]
    assert not Concerns.of(FOUND, ["contacts"])
    assert Concerns.of(Findings((finding("missing_column", "error", ""),)), [])


def test_the_block_says_how_many_what_first_and_where_the_rest_is():
    block = blocks.concerns(Concerns.of(FOUND, ["orders"]), "en")
    assert 'data-state="bad"' in block
    text = plain(block)
    assert "1 error and 3 warnings in the tables behind this page" in text
    assert block.count("<li>") == 3
    assert "1 more are not" not in text
    assert "One more is not listed here." in text
    assert "Every finding and what to do about it" in text
    assert "report 00_data_health" in text
    chinese = plain(blocks.concerns(Concerns.of(FOUND, ["orders"]), "zh"))
    assert "1项错误、3项警告" in chinese
    assert "00_data_health" in chinese
    warned = blocks.concerns(Concerns.of(FOUND.warnings[:1], ["orders"]), "en")
    assert 'data-state="watch"' in warned
    assert "1 warning about the tables" in plain(warned)
    assert "more" not in plain(warned)


def test_words_from_the_data_are_no_markup():
    hostile = Concerns(0, 1, {"en": ("<img src=x onerror=alert(1)>",), "zh": ("<b>",)})
    assert "<img" not in blocks.concerns(hostile, "en")


def shown(page):
    return [(item.lang, plain(item.html)) for item in page.outputs if item.kind == "concerns"]


def early():
    """The sample with one member who joined in 1970, one of three."""
    tables = sample_page.tables()
    members = tables["members"].assign(joined_at=pd.Timestamp("1970-01-01"))
    return tables | {"members": pd.concat((members.head(1), tables["members"].iloc[1:]))}


def test_a_page_of_its_own_checks_its_own_tables(begin):
    page = begin(tables=early())
    (en, zh) = shown(page)
    assert (en[0], zh[0]) == ("en", "zh")
    assert "1 warning about" in en[1]
    assert "members.joined_at is before" in en[1]
    assert [item.kind for item in page.outputs][:4] == ["style", "header", "header", "concerns"]


def test_sound_data_and_the_page_about_the_data_say_nothing_at_the_head(begin):
    assert shown(begin()) == []
    assert shown(begin(tables=early(), notebook="00_data_health")) == []


def test_what_is_handed_over_is_not_looked_for_again(begin, run_folder, monkeypatch):
    given = Concerns(0, 2, {"en": ("Handed over.",), "zh": ("交来的。",)})
    concerns.hand_over(given, run_folder)
    monkeypatch.setattr("commlab.dataset.Dataset.check", lambda _: pytest.fail("checked again"))
    assert "Handed over." in shown(begin(tables=early(), run_folder=run_folder))[0][1]
    concerns.take_back(run_folder)
    assert not (run_folder / concerns.FILE).exists()
