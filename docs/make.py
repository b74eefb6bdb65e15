#!/usr/bin/env python3
"""Make what is generated in docs/: data dictionary, requirements, and the README's pictures.

python docs/make.py                 write docs/data-dictionary.md and docs/requirements.md
python docs/make.py --check         say whether they are up to date, and how to repair them
python docs/make.py --pictures RUN  photograph a run's pages; needs Chromium and its driver
"""

from __future__ import annotations

import argparse
import base64
import io
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np

from commlab.charts.png import encode
from commlab.cli.tables import dictionary
from commlab.tables import DTYPES, LISTS, TABLES

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS))
import requirements  # noqa: E402  (stands beside this file)

DICTIONARY = DOCS / "data-dictionary.md"
REPAIR = "python docs/make.py"
IMAGES = DOCS / "images"

HEAD = """# Data dictionary

<!-- Made by `python docs/make.py` from commlab/tables/; do not edit. -->

The tables that a workspace can hold; `commlab tables TABLE` prints one. None of them must be there:
orders, messages or memberships are enough to begin with. A row without a required cell cannot be
used; any other column may be missing or empty. How an export becomes these tables is in
[map.toml](map-format.md).

"""

LISTS_HEAD = """# Action lists

What reports write to `private/` of a run, with real ids, best first.

"""


def text() -> str:
    """Return what the data dictionary should hold."""
    lines = ["| type | what it holds |", "| --- | --- |"]
    lines += [f"| {name} | {meaning} |" for name, meaning in DTYPES.items()]
    names = ", ".join(f"[{name}](#{name})" for name in TABLES)
    tables = f"{names}.\n\n" + "\n".join(lines) + "\n\n" + dictionary(TABLES.values())
    return f"{HEAD}{tables}\n{LISTS_HEAD}{dictionary(LISTS.values())}"


def pages() -> dict[Path, str]:
    """Return the generated pages and what each should hold."""
    return {DICTIONARY: text(), requirements.PAGE: requirements.text()}


def photograph(driver: Any, page: Path, *, width: int, scale: int) -> Any:
    """Return a picture of a page from its top to the end of its first chart."""
    from PIL import Image

    metrics = {"width": width, "height": 900, "deviceScaleFactor": scale, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    driver.get(page.resolve().as_uri())
    end = driver.execute_script(
        "return document.querySelector('figure.chart').getBoundingClientRect().bottom + scrollY"
    )
    clip = {"x": 0, "y": 0, "width": width, "height": round(end) + 16, "scale": 1}
    shot = driver.execute_cdp_cmd(
        "Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True}
    )
    return Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB")


def pictures(run: Path) -> None:
    """Photograph the retention page of a run: wide in English, phone in Chinese."""
    from PIL import Image
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    if missing:
        raise SystemExit(f"{missing[0]} is missing. On Debian: apt-get install chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for switch in ("headless", "no-sandbox", "disable-gpu", "hide-scrollbars"):
        options.add_argument(f"--{switch}")
    with webdriver.Chrome(options, Service(str(shutil.which("chromedriver")))) as driver:
        wide = photograph(driver, run / "share/02_cohort_retention.en.html", width=1280, scale=1)
        phone = photograph(driver, run / "share/02_cohort_retention.zh.html", width=390, scale=2)
    # Two screens side by side: one long strip cannot be read in a README.
    across, tall = phone.width, -(-phone.height // 2)
    pair = Image.new("RGB", (2 * across + 80, tall), "#8a8f96")
    for place in range(2):
        strip = phone.crop((0, place * tall, across, min((place + 1) * tall, phone.height)))
        pair.paste(strip, (20 + place * (across + 40), 0))
    small = (round(pair.width * 0.6), round(pair.height * 0.6))
    IMAGES.mkdir(exist_ok=True)
    save(wide, IMAGES / "retention.png")
    save(pair.resize(small, Image.Resampling.LANCZOS), IMAGES / "retention-phone.png")


def save(picture: Any, path: Path) -> None:
    """Write a picture with a palette, as charts are: the files stay small, flat colours exact."""
    path.write_bytes(encode(np.asarray(picture), dpi=96))
    print(f"{path.name}: {path.stat().st_size // 1024} kB")


def main() -> int:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--pictures", metavar="RUN", type=Path, help="folder of a run")
    options = parser.parse_args()
    if options.pictures is not None:
        pictures(options.pictures)
        return 0
    old = [page for page, wanted in pages().items() if not _holds(page, wanted)]
    for page in old:
        if options.check:
            print(f"{page.name} is out of date. Repair: {REPAIR}")
        else:
            page.write_text(pages()[page], encoding="utf-8")
            print(f"Wrote {page.name}")
    return int(options.check and bool(old))


def _holds(page: Path, wanted: str) -> bool:
    return page.is_file() and page.read_text(encoding="utf-8") == wanted


if __name__ == "__main__":
    sys.exit(main())
