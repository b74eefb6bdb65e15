"""Union-find over identifiers, held against a plain search, and the unions that must not be."""

import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from commlab.loaders import identity


def unite(members, ties):
    people = pd.DataFrame(members, columns=["place", "member_id"])
    rows = pd.DataFrame(ties, columns=["place", "member_id", "kind", "value_hash"])
    found = identity.unite(people, rows)
    names = [f"{place}{member}" for place, member in members]
    groups = {}
    for name, person in zip(names, found.person, strict=True):
        groups.setdefault(person, set()).add(name)
    return sorted(map(sorted, groups.values())), found.conflicts


def test_a_shared_phone_across_workspaces_unites():
    groups, conflicts = unite(
        [(0, "a"), (0, "b"), (1, "x"), (1, "y")],
        [(0, "a", "phone", "p"), (1, "x", "phone", "p"), (1, "y", "phone", "q")],
    )
    assert groups == [["0a", "1x"], ["0b"], ["1y"]]
    assert conflicts == {}


def test_chains_over_several_kinds_and_workspaces_unite():
    groups, _ = unite(
        [(0, "a"), (1, "x"), (2, "m"), (3, "n")],
        [(0, "a", "unionid", "u"), (1, "x", "unionid", "u"), (1, "x", "phone", "p"),
         (2, "m", "phone", "p"), (2, "m", "shop_nickname", "s"), (3, "n", "shop_nickname", "s")],
    )  # fmt: skip
    assert groups == [["0a", "1x", "2m", "3n"]]


def test_one_unionid_is_one_person_even_within_a_workspace():
    groups, conflicts = unite(
        [(0, "a"), (0, "b"), (1, "x")],
        [(0, "a", "unionid", "u"), (0, "b", "unionid", "u"), (0, "a", "phone", "p"),
         (0, "b", "phone", "p"), (1, "x", "phone", "p")],
    )  # fmt: skip
    assert groups == [["0a", "0b", "1x"]]
    assert conflicts == {}


def test_a_familys_phone_unites_nobody_and_is_reported():
    groups, conflicts = unite(
        [(0, "a"), (0, "b"), (1, "x")],
        [(0, "a", "phone", "p"), (0, "b", "phone", "p"), (1, "x", "phone", "p")],
    )
    assert groups == [["0a"], ["0b"], ["1x"]]
    assert conflicts == {("phone", identity.SHARED): 1}


def test_two_members_are_not_united_by_way_of_a_third():
    groups, conflicts = unite(
        [(0, "a"), (0, "b"), (1, "x"), (0, "c"), (1, "y")],
        [(0, "a", "phone", "p"), (1, "x", "phone", "p"), (0, "b", "phone", "q"),
         (1, "x", "phone", "q"), (0, "c", "phone", "r"), (1, "y", "phone", "r")],
    )  # fmt: skip
    assert groups == [["0a"], ["0b"], ["0c", "1y"], ["1x"]]
    assert conflicts == {("phone", identity.CHAIN): 2}


def test_two_unionids_are_two_people_whatever_the_phone():
    groups, conflicts = unite(
        [(0, "a"), (1, "x")],
        [(0, "a", "unionid", "u"), (1, "x", "unionid", "v"), (0, "a", "phone", "p"),
         (1, "x", "phone", "p")],
    )  # fmt: skip
    assert groups == [["0a"], ["1x"]]
    assert conflicts == {("phone", identity.CHAIN): 1}


def test_nobody_and_nothing():
    assert unite([], []) == ([], {})
    assert unite([(0, "a")], []) == ([["0a"]], {})


ties = st.lists(st.tuples(st.integers(0, 2), st.sampled_from("abcd"), st.just("unionid"),
                          st.sampled_from("uvwxyz")), max_size=12)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(ties)
def test_strong_identifiers_unite_as_a_plain_search_does(rows):
    members = sorted({(place, member) for place, member, _, _ in rows} | {(0, "a")})
    groups, _ = unite(members, rows)
    expected = {member: {member} for member in members}
    for one in rows:
        for other in rows:
            if one[3] == other[3]:
                whole = expected[one[:2]] | expected[other[:2]]
                for member in whole:
                    expected[member] = whole
    found = sorted({tuple(sorted(f"{p}{m}" for p, m in group)) for group in expected.values()})
    assert groups == [list(group) for group in found]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from("abcd"),
                          st.sampled_from(["phone", "unionid"]), st.sampled_from("uvw")),
                max_size=12), st.randoms())  # fmt: skip
def test_the_result_does_not_depend_on_the_order_and_never_contradicts(rows, random):
    members = sorted({(place, member) for place, member, _, _ in rows} | {(0, "a")})
    groups, conflicts = unite(members, rows)
    random.shuffle(rows)
    assert unite(members, rows) == (groups, conflicts)
    strong, _ = unite(members, [row for row in rows if row[2] == "unionid"])
    for group in groups:
        inside = [set(part) for part in strong if set(part) <= set(group)]
        assert set().union(*inside) == set(group)
        places = [{name[0] for name in part} for part in inside]
        assert sum(len(place) for place in places) == len(set().union(*places))


def test_the_kinds_are_those_of_the_declaration():
    from commlab.loaders.identifiers import KINDS
    from commlab.tables import table

    assert set(KINDS) == set(table("identities")["kind"].values)
    assert set(identity.STRONG) < set(KINDS)
    with pytest.raises(KeyError):
        identity.unite(pd.DataFrame({"member_id": ["a"]}), pd.DataFrame())
