"""`--format workspaces`: several workspaces into one, each person once.

SOURCE are folders that `commlab load` wrote: the community's first, then the shops'. People are
matched by `identities` (`identity`). What is made of it:

* Members are those of the workspaces that hold a community (memberships, contacts or messages);
  where none does, of all. A shop customer who is a member is that member: region, city, gender and
  birth year fill what the community does not know, and `joined_at` stays the community's.
* A buyer who is no member keeps the order and loses the id. `buyer_status` is non_member where the
  buyer has an identifier of a kind that nearly all members have, so that a member would have been
  found; unknown where not.
* Tiers, points, tags and the like of buyers who are no members are counted and not loaded.
* An id that two workspaces gave to two people is told apart by the workspace's name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from commlab.config import Settings, read_settings
from commlab.errors import LoadError
from commlab.loaders import identity
from commlab.loaders.options import Options
from commlab.loaders.report import SourceInfo
from commlab.loaders.workspace import WorkspaceWriter
from commlab.tables import TABLES, Table
from commlab.workspace import workspace_files

COMMUNITY = ("memberships", "contacts", "messages")
NO_MEMBER = "of a buyer who is no member"
SAME = "the same person as a member"
# With fewer, many a buyer of whom no member is found is a member with an unknown identifier.
NEARLY_ALL = 0.9
_ROWS = 100_000
_FILLED = ("gender", "birth_year", "region", "city")
_PERSON = "members.member_id"


@dataclasses.dataclass(frozen=True)
class Place:
    """One workspace.

    Attributes:
        name: Name for the report.
        files: Table → its Parquet file.
        settings: Its settings.
    """

    name: str
    files: dict[str, Path]
    settings: Settings

    def frame(self, table: str) -> pd.DataFrame:
        """Return a small table whole, with its declared columns."""
        names = list(TABLES[table].names)
        if table not in self.files:
            return pd.DataFrame({name: pd.Series(dtype="str") for name in names})
        return pq.read_table(self.files[table]).to_pandas().reindex(columns=names)


def read(paths: Sequence[Path], writer: WorkspaceWriter, options: Options) -> None:
    """Join workspaces into one.

    Args:
        paths: Folders of workspaces, the community's first.
        writer: Writer of the workspace.
        options: None are needed.

    Raises:
        LoadError: Fewer than two, or one is no workspace of Parquet files.
    """
    places = _places(paths)
    writer.begin(dataclasses.replace(places[0].settings, name=places[0].settings.name or "Linked"))
    held = [number for number, item in enumerate(places) if set(COMMUNITY) & set(item.files)]
    homes = held or range(len(places))
    people = _people(places).assign(home=lambda rows: rows["place"].isin(homes))
    identities = _identities(places)
    found = identity.unite(people[["place", "member_id"]], identities)
    people = people.assign(person=found.person)
    people = people.assign(id=_named(people, places), comparable=_comparable(people, identities))
    _members(places, people, writer)
    for number, place in enumerate(places):
        who = people[people["place"] == number].set_index("member_id")
        for table in TABLES.values():
            if table.name in place.files and table.name != "members":
                _copy(place, table, who, writer)
    _say(people, found.conflicts, identities, places, writer)


def _places(paths: Sequence[Path]) -> list[Place]:
    if len(paths) < 2:
        raise LoadError("is one workspace; there is nothing to join.", where=str(paths[0]),
                        fix="Name the community's workspace, then the shops'.")  # fmt: skip
    places: list[Place] = []
    for path in paths:
        if not path.is_dir():
            raise LoadError("there is no such folder.", where=str(path), fix="Check the path.")
        files = workspace_files(path)
        strange = [file.name for file in files.values() if file.suffix != ".parquet"]
        if not files or strange:
            raise LoadError(
                f"is no workspace of Parquet files{f' ({strange[0]})' if strange else ''}.",
                where=path.name,
                fix="Load the export with `commlab load` first.",
            )
        name = path.name
        while name in [item.name for item in places]:
            name += "'"
        places.append(Place(name, files, read_settings(path)))
    return places


def _people(places: Sequence[Place]) -> pd.DataFrame:
    """Everybody whom a workspace has as a member or by an identifier."""
    parts = []
    for number, place in enumerate(places):
        ids = pd.concat([place.frame(name)["member_id"] for name in ("members", "identities")])
        if "orders" in place.files:
            ids = pd.concat([ids, place.frame("orders")["member_id"]])
        known = ids.dropna().astype("str").drop_duplicates()
        parts.append(pd.DataFrame({"place": number, "member_id": known}))
    return pd.concat(parts, ignore_index=True)


def _identities(places: Sequence[Place]) -> pd.DataFrame:
    return pd.concat(
        [place.frame("identities").assign(place=number) for number, place in enumerate(places)],
        ignore_index=True,
    )


def _named(people: pd.DataFrame, places: Sequence[Place]) -> pd.Series:
    """Return everybody's joined id: that of the first community; null for no members."""
    homes = people[people["home"]].drop_duplicates("person").set_index("person")
    names = homes["place"].map(lambda number: places[number].name)
    twice = homes["member_id"].duplicated()
    label = homes["member_id"].where(~twice, names + ":" + homes["member_id"])
    return people["person"].map(label)


