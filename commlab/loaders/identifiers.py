"""Identifiers of people, hashed: what `identities` holds, and never the value itself.

A hash is keyed with the secret that also makes pseudonyms (`commlab.privacy`): whoever has the
workspace and not the secret cannot try the 10¹⁰ phone numbers. Loads under one secret give one
hash, so that workspaces can be linked.
"""

from __future__ import annotations

import hashlib
import hmac
import re

import pandas as pd

from commlab import guards, privacy
from commlab.loaders.values import narrow

KINDS = ("external_userid", "unionid", "phone", "shop_nickname")
MASKED = "phone is masked: it identifies nobody"
ID_LENGTH = 20  # of a hash in an id, 80 bits: no two of a million customers meet
_HEX = 32  # 128 bits: no two of a billion identifiers meet
_PAPER = re.compile(r"[\s()./\-]")  # what people write between digits
_MAINLAND = re.compile(r"^(?:\+?86|0086)?(1[3-9]\d{9})$")
_ABROAD = re.compile(r"^(?:\+|00)(?!86)([1-9]\d{7,14})$")  # E.164: at most 15 digits
_STARS = re.compile(r"[*＊●•]")


def identifier_hash(kind: str, value: str, *, scope: str = "") -> str:
    """Return the keyed hash of one identifier.

    Args:
        kind: One of `KINDS`.
        value: The identifier.
        scope: Where the identifier is unique, e.g. "taobao" for a nickname: equal nicknames of
            two shops are two people.

    Example:
        >>> identifier_hash("phone", "13800000000") == identifier_hash("unionid", "13800000000")
        False
    """
    guards.one_of("kind", kind, KINDS)
    message = f"{kind}\x1f{scope}\x1f{value}".encode()
    return hmac.new(privacy.secret(), message, hashlib.sha256).hexdigest()[:_HEX]


def hashes(kind: str, values: pd.Series, *, scope: str = "") -> pd.Series:
    """Return the hash of each identifier; null stays null."""
    known = {
        value: identifier_hash(kind, str(value), scope=scope) for value in values.dropna().unique()
    }
    return values.map(known).astype("str")


def phone(cell: str) -> str | None:
    """Return a whole phone number in one form, or None for anything else (masked ones too).

    Numbers of the mainland need no country code, others do. Landlines belong to households and
    offices and identify nobody.

    Example:
        >>> phone("+86 138-0000-0000"), phone("'13800000000"), phone("138****0000")
        ('13800000000', '13800000000', None)
        >>> phone("+852 5123 4567"), phone("021-5555 6666")
        ('+85251234567', None)
    """
    bare = _PAPER.sub("", narrow(cell).lstrip("'").strip('="'))
    if match := _MAINLAND.match(bare):
        return match[1]
    if match := _ABROAD.match(bare):
        return "+" + match[1]
    return None


def phones(text: pd.Series) -> pd.Series:
    """Return the phone number of each cell, null where there is no whole one."""
    known = {cell: phone(str(cell)) for cell in text.unique()}
    return text.map(known).astype("str")


def masked(text: pd.Series) -> pd.Series:
    """Return where a cell has stars in place of characters: such a name or number names nobody."""
    return text.str.contains(_STARS).fillna(False).astype(bool)


def mask_of(number: str) -> str:
    """Return a number as shops mask it, for comparing.

    Example:
        >>> mask_of("13812345678")
        '138****5678'
    """
    return f"{number[:3]}****{number[-4:]}"


def identity_rows(
    members: pd.Series, kind: str, values: pd.Series, *, scope: str = ""
) -> pd.DataFrame:
    """Return distinct rows of `identities`, where both are known.

    Args:
        members: Member ids.
        kind: One of `KINDS`.
        values: Identifiers, row by row.
        scope: As `identifier_hash`.
    """
    rows = pd.DataFrame({"member_id": members, "kind": kind, "value": values}).dropna()
    rows = rows.drop_duplicates().sort_values(["member_id", "value"])
    rows["value_hash"] = hashes(kind, rows.pop("value"), scope=scope)
    return rows


def hashed_rows(members: pd.Series, kind: str, hashed: pd.Series) -> pd.DataFrame:
    """Return distinct rows of `identities` of identifiers that are hashed already."""
    rows = pd.DataFrame({"member_id": members, "kind": kind, "value_hash": hashed}).dropna()
    return rows.drop_duplicates().sort_values(["member_id", "value_hash"])
