"""A made-up community whose truth is known.

Example:
    >>> import tempfile
    >>> from commlab.simulate import simulate
    >>> truth = simulate(tempfile.mkdtemp(), members=200, seed=1, months=6)
    >>> truth.members
    200
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from pathlib import Path

from commlab import guards
from commlab.errors import ArgumentError
from commlab.simulate.brand import add_months, brand_tables, settings
from commlab.simulate.channels import ChannelCode, ChannelType
from commlab.simulate.chunk import draw_chunk, frame
from commlab.simulate.export import Labels, Offsets, chunk_tables
from commlab.simulate.faults import checked, plant_faults
from commlab.simulate.introduction import introductions
from commlab.simulate.null_world import NullWorld, null_world
from commlab.simulate.programme import ProgrammeTally, draw_programme
from commlab.simulate.scale import scaled
from commlab.simulate.store import TRUTH_FILE, Store
from commlab.simulate.texts import phrasebook
from commlab.simulate.truth import Tally, Truth, read_truth
from commlab.simulate.world import Campaign, World

__all__ = [
    "Campaign",
    "ChannelCode",
    "ChannelType",
    "NullWorld",
    "Truth",
    "World",
    "null_world",
    "read_truth",
    "simulate",
]

START, MONTHS = "2025-04-01", 15
CHUNK = 20_000  # members drawn together: 0.5 GB at the peak


def simulate(
    out: Path | str,
    members: int = 2000,
    seed: int = 0,
    start: str | dt.date = START,
    months: int = MONTHS,
    world: World | None = None,
    orders_per_member: float | None = None,
    messages_per_member: float | None = None,
    faults: Sequence[str] = (),
) -> Truth:
    """Write a workspace of a made-up community, with its truth beside it.

    Args:
        out: Folder of the workspace. A simulated workspace there is renewed, README files
            included; other files stay.
        members: Members, staff aside.
        seed: The same seed and arguments give the same tables.
        start: First local day.
        months: Length; the last day becomes `as_of` in `commlab.toml`.
        world: Parameters; the default world when None.
        orders_per_member: Orders for each member; as the world has it when None.
        messages_per_member: Messages for each member, those of staff included.
        faults: Names of export faults to plant (`commlab.simulate.faults.meanings`).

    Returns:
        What is true of the workspace, also written as `truth.json`.

    Raises:
        ArgumentError: An argument is out of bounds.
        WorkspaceError: `out` holds a workspace that was not simulated.
    """
    planned = checked(faults)
    guards.whole("members", members, low=1, high=100_000_000)
    guards.whole("seed", seed)
    guards.whole("months", months, low=1, high=120)
    first = guards.date("start", start)
    if first is None:
        raise ArgumentError("start is empty, must be a date.", fix="Write it as 2025-04-01.")
    days = (add_months(first, months) - first).days
    rates = {"orders": orders_per_member, "messages": messages_per_member}
    shared = frame(scaled(world or World(), first, days, **rates), seed, first, days)
    tally, offsets, book = Tally(shared), Offsets(), phrasebook()
    programme = ProgrammeTally(shared)
    chunks = math.ceil(members / CHUNK)
    with Store(out) as store:
        for number in range(chunks):
            size = members // chunks + (number < members % chunks)
            chunk = draw_chunk(shared, number, size)
            labels = Labels(shared, number, chunk, offsets)
            store.add(chunk_tables(labels, book))
            store.add(programme.tables(labels, draw_programme(shared, number, chunk)))
            tally.add(chunk, offsets)
            offsets = offsets.after(chunk)
        store.add(brand_tables(shared, members, tally.newcomers))
        truth = tally.truth(seed, store.rows, programme.figures())
        if planned:
            store.close()
            record = plant_faults(store.stage, planned, seed, truth.start, truth.as_of)
            truth = truth.with_faults(record)
        command = _command(Path(out).name, truth, months, world, rates)
        texts = introductions(truth, store.heads, Path(out).name, command)
        store.finish(settings(shared), {TRUTH_FILE: truth.to_json(), **texts})
    return truth


def _command(
    folder: str,
    truth: Truth,
    months: int,
    world: World | None,
    rates: dict[str, float | None],
) -> str:
    if world is not None and world != World():
        return "# made from Python: simulate(…, world=World(…)); its parameters are in truth.json"
    words = f"commlab simulate --out {folder} --members {truth.members} --seed {truth.seed}"
    if truth.start.isoformat() != START:
        words += f" --start {truth.start.isoformat()}"
    if months != MONTHS:
        words += f" --months {months}"
    for name, rate in rates.items():
        words += "" if rate is None else f" --{name}-per-member {rate:g}"
    return words + "".join(f" --fault {name}" for name in truth.figures.get("faults", {}))
