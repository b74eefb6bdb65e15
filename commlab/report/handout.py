"""A list handed to advisers with a random holdout, so that its effect can be read later.

That somebody is at risk does not say that a call helps: only a holdout can tell. The arms go
into `assignments` of the workspace, where the notebook on campaigns finds them.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from commlab import guards
from commlab.dataset import Dataset, open_dataset
from commlab.errors import ArgumentError, WorkspaceError
from commlab.loaders.append import append_rows
from commlab.models.holdout import held_share, holdout_arms, seed_of, strata
from commlab.report import files
from commlab.report.lock import one_run
from commlab.report.people import read_people, typed
from commlab.report.spreadsheet import EXCEL, neutralised
from commlab.tables import table

CONTROL = "control"
DAYS = 14  # two weeks of contact, when nothing else is said


@dataclasses.dataclass(frozen=True)
class Handout:
    """What `hand_out` did.

    Attributes:
        campaign_id: The campaign.
        counts: Frame by stratum: stratum, treated, held_out.
        already: People of the list who had an arm of this campaign before; they keep it.
        staff: People left out because they are staff.
        unknown: People left out because the workspace does not know them.
        elsewhere: Treated people whom another campaign that still runs holds out.
        ends_on: Last day on which the holdout must not be contacted.
        path: List of those to contact.
    """

    campaign_id: str
    counts: pd.DataFrame
    already: int
    staff: int
    unknown: int
    elsewhere: int
    ends_on: dt.date
    path: Path

    @property
    def treated(self) -> int:
        """People to contact who were assigned now."""
        return int(self.counts["treated"].sum())

    @property
    def held_out(self) -> int:
        """People held out who were assigned now."""
        return int(self.counts["held_out"].sum())

    def __str__(self) -> str:
        lines = [
            f"{self.campaign_id}: {self.treated:,} to contact, {self.held_out:,} held out."
            if self.treated or self.held_out
            else f"{self.campaign_id}: nobody new.",
            *(f"  {stratum or '(none)'}: {treated:,} to contact, {held:,} held out"
              for stratum, treated, held in self.counts.to_numpy() if len(self.counts) > 1),
        ]  # fmt: skip
        notes = (
            (self.already, "had an arm of this campaign already and keep it."),
            (self.staff, "are staff and were left out."),
            (self.unknown, "are not in the workspace and were left out."),
            (self.elsewhere, "to be contacted are held out by another campaign that still runs: "
                             "contacting them spoils that one."),
        )  # fmt: skip
        lines += [f"{n:,} {words}" for n, words in notes if n]
        lines += [
            f"To contact: {self.path}",
            f"Do not contact the others until {self.ends_on.isoformat()}, the end of the campaign: "
            "only so can the effect be read.",
        ]
        return "\n".join(lines)


def hand_out(
    people: Path | str,
    campaign_id: str,
    *,
    data: Path | str,
    holdout: float = 0.2,
    by: str | None = None,
    days: int = DAYS,
    kind: str = "care",
    now: dt.datetime | None = None,
) -> Handout:
    """Assign the people of a list to be contacted or held out, and record it in the workspace.

    Whoever has an arm of the campaign keeps it, so that the same list may be handed out again.
    A campaign that the workspace does not know is added, randomised, from today on.

    Args:
        people: CSV with a column `member_id`, best first, e.g. `private/churn.csv` of a run.
        campaign_id: Id of the campaign, known or new.
        data: The workspace, a folder.
        holdout: Share held out, see `commlab.models.holdout_arms`.
        by: Column of the list to stratify by; default `adviser_id` where the list has it.
        days: Length of a new campaign.
        kind: Kind of a new campaign, see the table `campaigns`.
        now: Moment of assignment, local; default: this one.

    Returns:
        Who is contacted and who is not, with the path of the list to contact: beside `people`,
        `<name>-<campaign>.csv`, readable by its owner.

    Raises:
        ArgumentError: An argument is out of bounds.
        DataError: The list cannot be read, has no `member_id`, or names somebody twice.
        WorkspaceError: The workspace is not a folder, or its campaign is not randomised by person.
    """
    source = Path(people)
    guards.whole("days", days, low=1, high=365)
    guards.one_of("kind", kind, table("campaigns")["kind"].values)
    if not str(campaign_id).strip() or set("/\\\0") & set(campaign_id):
        raise ArgumentError(f"campaign == {campaign_id!r}, must be an id without slashes.")
    listed = read_people(source)
    folder = Path(data)
    if not folder.is_dir():
        raise WorkspaceError(
            "is not a workspace folder.",
            where=str(data),
            fix="`commlab assign` writes into folders, not into databases.",
        )
    with one_run(folder):  # two at once would each overwrite what the other assigned
        return _hand_out(source, listed, campaign_id, folder, holdout, by, days, kind, now)


def _hand_out(
    source: Path,
    listed: pd.DataFrame,
    campaign_id: str,
    folder: Path,
    holdout: float,
    by: str | None,
    days: int,
    kind: str,
    now: dt.datetime | None,
) -> Handout:
    ds = open_dataset(folder)
    moment = now or dt.datetime.now(ZoneInfo(ds.settings.zone)).replace(tzinfo=None, microsecond=0)
    campaign = _campaign(ds, campaign_id)
    control = campaign["control_arm"] if campaign else CONTROL
    known = _members(ds)
    staff = set(ds.frame(ds.staff_ids())["member_id"])
    before = _assigned(ds)
    own = before[before["campaign_id"] == campaign_id].set_index("member_id")["arm"]
    ids = listed["member_id"]
    is_staff = ids.isin(staff)
    unknown = ~is_staff & ~ids.isin(known) if known is not None else is_staff & False
    usable = listed[~is_staff & ~unknown]
    fresh = usable[~usable["member_id"].isin(own.index)].reset_index(drop=True)
    by = by if by is not None else ("adviser_id" if "adviser_id" in listed else None)
    seed = _seed(campaign_id, before)
    held = held_share(holdout)
    arms = holdout_arms(typed(fresh, by), holdout, by=by, control=control, seed=seed)
    ends_on = _ends_on(campaign, moment, days)
    if len(fresh):
        planned = arms.eq(control).map({True: held, False: 1 - held})
        rows = fresh[["member_id"]].assign(arm=arms, planned_share=planned)
        _record(ds, folder, campaign, campaign_id, kind, rows, moment, ends_on)
    every = pd.concat([own, pd.Series(arms.to_numpy(), index=fresh["member_id"])])
    contact = usable[usable["member_id"].map(every).ne(control).to_numpy()]
    path = source.with_name(f"{source.stem}-{campaign_id}.csv")
    with files.whole(path, mode=files.PRIVATE, encoding=EXCEL) as stream:
        neutralised(contact, keep_ids=True).to_csv(stream, index=False, lineterminator="\n")
    return Handout(
        campaign_id=campaign_id,
        counts=_counts(typed(fresh, by), arms, by, control),
        already=int(usable["member_id"].isin(own.index).sum()),
        staff=int(is_staff.sum()),
        unknown=int(unknown.sum()),
        elsewhere=_held_elsewhere(ds, before, campaign_id, contact["member_id"], moment),
        ends_on=ends_on,
        path=path,
    )


def _campaign(ds: Dataset, campaign_id: str) -> dict[str, Any] | None:
    if not ds.has("campaigns"):
        return None
    rows = ds.whole("campaigns")
    found = ds.frame(rows.filter(rows.campaign_id == campaign_id))
    if found.empty:
        return None
    row = {str(name): value for name, value in found.iloc[0].items()}
    if row["design"] != "randomised":
        raise WorkspaceError(
            f"the campaign {campaign_id!r} is {row['design']}, not randomised by person.",
            where="campaigns",
            fix="Give the list a campaign of its own.",
        )
    return row


def _members(ds: Dataset) -> set[str] | None:
    """Return the ids that the workspace knows; None where it has no list of members."""
    if not ds.has("members"):
        return None
    return set(ds.frame(ds.whole("members").select("member_id"))["member_id"])


def _assigned(ds: Dataset) -> pd.DataFrame:
    if not ds.has("assignments"):
        return pd.DataFrame({"campaign_id": [], "member_id": [], "arm": []}, dtype="str")
    return ds.frame(ds.whole("assignments").select("campaign_id", "member_id", "arm"))


def _seed(campaign_id: str, before: pd.DataFrame) -> int:
    """Return a seed that is another one for each batch of a campaign."""
    batch = int((before["campaign_id"] == campaign_id).sum())
    return seed_of(campaign_id if not batch else f"{campaign_id}\x1f{batch}")


def _ends_on(campaign: dict[str, Any] | None, moment: dt.datetime, days: int) -> dt.date:
    if campaign is None:
        return moment.date() + dt.timedelta(days=days - 1)
    ends: dt.date = campaign["ends_at"].date()
    if ends < moment.date():
        raise WorkspaceError(
            f"the campaign {campaign['campaign_id']!r} ended on {ends.isoformat()}.",
            where="campaigns",
            fix="Give the list a new campaign.",
        )
    return ends


def _record(
    ds: Dataset,
    folder: Path,
    campaign: dict[str, Any] | None,
    campaign_id: str,
    kind: str,
    arms: pd.DataFrame,
    moment: dt.datetime,
    ends_on: dt.date,
) -> None:
    def utc(local: dt.datetime) -> pd.Timestamp:
        return pd.Timestamp(local, tz=ds.settings.zone).tz_convert("UTC").as_unit("us")

    if campaign is None:
        # The campaign first: an arm without its campaign could not be read.
        end = dt.datetime.combine(ends_on, dt.time(23, 59, 59))
        row = {"campaign_id": campaign_id, "kind": kind, "starts_at": utc(moment),
               "ends_at": utc(end), "design": "randomised", "control_arm": CONTROL}  # fmt: skip
        append_rows(folder, "campaigns", pd.DataFrame([row]))
    rows = arms.astype({"member_id": str, "arm": str})
    rows = rows.assign(campaign_id=campaign_id, assigned_at=utc(moment))
    append_rows(folder, "assignments", rows)


def _counts(fresh: pd.DataFrame, arms: pd.Series, by: str | None, control: str) -> pd.DataFrame:
    stratum = strata(fresh, by) if by is not None else pd.Series("", index=fresh.index)
    held = arms.eq(control)
    sums = pd.DataFrame({"stratum": stratum, "treated": ~held, "held_out": held})
    return sums.groupby("stratum", as_index=False)[["treated", "held_out"]].sum()


def _held_elsewhere(
    ds: Dataset, before: pd.DataFrame, campaign_id: str, contact: pd.Series, moment: dt.datetime
) -> int:
    """Return how many of those to contact another running campaign holds out."""
    if not (ds.has("campaigns") and len(before)):
        return 0
    rows = ds.whole("campaigns")
    running = ds.frame(rows.filter(rows.ends_at >= moment).select("campaign_id", "control_arm"))
    others = before.merge(running[running["campaign_id"] != campaign_id], on="campaign_id")
    held = others.loc[others["arm"] == others["control_arm"], "member_id"]
    return int(contact.isin(held).sum())
