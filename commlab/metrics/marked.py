"""Members whom the brand has marked with a tag, e.g. as opinion leaders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commlab.errors import NotEnoughDataError

if TYPE_CHECKING:
    from commlab.dataset import Dataset


def marked_members(ds: Dataset, tag: str) -> list[str]:
    """Return the ids of members who carry a tag at `as_of`, whatever its case.

    Args:
        ds: The dataset, with tags.
        tag: The tag, e.g. "KOC".

    Raises:
        MissingTableError: There are no tags.
        NotEnoughDataError: Nobody carries it.
    """
    rows = ds.table("tags")
    rows = rows.filter(rows.tag.strip().lower() == tag.strip().lower())
    found = ds.frame(rows.select("member_id").distinct(), ["member_id"])["member_id"].tolist()
    if not found:
        raise NotEnoughDataError(f"no member carries the tag {tag!r}.", fix="Name another tag.")
    return found
