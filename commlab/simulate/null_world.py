"""A world in which a campaign does nothing, and in which the trade's way of reading it triumphs.

Buyers follow an NBD (Ehrenberg 1959): Poisson orders, Gamma rates. A festival multiplies
everyone's rate during the campaign. "Participants" are half of the treated who bought in its
days: winners compared with themselves. A holdout is left alone. The true effect is zero.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from commlab import guards
from commlab.config import Festival, Settings
from commlab.simulate.assigned import ARMS
from commlab.simulate.columns import arrow_table, ids, money, pick, times
from commlab.simulate.export import ZONE
from commlab.simulate.store import TRUTH_FILE, Store
from commlab.simulate.streams import stream
from commlab.simulate.truth import Truth
from commlab.simulate.world import World

START, END = dt.date(2025, 7, 1), dt.date(2025, 12, 31)
NOVEMBER = (dt.date(2025, 11, 1), dt.date(2025, 11, 30))
CAMPAIGN = (dt.date(2025, 12, 1), dt.date(2025, 12, 13))
FESTIVAL = 1.4
SHAPE = 0.5  # of the Gamma rates: with .258 orders a month it gives the trade's figures
ORDERS_A_MONTH = 0.258
MONTH = 30  # days, as November has
SPEND, SPEND_SHAPE = 75.0, 4.0  # yuan an order, Gamma
NAME = "零效果世界"


@dataclasses.dataclass(frozen=True)
class NullWorld:
    """The tables of a null world.

    Attributes:
        tables: Canonical tables by name.
        settings: Settings of the workspace, the festival among them.
        truth: What is true of it: an effect of zero, and what the naive readings expect.
    """

    tables: dict[str, pa.Table]
    settings: Settings
    truth: Truth

    def write(self, folder: Path | str) -> Path:
        """Write the world as a workspace and return its folder.

        Raises:
            WorkspaceError: The folder holds a workspace that was not simulated.
        """
        with Store(folder) as store:
            store.add(self.tables)
            store.finish(self.settings, {TRUTH_FILE: self.truth.to_json()})
        return Path(folder)


def expected_readings(orders_a_month: float = ORDERS_A_MONTH) -> dict[str, float]:
    """Return what the naive readings expect although nothing happened.

    With rates Gamma(r), mean m a month, and a window of f months at the festival's pace, those
    who buy in the window buy f / (1 - (1 + f m / r)^-(r + 1)) times as much in it as in November
    (size-biased sampling of the rates), at any mean order value.

    Returns:
        `window_over_november`: their total in the window over that of November.
        `daily_gain`: daily spend in the window over that of November, minus 1.
        `before_after`: the same for everyone.

    Example:
        >>> {name: round(value, 2) for name, value in expected_readings().items()}
        {'window_over_november': 1.81, 'daily_gain': 3.17, 'before_after': 0.4}
    """
    days = _days(*CAMPAIGN)
    months = FESTIVAL * days / MONTH
    ratio = months / (1.0 - (1.0 + months * orders_a_month / SHAPE) ** -(SHAPE + 1.0))
    return {
        "window_over_november": ratio,
        "daily_gain": ratio * MONTH / days - 1.0,
        "before_after": FESTIVAL - 1.0,
    }


def null_world(
    seed: int = 0, members: int = 26_000, orders_a_month: float = ORDERS_A_MONTH
) -> NullWorld:
    """Return a world in which the campaign does nothing.

    Args:
        seed: The same seed and arguments give the same tables.
        members: Members, half of them in the holdout.
        orders_a_month: Mean orders a member and 30 days. 0.258 (default) gives the trade's
            "+317 % a day, 13 days above the whole of November"; 0.6 a milder one.

    Raises:
        ArgumentError: An argument is out of bounds.

    Example:
        >>> world = null_world(seed=1, members=500)
        >>> world.truth.figures["campaigns"]["null"]["effect_orders"]
        0.0
    """
    guards.whole("seed", seed)
    guards.whole("members", members, low=2)
    guards.in_range("orders_a_month", orders_a_month, low=0, open_low=True)
    rng = stream(seed, "null_world")
    length = _days(START, END)
    first, last = (CAMPAIGN[0] - START).days, (CAMPAIGN[1] - START).days + 1
    pace = np.ones(length)
    pace[first:last] = FESTIVAL
    rate = rng.gamma(SHAPE, orders_a_month / MONTH / SHAPE, members)
    member = np.repeat(np.arange(members), rng.poisson(rate * pace.sum()))
    hours = np.array(World().order_hours, dtype=float)
    at = (
        rng.choice(length, size=member.size, p=pace / pace.sum())
        + rng.choice(24, size=member.size, p=hours / hours.sum()) / 24.0
        + rng.random(member.size) / 24.0
    )
    order = np.lexsort((member, at))
    member, at = member[order], at[order]
    fen = np.maximum(np.round(rng.gamma(SPEND_SHAPE, SPEND / SPEND_SHAPE, at.size) * 100), 1)
    treated = rng.permutation(np.arange(members) < members // 2)
    inside = (at >= first) & (at < last)
    bought = np.full(members, np.inf)
    np.minimum.at(bought, member[inside], at[inside])
    takes_part = treated & np.isfinite(bought) & (rng.random(members) < 0.5)
    tables = _tables(
        member, at, fen.astype(np.int64), treated, np.where(takes_part, bought, np.nan)
    )
    settings = Settings(
        name=NAME, as_of=END, calendar="none", festivals=(Festival("festival", *CAMPAIGN),)
    )
    rows = {name: rows.num_rows for name, rows in sorted(tables.items())}
    figures = {
        "made": {
            "seed": seed,
            "members": members,
            "start": START.isoformat(),
            "as_of": END.isoformat(),
        },
        "rows": rows,
        "campaigns": {
            "null": {
                "design": "randomised",
                "null": True,
                "harmful": False,
                "effect_orders": 0.0,
                "effect_spend": 0.0,
                "control": int((~treated).sum()),
                "treated": int(treated.sum()),
                "participants": int(takes_part.sum()),
                "participants_are": "half of the treated who bought in the campaign's days",
            }
        },
        "naive_readings": expected_readings(orders_a_month),
        "world": {
            "model": "NBD",
            "shape": SHAPE,
            "orders_a_month": orders_a_month,
            "festival": FESTIVAL,
            "spend": SPEND,
        },
    }
    return NullWorld(tables, settings, Truth(seed, members, START, END, rows, figures))


def _tables(
    member: np.ndarray,
    at: np.ndarray,
    fen: np.ndarray,
    treated: np.ndarray,
    participated: np.ndarray,
) -> dict[str, pa.Table]:
    midnight = dt.datetime.combine(START, dt.time(), ZoneInfo(ZONE))
    n = treated.size
    who = ids("m", np.arange(1, n + 1), 6)
    first = float((CAMPAIGN[0] - START).days)
    end = float((CAMPAIGN[1] - START).days + 1) - 0.5 / 86_400.0
    return {
        "members": arrow_table("members", member_id=who, joined_at=times(np.zeros(n), midnight)),
        "orders": arrow_table(
            "orders",
            order_id=ids("o", np.arange(1, at.size + 1), 7),
            member_id=who.take(pa.array(member)),
            paid_at=times(at, midnight),
            amount=money(fen),
        ),
        "campaigns": arrow_table(
            "campaigns",
            campaign_id=["null"],
            name=["拼团周"],
            kind=["team_buy"],
            starts_at=times(np.array([first]), midnight),
            ends_at=times(np.array([end]), midnight),
            design=["randomised"],
            control_arm=[ARMS[0]],
        ),
        "assignments": arrow_table(
            "assignments",
            campaign_id=pick(["null"], np.zeros(n)),
            member_id=who,
            arm=pick(ARMS, treated.astype(np.int64)),
            assigned_at=times(np.full(n, first - 0.25), midnight),
            participated_at=times(participated, midnight),
        ),
    }


def _days(first: dt.date, last: dt.date) -> int:
    return (last - first).days + 1