def _comparable(people: pd.DataFrame, identities: pd.DataFrame) -> pd.Series:
    """Return who has an identifier of a kind by which nearly all members are known."""
    ties = identities.merge(people, on=["place", "member_id"])
    members = people.loc[people["home"], "person"].nunique()
    shares = ties[ties["home"]].groupby("kind")["person"].nunique() / max(members, 1)
    kinds = set(shares.index[shares >= NEARLY_ALL])
    return people["person"].isin(set(ties.loc[ties["kind"].isin(kinds), "person"]))


def _copy(place: Place, table: Table, who: pd.DataFrame, writer: WorkspaceWriter) -> None:
    """Write the rows of one table of one workspace under the joined ids."""
    info = SourceInfo(f"{place.name}/{table.name}", kind="parquet")
    writer.report.sources.append(info)
    account = writer.report.account(info.name, table.name)
    first = 1
    for part in _parts(place.files[table.name], table):
        frame = part.to_pandas()
        lines = pd.RangeIndex(first, first + len(frame))
        first += len(frame)
        good = np.ones(len(frame), bool)
        changed = {}
        for column in table.columns:
            if column.references != _PERSON or column.name not in frame:
                continue
            ids = frame[column.name]
            member = ids.map(who["id"]).astype("str")
            # Whom no workspace knows as a person (staff who write and join) keeps the id.
            lost = ids.isin(who.index) & member.isna()
            changed[column.name] = member.where(ids.isin(who.index), ids)
            if table.name == "orders":
                changed["buyer_status"] = _buyers(frame, ids, lost, who)
            elif column.required:
                good &= ~lost.to_numpy()
        if "mentions" in frame:
            changed["mentions"] = frame["mentions"].map(lambda item: _each(item, who))
        for name, values in changed.items():
            kind = pa.list_(pa.string()) if name == "mentions" else pa.string()
            column = pa.array(values, kind, from_pandas=True)
            part = _with(part, name, column)
        account.rows += len(frame)
        account.reject(NO_MEMBER, lines[~good])
        account.load(int(good.sum()))
        if good.any():
            writer.add(table.name, part.filter(pa.array(good)),
                       owner=(info.name, table.name), lines=lines[good])  # fmt: skip
    info.rows = account.rows


