"""`--format hillstrom`: the MineThatData e-mail experiment.

64,000 customers who bought within a year, a third each sent an e-mail about men's merchandise,
about women's, or none; visits, purchases and spend of the two weeks after. What is made of it:

* One randomised campaign `hillstrom` with the arms control, mens and womens; everybody assigned
  at its start.
* `visit` → a touchpoint `visited` in the window, with the campaign (also in the control arm: it
  is where the visit was counted). `spend` → an order in the window *without* a campaign:
  intention to treat reads orders by date. `conversion` = 1 with spend 0 cannot be told in
  orders and is flagged.
* `history` (spend of the past year) → one order before the campaign, dated by `recency` (months
  since the last purchase).
* `mens`, `womens` (bought such merchandise in the past year) and `newbie` (customer for less than
  a year) → tags; `zip_code` → region, `channel` → channel, as written ("Surburban" too).

**Invented, because the file has neither ids nor dates:** ids by row number; the campaign's dates
(from 20 March 2008, two weeks); the time of day of everything; `joined_at`, which is the order
before the campaign for newcomers, and a year and a day before the campaign, at the latest, for
the others. The file's `history_segment` follows from `history` and is left out.

Source: K. Hillstrom (2008), MineThatData E-Mail Analytics and Data Mining Challenge.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from commlab.config import Settings
from commlab.loaders import values
from commlab.loaders.adapter import Sieve, one_file
from commlab.loaders.options import Options
from commlab.loaders.workspace import WorkspaceWriter

CAMPAIGN = "hillstrom"
START = pd.Timestamp("2008-03-20", tz="America/New_York")
DAYS = 14
END = START + pd.Timedelta(days=DAYS)
SETTINGS = Settings(
    name="Hillstrom",
    zone="America/New_York",
    currency="USD",
    calendar="none",
    as_of=dt.date(2008, 4, 2),  # the last day of the window, which the default would cut off
)
ARMS = {"No E-Mail": "control", "Mens E-Mail": "mens", "Womens E-Mail": "womens"}
COLUMNS = (
    "recency", "history", "mens", "womens", "zip_code", "newbie", "channel", "segment",
    "visit", "conversion", "spend",
)  # fmt: skip
INTO = "members + assignments + touchpoints + orders + tags"
FREE = "conversion without spend: no order was made of it"
# A prime far from any simple share of the window spreads the rows over it evenly.
_STEP = 7_919
_LAST_VISIT = DAYS * 86_400 - 3_600
_ORDER_AFTER = pd.Timedelta(minutes=10)


def read(paths: Sequence[Path], writer: WorkspaceWriter, options: Options) -> None:
    """Load the file into a workspace.

    Args:
        paths: The file.
        writer: Writer of the workspace.
        options: Encoding.

    Raises:
        LoadError: The file cannot be read or is of another format.
    """
    writer.begin(SETTINGS)
    chunk, account = one_file(paths, writer, options, COLUMNS, INTO)
    text = chunk.frame
    rows = _typed(text)
    sieve = Sieve(rows, account)
    sieve.refuse(rows["arm"].isna(), f"segment: not one of {', '.join(ARMS)}")
    sieve.refuse(~rows["recency"].between(1, 1200).fillna(False), "recency: not a number of months")
    for column in ("history", "spend"):
        sieve.refuse(~(rows[column] >= 0).fillna(False), f"{column}: not an amount")
    for column in ("mens", "womens", "newbie", "visit", "conversion"):
        sieve.refuse(rows[column].isna(), f"{column}: not 0 or 1")
    sieve.require_some(text)
    people = rows[sieve.left]
    account.load(len(people), "customers")
    account.alter(FREE, people.index[people["conversion"] & (people["spend"] == 0)])

    writer.add("members", people[["member_id", "joined_at", "channel", "region"]])
    channels = people["channel"].dropna().drop_duplicates().sort_values()
    writer.add("channels", pd.DataFrame({"channel": channels, "type": "purchase channel"}))
    writer.add("campaigns", _campaign())
    writer.add("assignments", pd.DataFrame({
        "campaign_id": CAMPAIGN, "member_id": people["member_id"], "arm": people["arm"],
        "assigned_at": START.tz_convert("UTC").as_unit("us"),
    }))  # fmt: skip
    visitors = people[people["visit"]]
    writer.add("touchpoints", pd.DataFrame({
        "member_id": visitors["member_id"], "at": visitors["visited_at"], "event": "visited",
        "channel": visitors["channel"], "campaign_id": CAMPAIGN,
    }))  # fmt: skip
    for frame in _orders(people):
        writer.add("orders", frame)
    for tag in ("mens", "womens", "newbie"):
        writer.add("tags", _tag(people, tag))
    writer.report.notes += [
        "Invented, as the file has none: ids, dates (campaign from 2008-03-20) and joined_at.",
        "Orders in the window carry no campaign: read them by date (intention to treat).",
    ]


def _typed(text: pd.DataFrame) -> pd.DataFrame:
    number = pd.Series(np.arange(1, len(text) + 1), index=text.index)
    width = max(5, len(str(len(text))))
    truth = {name: values.to_bool(text[name]).cells
             for name in ("mens", "womens", "newbie", "visit", "conversion")}  # fmt: skip
    recency = values.to_int(text["recency"]).cells
    spread = pd.to_timedelta((number * _STEP) % _LAST_VISIT, unit="s")
    before = _before(recency)
    newcomer = truth["newbie"].fillna(False).astype(bool)
    a_year_ago = (START - pd.DateOffset(years=1, days=1)).tz_convert("UTC").as_unit("us")
    return pd.DataFrame(
        {
            "member_id": "h" + number.astype("str").str.zfill(width),
            "arm": text["segment"].str.strip().map(ARMS),
            "recency": recency,
            "history": values.to_money(text["history"]).cells,
            "spend": values.to_money(text["spend"]).cells,
            "region": values.to_text(text["zip_code"].str.strip()).cells,
            "channel": values.to_id(text["channel"]).cells,
            **truth,
            "bought_at": before,
            "joined_at": before.where(newcomer | (before < a_year_ago), a_year_ago),
            "visited_at": (START.tz_convert("UTC").as_unit("us") + spread).astype(before.dtype),
        }
    )


def _before(recency: pd.Series) -> pd.Series:
    """Noon of the day so many months before the campaign."""
    months = recency.drop_duplicates().dropna()
    noon = START.tz_localize(None) + pd.Timedelta(hours=12)
    days = {
        month: (noon - pd.DateOffset(months=int(month))) if 0 <= month <= 1200 else pd.NaT
        for month in months
    }
    local = pd.to_datetime(recency.map(days)).astype("datetime64[us]")
    return local.dt.tz_localize(START.tz).dt.tz_convert("UTC")


def _campaign() -> pd.DataFrame:
    last = END - pd.Timedelta(microseconds=1)
    return pd.DataFrame(
        {
            "campaign_id": [CAMPAIGN],
            "name": ["MineThatData e-mail test"],
            "kind": ["push"],
            "starts_at": [START.tz_convert("UTC").as_unit("us")],
            "ends_at": [last.tz_convert("UTC").as_unit("us")],
            "design": ["randomised"],
            "control_arm": ["control"],
        }
    )


def _orders(people: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The order before the campaign and the one in its window."""
    parts = []
    after = people["visited_at"] + _ORDER_AFTER
    for name, at, amount in (
        ("before", people["bought_at"], people["history"]),
        ("after", after, people["spend"]),
    ):
        frame = pd.DataFrame(
            {
                "order_id": people["member_id"] + f"-{name}",
                "member_id": people["member_id"],
                "paid_at": at,
                "amount": amount,
                "channel": people["channel"],
            }
        )
        parts.append(frame[amount > 0])
    return parts[0], parts[1]


def _tag(people: pd.DataFrame, tag: str) -> pd.DataFrame:
    having = people[people[tag]]
    return pd.DataFrame(
        {
            "member_id": having["member_id"],
            "tag": tag,
            "tag_group": "customer" if tag == "newbie" else "bought",
            "source": "corporate",
            "tagged_at": having["bought_at"],
        }
    )
