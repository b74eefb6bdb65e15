"""Findings about few people: what may be forwarded says that there are few, not how many or who."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from commlab.estimate import Estimate
from commlab.quality import Finding, Findings
from commlab.quality.sharing import PERSONAL, shareable
from commlab.report import concerns, notebooks
from commlab.report.shared import Gate
from commlab.text import t

SMALL = 5


def about(rule, people):
    values = {"members": people, "messages": 4242}
    return Finding("members", "member_id", rule, "warning", 4242, 0.0321, ("P-abc: loud",), values)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("rule", sorted(PERSONAL))
def test_neither_number_nor_examples_of_few_people_are_told(rule, lang):
    shown = shareable(Findings((about(rule, 2),)), SMALL)
    assert len(shown) == 1
    text = " ".join(map(str, shown.to_frame(lang).iloc[0].drop("fix"))) + shown[0].told(lang)
    assert not [word for word in ("P-abc", "4242", "4,242", "2 ", "3.2", "0.03") if word in text]
    assert str(SMALL) in shown[0].what(lang)
    assert pd.isna(shown.to_frame(lang)["rows"][0])
    assert shown[0].fix(lang) == about(rule, 2).fix(lang)


@pytest.mark.parametrize("rule", sorted(PERSONAL))
def test_enough_people_are_counted_and_so_are_few_in_the_house(rule):
    for people, small in ((5, SMALL), (2, 1)):
        found = Findings((about(rule, people),))
        assert shareable(found, small) == found


def test_faults_of_rows_stay():
    found = Findings((Finding("orders", "amount", "negative_amount", "warning", 3, 0.1, ("R-1",)),))
    assert shareable(found, SMALL) == found


def test_pages_and_tables_tell_no_more():
    found = Findings((about("looks_like_staff", 2),))
    shown = Gate(SMALL, "demo").value(found)
    assert shown == shareable(found, SMALL)
    assert Gate(SMALL, "demo", internal=True).value(found) == found
    assert "P-abc" not in shown.to_frame().to_csv()


@pytest.mark.parametrize("internal", [False, True])
def test_the_head_of_a_page_tells_no_more(internal):
    class Checked:
        def check(self):
            return Findings((about("looks_like_staff", 2),))

    small = 1 if internal else SMALL
    said = concerns.of_page("02_any", Checked(), ["members"], None, small=small).said["en"][0]
    assert ("2 accounts" in said) == internal


@pytest.mark.parametrize(("lang", "said"), [("en", "hidden: too few"), ("zh", "人数过少")])
def test_the_sentence_about_accounts_like_staff_passes_the_gate(lang, said):
    gate = Gate(SMALL, "demo")
    few, enough = (gate.value(Estimate.count(n, unit="members")) for n in (2, 12))
    assert said in t("health.part.staff.suspects", lang, n=few)
    assert "12" in t("health.part.staff.suspects", lang, n=enough)


def test_notebook_00_gives_its_counts_of_people_as_estimates():
    book = json.loads((notebooks.folder() / "00_data_health.ipynb").read_text("utf-8"))
    code = "".join(line for cell in book["cells"] for line in cell["source"])
    assert "n=len(" not in code
    assert 'put("findings", found)' in code