def _members(places: Sequence[Place], people: pd.DataFrame, writer: WorkspaceWriter) -> None:
    """Write one row a member; what shops know of a member fills what the community does not."""
    parts = []
    for number, place in enumerate(places):
        if "members" not in place.files:
            continue
        frame = place.frame("members")
        info = SourceInfo(f"{place.name}/members", len(frame), kind="parquet")
        writer.report.sources.append(info)
        account = writer.report.account(info.name, "members")
        account.rows = len(frame)
        who = people[people["place"] == number].set_index("member_id")
        frame["id"] = frame["member_id"].map(who["id"])
        frame["line"] = range(1, len(frame) + 1)
        account.reject(NO_MEMBER, frame.loc[frame["id"].isna(), "line"])
        frame["home"] = bool(len(who)) and bool(who["home"].iloc[0])
        frame["place"] = number
        parts.append(frame[frame["id"].notna()])
    every = pd.concat(parts, ignore_index=True)
    every = every.sort_values(["home", "place"], ascending=[False, True], kind="stable")
    first = ~every.duplicated("id")
    for number, place in enumerate(places):
        account = writer.report.account(f"{place.name}/members", "members")
        own = every[every["place"] == number]
        account.load(int(first[own.index].sum()))
        if not first[own.index].all():
            account.load(int((~first[own.index]).sum()), SAME)
    groups = every.groupby("id", sort=False)
    # Only what is a fact about the person: channel and adviser are the community's own.
    filled = groups[list(_FILLED)].first()
    members = every[first].drop(columns=list(_FILLED)).merge(filled, left_on="id", right_index=True)
    members["member_id"] = members["id"]
    members["birth_year"] = members["birth_year"].astype("Int64")
    writer.add("members", members[list(TABLES["members"].names)])


def _parts(path: Path, table: Table) -> Iterator[pa.Table]:
    file = pq.ParquetFile(path)
    columns = [name for name in table.names if name in file.schema_arrow.names]
    for batch in file.iter_batches(_ROWS, columns=columns):
        yield pa.Table.from_batches([batch])


def _buyers(frame: pd.DataFrame, ids: pd.Series, lost: pd.Series, who: pd.DataFrame) -> pd.Series:
    given = (
        frame["buyer_status"] if "buyer_status" in frame else pd.Series(None, frame.index, "str")
    )
    told = given.mask(ids.notna() & ~lost, "member")
    status = ids.map(who["comparable"].map({True: "non_member", False: "unknown"}))
    return told.mask(lost, status)


def _each(item: object, who: pd.DataFrame) -> object:
    if not isinstance(item, np.ndarray | list):
        return None
    return [str(who["id"].get(name, name) or name) for name in item]


def _with(part: pa.Table, name: str, column: pa.Array) -> pa.Table:
    if name in part.column_names:
        return part.set_column(part.column_names.index(name), name, column)
    return part.append_column(name, column)


def _say(
    people: pd.DataFrame, conflicts: dict[tuple[str, str], int], identities: pd.DataFrame,
    places: Sequence[Place], writer: WorkspaceWriter,
) -> None:  # fmt: skip
    notes = writer.report.notes
    members = set(people.loc[people["home"], "person"])
    ties = identities.merge(people, on=["place", "member_id"])
    for number, place in enumerate(places):
        own = people[people["place"] == number]
        if not len(own) or own["home"].all():
            continue
        matched = own["person"].isin(members)
        notes.append(
            f"{place.name}: {matched.sum():,} of {len(own):,} people ({matched.mean():.1%}) are "
            f"members of the community; {(~matched & own['comparable']).sum():,} are not, and of "
            f"{(~own['comparable']).sum():,} it cannot be said."
        )
        buyers = own.loc[matched, "person"].nunique()
        notes.append(
            f"{place.name}: {buyers:,} of {len(members):,} members "
            f"({buyers / max(len(members), 1):.1%}) are its customers."
        )
        for kind in sorted(set(ties.loc[ties["place"] == number, "kind"])):
            known = ties.loc[ties["home"] & (ties["kind"] == kind), "person"].nunique()
            notes.append(
                f"By {kind}: {known:,} of {len(members):,} members have one; nobody else can be "
                "matched by it."
            )
    for (kind, reason), count in sorted(conflicts.items()):
        notes.append(f"Conflict: {count:,} {kind} identifiers: each {reason}; they united nobody.")
