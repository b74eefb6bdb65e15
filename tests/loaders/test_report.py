import json

import pytest

from commlab.errors import DataError
from commlab.loaders.report import Account, LoadReport, SourceInfo


def report():
    made = LoadReport("files", "Demo", [SourceInfo("a.csv", 10)])
    account = made.account("a.csv", "orders")
    account.rows = 10
    account.load(6)
    account.load(1, "refund")
    account.reject("amount: not an amount", [9, 3, 7])
    made.tables["orders"] = 6
    return made


def test_an_account_that_closes():
    made = report()
    assert made.check() is made
    assert (made.rows_read, made.rows_loaded, made.rows_not_loaded) == (10, 7, 3)


def test_a_lost_row_is_an_error():
    made = report()
    made.accounts[0].rows = made.sources[0].rows = 11
    with pytest.raises(DataError, match="11 rows read, but 7 loaded"):
        made.check()


def test_an_account_must_have_seen_the_whole_file():
    made = report()
    made.sources[0].rows = 12
    with pytest.raises(DataError, match="10 rows, the file 12"):
        made.check()


def test_a_source_without_an_account_is_an_error():
    made = report()
    made.sources.append(SourceInfo("b.csv", 0))
    with pytest.raises(DataError, match=r"b\.csv"):
        made.check()


def test_examples_are_the_first_three_lines_however_they_come():
    account = Account("a.csv", "orders")
    for lines in ([50, 40], [30], [], [20, 60]):
        account.reject("r", lines)
    assert account.not_loaded["r"].rows == 5
    assert account.not_loaded["r"].lines == [20, 30, 40]


def test_text_and_data():
    made = report()
    shown = str(made)
    for part in ("10  rows read", "6  loaded: rows", "3  not loaded", "(line 3, 7, 9)", "orders 6"):
        assert part in shown
    data = json.loads(made.to_json())
    assert data == made.to_dict()
    assert data["rows_read"] == 10
