"""Write docs/backtests.md: how the models did on data whose future is known.

    python docs/backtests.py [ONLINE_RETAIL.csv.gz]

CDNOW ships with the lifetimes package; the simulated community is made; without the file of Online
Retail its part is left as it stands.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import importlib.util
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

import commlab as cl
from commlab.loaders import load
from commlab.simulate import simulate

PAGE = Path(__file__).parent / "backtests.md"
CUT, HORIZON = dt.date(1997, 9, 30), 39


@dataclasses.dataclass(frozen=True)
class History:
    """CDNOW at the cutoff of the papers, as `commlab.metrics.PurchaseHistory` has it."""

    cutoff: dt.date
    horizon: float
    customers: pd.DataFrame
    weekly: pd.DataFrame


def cdnow() -> History:
    """Return the 1/10 sample, its 39 weeks of calibration and 39 of holdout."""
    origin = importlib.util.find_spec("lifetimes").origin  # type: ignore[union-attr]
    path = Path(str(origin)).parent / "datasets" / "CDNOW_sample.txt"
    columns = ["master", "id", "day", "units", "spend"]
    raw = pd.read_csv(path, sep=r"\s+", header=None, names=columns)
    raw["day"] = pd.to_datetime(raw["day"].astype(str))
    rows, cut = raw.groupby(["id", "day"], as_index=False)["spend"].sum(), pd.Timestamp(CUT)
    days = rows[rows["day"] <= cut].groupby("id")["day"].agg(["min", "max", "count"])
    later = rows[rows["day"] > cut].groupby("id").size()
    # The same span before the cutoff, without first purchases, for the rule "last period again".
    again = rows[(rows["day"] <= cut) & (rows["day"] > rows["id"].map(days["min"]))]
    recent = again[again["day"] > cut - pd.Timedelta(weeks=HORIZON)].groupby("id").size()
    people = pd.DataFrame({
        "frequency": days["count"] - 1, "recency": (days["max"] - days["min"]).dt.days / 7,
        "T": (cut - days["min"]).dt.days / 7,
        "last": recent.reindex(days.index).fillna(0).astype(int),
        "holdout": later.reindex(days.index).fillna(0).astype(int)})  # fmt: skip
    return History(CUT, float(HORIZON), people, pd.DataFrame({"week": [], "actual": []}))


def of_workspace(folder: Path, weeks: int = 13) -> str:
    """Return the tables of a workspace, as notebooks 04 and 05 make them."""
    ds = cl.open_dataset(folder)
    days = cl.metrics.purchase_cutoffs(ds, weeks)
    parts = [purchases(cl.metrics.purchase_history(ds, days, weeks), weeks)]
    horizon = cl.metrics.churn_horizon(ds)
    cutoffs = cl.metrics.churn_cutoffs(ds, horizon)
    rows = {day: cl.metrics.churn_rows(ds, day, horizon) for day in cl.metrics.churn_days(*cutoffs)}
    tested = cl.models.churn_backtest(cl.models.churn_folds(rows, cutoffs, horizon))
    parts.append(churn(tested, horizon))
    return "\n\n".join(parts)


def purchases(history: list[History] | tuple, weeks: int) -> str:
    """Return the table of purchase models, and the verdict."""
    tested = cl.models.purchase_backtest(history)
    table = tested.summary()
    shown = pd.DataFrame({
        "method": table["method"] + np.where(table["chosen"], " (used)", ""),
        "customers": table["customers"], "came": table["actual"].round().astype(int),
        "expected": table["predicted"].round(1), "bias": (100 * table["bias"]).round(1),
        "MAE": table["mae"].round(3), "RMSE": table["rmse"].round(3),
        "log score": table["log_score"].round(4),
        "in 95 %": (100 * table["covered95"]).round(1)})  # fmt: skip
    verdict = (
        f"A rule of thumb wins: `{tested.baseline}` misses no more than `{tested.chosen}`, so "
        "nothing is projected."
        if tested.beaten
        else f"`{tested.chosen}` is used: best log score, and a smaller root mean square error "
        f"than the best rule of thumb, `{tested.baseline}`."
    )
    if tested.left_out:
        names = ", ".join(f"`{name}`" for name in tested.left_out)
        verdict += f" Left out, since a parameter is on its bound: {names}."
    cutoffs = f"{tested.cutoffs} cutoff{'s' if tested.cutoffs > 1 else ''}, {weeks} weeks ahead."
    return f"**Purchases**, {cutoffs} {verdict}\n\n{markdown(shown)}"


def churn(tested: cl.models.ChurnBacktest, horizon: int) -> str:
    """Return the table of churn scores, and the verdict."""
    wide = tested.to_frame().pivot_table(index="method", columns="score", values="value")
    wide = wide.loc[list(tested.methods), ["log_loss", "brier", "auc", "lift"]].round(4)
    names = [f"{name} (used)" if name == tested.chosen else name for name in wide.index]
    said = f"`{tested.chosen}` is used: "
    if tested.beats_baselines:
        said += "better than every baseline by more than one standard error."
    else:
        why = {"close": "better by less than one standard error",
               "level": "wrong in how many (another season), not in who",
               "order": "no better in telling who"}[tested.why_not]  # fmt: skip
        said += f"a baseline wins. The best classifier is {why}."
    shown = wide.assign(method=names)[["method", *wide.columns]]
    return f"**Churn**, {horizon} days, {tested.people:,} people. {said}\n\n{markdown(shown)}"


def markdown(frame: pd.DataFrame) -> str:
    """Return a frame as a table."""
    head = "| " + " | ".join(map(str, frame.columns)) + " |"
    rule = "| --- |" + " ---: |" * (frame.shape[1] - 1)
    rows = [
        "| " + " | ".join("" if pd.isna(cell) else str(cell) for cell in row) + " |"
        for row in frame.itertuples(index=False)
    ]
    return "\n".join([head, rule, *rows])


HEAD = """# Backtests

```
python docs/backtests.py online_retail.csv.gz
```

What models and rules of thumb said on earlier days, and what came. Bias in per cent of what came,
errors in purchases a customer; log score: higher is better, rules of thumb have none. Churn: lower
log loss and Brier score, higher AUC and lift are better."""


def main() -> None:
    """Write the page."""
    warnings.simplefilter("ignore")
    old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    title = "## Online Retail, a shop in the United Kingdom"
    parts = [HEAD, "## CDNOW, 1/10 sample", purchases([cdnow()], HORIZON)]
    parts.append(
        "Churn on CDNOW, 13 weeks from 1997-09-29, is held to published figures in "
        "`tests/models/test_churn.py`: log loss of the base rate .457, of the purchase model .372 "
        "(used), of P(alive) 8.00; a baseline wins."
    )
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        simulate(place / "brand", members=2_500, seed=0, months=18, start=dt.date(2025, 1, 1))
        parts += ["## A simulated community, 2,500 people", of_workspace(place / "brand")]
        if len(sys.argv) > 1:
            load([Path(sys.argv[1])], "online-retail", place / "shop")
            parts += [title, of_workspace(place / "shop")]
        elif title in old:
            parts.append(old[old.index(title) :].rstrip())
    PAGE.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
