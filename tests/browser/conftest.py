"""One run on the sample workspace with hostile and long names in it, and one browser to look."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from notebooks.conftest import run_all, spoil
from notebooks.run_folder import Run

from .chromium import Browser, Seen, start

ROOT = Path(__file__).resolve().parent.parent.parent
# What a store might type: it must neither widen a page on a phone nor push figures aside.
LONG = {
    "rf01": "老客转介绍·华东大区·二季度会员日专场·门店企微活码·第二批投放 referral-2026Q2-batch-02"
}


def _absent() -> str:
    """Return what is missing to look at pages; empty when nothing is."""
    if importlib.util.find_spec("selenium") is None:
        return "Selenium is not here: pip install -e '.[dev]'"
    for program in ("chromium", "chromedriver"):
        if shutil.which(program) is None:
            return f"{program} is not here. On Debian: apt-get install chromium chromium-driver"
    return ""


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser without a network."""
    reason = _absent()
    if reason:
        pytest.skip(reason)
    opened = start(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def sample_run(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Every notebook on the sample workspace."""
    place = tmp_path_factory.mktemp("look")
    shutil.copytree(ROOT / "notebooks", place / "notebooks", ignore=shutil.ignore_patterns(".*"))
    shutil.copytree(ROOT / "data_samples", place / "brand")
    spoil(place / "brand", LONG)
    return run_all(place / "brand", place / "out", jobs=2)


@pytest.fixture(scope="session")
def looks() -> dict[tuple[str, int, str], Seen]:
    """What was seen already: a page is opened once for each width and scheme."""
    return {}


@pytest.fixture
def seen(
    request: pytest.FixtureRequest,
    browser: Browser,
    sample_run: Run,
    looks: dict[tuple[str, int, str], Seen],
) -> Seen:
    """What the browser saw of the page, at the width and in the scheme of the test."""
    page, width, scheme = key = request.param
    if key not in looks:
        name, lang = page.rsplit(".", 1)
        address = (
            f"{(sample_run.folder / 'index.html').as_uri()}#{lang}"
            if name == "index"
            else (sample_run.folder / "share" / f"{page}.html").as_uri()
        )
        looks[key] = browser.look(address, width=width, scheme=scheme)
    return looks[key]
