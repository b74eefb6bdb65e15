"""The customers' sheet of Youzan: members, tiers, opening balances of points, tags."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from commlab.config import SMALL_CELL
from commlab.loaders import carried, identifiers, times, values
from commlab.loaders.report import CORRECTION
from commlab.loaders.shops.sheets import Opened, Sheet
from commlab.loaders.workspace import WorkspaceWriter

SHEET = Sheet(
    "customers", "members + tiers + points + tags",
    {
        "nickname": ("客户昵称",),
        "phone": ("客户手机号", "手机号"),
        "tags": ("标签", "客户标签"),
        "tier": ("等级", "会员等级"),
        "points": ("积分", "可用积分"),
        "stored": ("储值余额",),
        "origin": ("来源渠道",),
        "joined_at": ("成为客户时间",),
        "last_at": ("上次消费时间",),
    },
    required=("phone", "joined_at"),
)  # fmt: skip
ID_LENGTH = identifiers.ID_LENGTH
AGAIN = "a customer whom another row has"
NO_PHONE = "phone is masked or none: the customer cannot be told from others"
STORED = "stored_value"
KEPT = {
    "customers": {"member_id": "str", "nickname": "str", "phone": "str", "mask": "str",
                  "joined_at": carried.TIME, "channel": "str"},
    "tiers": {"member_id": "str", "tier": "str", "valid_from": carried.TIME},
    "points": {"member_id": "str", "at": carried.TIME, "delta": "Int64", "reason": "str"},
    "tags": {"member_id": "str", "tag": "str", "tag_group": "str", "source": "str",
             "tagged_at": carried.TIME},
}  # fmt: skip
_DAY = re.compile(r"(20\d{2})[-_.年]?(\d{2})[-_.月]?(\d{2})(?!\d)")
_SPLIT = "[,，;；、|]"


def member_ids(numbers: pd.Series) -> pd.Series:
    """Return the id of the person with each phone number."""
    return ("phone-" + identifiers.hashes("phone", numbers).str[:ID_LENGTH]).astype("str")


def load(sheets: Sequence[Opened], writer: WorkspaceWriter, zone: str) -> pd.DataFrame:
    """Write tiers, points and tags of customers' sheets.

    Returns:
        Customers: member_id, nickname, phone (hashed), mask (`mask_keys`), joined_at, channel.
    """
    seen: set[str] = set()
    before = {name: carried.kept(writer, name, columns) for name, columns in KEPT.items()}
    told = set(before["customers"]["member_id"])
    states: dict[str, list[pd.DataFrame]] = {name: [] for name in KEPT if name != "customers"}
    # The latest export has the latest tier and balance; exports are named by date.
    parts = [_one(opened, seen, told, states, writer, zone) for opened in reversed(sheets)]
    for name, frames in {"customers": parts, **states}.items():
        old = before[name]
        frames.append(old[~old["member_id"].isin(seen)])
        every = pd.concat([frame for frame in frames if len(frame)] or [old], ignore_index=True)
        carried.keep(writer, name, every.reindex(columns=list(KEPT[name])), KEPT[name])
        if name in states and len(every):
            # A column that nobody fills is no column of the table.
            writer.add(name, every.dropna(axis=1, how="all"))
        before[name] = every.reindex(columns=list(KEPT[name]))
    return before["customers"]


def mask_keys(masks: pd.Series, nicknames: pd.Series) -> pd.Series:
    """Return what tells buyers with a masked phone apart: mask and nickname, hashed."""
    both = (masks + "\x1f" + nicknames).astype("str")
    return identifiers.hashes("phone", both, scope="masked")


def as_buyers(known: pd.DataFrame) -> pd.DataFrame:
    """Return customers as rows for `buyers.members`."""
    return known.rename(columns={"joined_at": "at"})[["member_id", "at", "phone"]]


def members(found: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Return members, with the channel of those who are customers."""
    return found.assign(channel=found["member_id"].map(known.set_index("member_id")["channel"]))


def by_mask(known: pd.DataFrame) -> dict[str, str]:
    """Return key of (masked phone, nickname) → member id, where just one customer has them."""
    rows = known[known["mask"].notna()]
    single = ~rows["mask"].duplicated(keep=False)
    return dict(zip(rows["mask"][single], rows["member_id"][single], strict=True))


