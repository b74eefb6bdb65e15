#!/usr/bin/env python3
"""Make what is generated in docs/: the data dictionary, and the pictures of the README.

python docs/make.py                 write docs/data-dictionary.md
python docs/make.py --check         say whether it is up to date, and how to repair it
python docs/make.py --pictures RUN  photograph a run's pages; needs Chromium
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from commlab.cli.tables import dictionary
from commlab.tables import DTYPES, LISTS, TABLES

DOCS = Path(__file__).resolve().parent
DICTIONARY = DOCS / "data-dictionary.md"
REPAIR = "python docs/make.py"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

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


def browser() -> str:
    """Return the path of a browser that can photograph pages."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise SystemExit(
            f"none of {', '.join(BROWSERS)} is there. On Debian: apt-get install chromium"
        )
    return found


def photograph(address: str, to: Path, *, width: int, height: int, scale: int = 1) -> None:
    """Photograph the top of a page."""
    command = [browser(), "--headless", "--disable-gpu", "--hide-scrollbars", "--no-sandbox",
               "--allow-file-access-from-files", f"--force-device-scale-factor={scale}",
               f"--window-size={width},{height}", f"--screenshot={to}", address]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603  our own pages


def pictures(run: Path) -> None:
    """Photograph the retention page of a run: wide in English, phone in Chinese."""
    from PIL import Image

    share, images = run.resolve() / "share", DOCS / "images"
    images.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        wide, phone = Path(folder) / "wide.png", Path(folder) / "phone.png"
        # As far as the end of the first chart.
        page = (share / "02_cohort_retention.en.html").as_uri()
        photograph(page, wide, width=1280, height=1815)
        save(Image.open(wide), images / "retention.png")
        # A window cannot be as narrow as a phone, a frame in it can.
        frame = Path(folder) / "frame.html"
        page = (share / "02_cohort_retention.zh.html").as_uri()
        frame.write_text(
            f'<body style="margin:0"><iframe src="{page}" '
            'style="border:0;width:390px;height:2030px"></iframe></body>',
            encoding="utf-8",
        )
        photograph(frame.as_uri(), phone, width=500, height=2030, scale=2)
        whole = Image.open(phone).convert("RGB")
        # Two screens side by side: one long strip cannot be read in a README.
        pair = Image.new("RGB", (1640, 2030), "#8a8f96")
        pair.paste(whole.crop((0, 0, 780, 2030)), (20, 0))
        pair.paste(whole.crop((0, 2030, 780, 4060)), (840, 0))
        save(pair.resize((984, 1218), Image.Resampling.LANCZOS), images / "retention-phone.png")


def save(picture: Any, path: Path) -> None:
    """Write a picture with a palette: flat pages need no more, and the files stay small."""
    from PIL import Image

    # The median cut would give the rare colours (a state, the ends of the map) away.
    rare = Image.Quantize.MAXCOVERAGE
    few = picture.convert("RGB").quantize(256, method=rare, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
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
    wanted = text()
    if options.check:
        if DICTIONARY.is_file() and DICTIONARY.read_text(encoding="utf-8") == wanted:
            return 0
        print(f"{DICTIONARY.name} is not what commlab/tables/ says. Repair: {REPAIR}")
        return 1
    DICTIONARY.write_text(wanted, encoding="utf-8")
    print(f"Wrote {DICTIONARY.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
