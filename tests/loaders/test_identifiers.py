import pandas as pd
import pytest

from commlab import privacy
from commlab.errors import ArgumentError
from commlab.loaders import identifiers


def test_a_hash_needs_the_secret_the_kind_and_the_scope(monkeypatch):
    one = identifiers.identifier_hash("phone", "13800000000")
    assert one == identifiers.identifier_hash("phone", "13800000000")
    assert one != identifiers.identifier_hash("phone", "13800000001")
    assert one != identifiers.identifier_hash("unionid", "13800000000")
    assert one != identifiers.identifier_hash("phone", "13800000000", scope="x")
    monkeypatch.setattr(privacy, "secret", lambda: b"another")
    assert one != identifiers.identifier_hash("phone", "13800000000")
    with pytest.raises(ArgumentError, match="kind"):
        identifiers.identifier_hash("name", "x")


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("13800000000", "13800000000"), ("'13800000000", "13800000000"),
        ('="13800000000"', "13800000000"), ("+86 138 0000 0000", "13800000000"),
        ("0086-13800000000", "13800000000"), ("８６１３８００００００００", "13800000000"),
        ("+85251234567", "+85251234567"), ("0085251234567", "+85251234567"),
        ("138****0000", None), ("1380000000", None), ("23800000000", None),
        ("1.38E+10", None), ("", None), ("--", None), ("021-55556666", None),
    ],
)  # fmt: skip
def test_phones_in_one_form(cell, number):
    assert identifiers.phone(cell) == number


def test_identity_rows_are_distinct_and_known():
    rows = identifiers.identity_rows(
        pd.Series(["b", "a", "b", None, "c"]), "phone", pd.Series(["2", "1", "2", "3", None])
    )
    assert rows["member_id"].tolist() == ["a", "b"]
    assert set(rows["value_hash"]) == {
        identifiers.identifier_hash("phone", "1"), identifiers.identifier_hash("phone", "2")
    }  # fmt: skip