def _one(
    opened: Opened, seen: set[str], told: set[str], states: dict[str, list[pd.DataFrame]],
    writer: WorkspaceWriter, zone: str,
) -> pd.DataFrame:  # fmt: skip
    text, sieve = opened.text, opened.sieve
    joined = times.to_time(text["joined_at"], zone=zone)
    number = identifiers.phones(text["phone"])
    rows = pd.DataFrame(
        {
            "member_id": member_ids(number),
            "nickname": values.to_text(text["nickname"].str.strip()).cells,
            "phone": identifiers.hashes("phone", number),
            "joined_at": joined.cells,
            "channel": values.to_id(text["origin"]).cells,
        }
    )
    masks = number.map(identifiers.mask_of, na_action="ignore").astype("str")
    rows["mask"] = mask_keys(masks, rows["nickname"])
    sieve.refuse(number.isna(), NO_PHONE)
    sieve.refuse(joined.bad, "成为客户时间: not a time")
    sieve.refuse(joined.cells.isna(), "成为客户时间: empty")
    ids = rows["member_id"].where(sieve.left)
    sieve.refuse(ids.notna() & (ids.isin(seen) | ids.duplicated()), AGAIN)
    good = sieve.left
    seen.update(rows.loc[good, "member_id"])
    newer = good & rows["member_id"].isin(told)
    opened.account.load(int((good & ~newer).sum()), "customer")
    if newer.any():
        opened.account.load(int(newer.sum()), CORRECTION)
    at = _as_of(opened, zone)
    if good.any() and at is not None:
        _states(opened, rows[good], at, zone, states, writer)
    return rows[good]


def _states(
    opened: Opened, rows: pd.DataFrame, at: pd.Timestamp, zone: str,
    states: dict[str, list[pd.DataFrame]], writer: WorkspaceWriter,
) -> None:  # fmt: skip
    """Collect what the export shows of each customer, known as of its day."""
    text = opened.text.loc[rows.index]
    member, since = rows["member_id"], pd.Series(at, index=rows.index)
    tier = values.to_text(text["tier"].str.strip()).cells
    if tier.notna().any():
        frame = pd.DataFrame({"member_id": member, "tier": tier, "valid_from": since})
        states["tiers"].append(frame[tier.notna()])
    points = values.to_int(text["points"])
    opened.account.alter("points left out: not a whole number", rows.index[points.bad])
    held = points.cells.notna() & (points.cells != 0)
    if held.any():
        frame = pd.DataFrame(
            {"member_id": member, "at": since, "delta": points.cells, "reason": "opening"}
        )
        states["points"].append(frame[held])
    tags = text["tags"].str.split(_SPLIT, regex=True).explode().str.strip()
    tags = tags[tags != ""]
    stored = values.to_money(text["stored"])
    opened.account.alter("stored value left out: not an amount", rows.index[stored.bad])
    rich = (stored.cells > 0).fillna(False).astype(bool)
    frames = [
        pd.DataFrame({"member_id": member[tags.index], "tag": tags.to_numpy(),
                      "source": "corporate"}),
        pd.DataFrame({"member_id": member[rich], "tag": STORED, "tag_group": STORED,
                      "source": "rule", "tagged_at": since[rich]}),
    ]  # fmt: skip
    states["tags"] += frames
    day = f"{at.tz_convert(zone):%Y-%m-%d %H:%M}"
    _note(opened, f"tiers, points and stored value are as of {day}.", writer)
    if rich.any():
        _note(opened, f"{_held(stored.cells[rich])}; no canonical table holds balances, so they "
              f"are tagged {STORED!r}.", writer)  # fmt: skip


def _held(balances: pd.Series) -> str:
    """Return who holds stored value, and how much where it is not the balance of a few people."""
    if len(balances) < SMALL_CELL:
        return "some customers hold stored value"
    total = int(balances.sum())
    return f"{len(balances):,} customers hold {total // 100:,}.{total % 100:02d} of stored value"


def _note(opened: Opened, text: str, writer: WorkspaceWriter) -> None:
    writer.report.notes.append(f"{opened.account.source}: {text}")


def _as_of(opened: Opened, zone: str) -> pd.Timestamp | None:
    """The last moment of the day in the file's name, else the latest time in the sheet."""
    if match := _DAY.search(opened.account.source):
        day = pd.to_datetime("-".join(match.groups()), errors="coerce")
        if not pd.isna(day):
            end = day + pd.Timedelta(days=1) - pd.Timedelta(seconds=1)
            return end.tz_localize(zone).tz_convert("UTC").as_unit("us")
    latest = [times.to_time(opened.text[name], zone=zone).cells.max()
              for name in ("joined_at", "last_at")]  # fmt: skip
    known = [item for item in latest if not pd.isna(item)]
    return max(known) if known else None
