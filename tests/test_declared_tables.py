"""The declarations contradict neither themselves nor the promises made on them."""

from __future__ import annotations

import pytest

from commlab import errors
from commlab.tables import ENOUGH, LISTS, TABLES, table


@pytest.mark.parametrize("declared", [*TABLES.values(), *LISTS.values()], ids=lambda x: x.name)
def test_declarations_hold_together(declared):
    assert len(set(declared.names)) == len(declared.names)
    assert set(declared.key) <= set(declared.names)
    assert not declared.event or declared[declared.event].dtype in ("time", "date")
    for column in declared.columns:
        assert column.meaning
        if column.references:
            other, key = column.references.split(".")
            assert key in TABLES[other]
        if column.later:
            assert column.dtype == "time"
        if column.follows:
            assert declared[column.follows].later
        if column.values and column.default is not None:
            assert column.default in column.values


def test_what_is_enough_exists():
    assert set(ENOUGH) <= set(TABLES)


def test_unknown_table_names_the_nearest():
    with pytest.raises(errors.MissingTableError, match="Did you mean 'orders'"):
        table("order")
