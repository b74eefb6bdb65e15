"""Chromium, driven to look at pages: what they load, run and show.

Selenium rather than Playwright: it drives the system's own Chromium through the chromedriver that
Debian ships beside it, where Playwright is tied to the builds that it downloads.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from pathlib import Path
from typing import Any

MEASURE = (Path(__file__).parent / "measure.js").read_text(encoding="utf-8")
HEIGHTS = {390: 844, 1280: 900}
# The narrower of A4 and the shorter of US letter, less the margins of the pages (14 and 16 mm), in
# CSS pixels: 8.27 in less 28 mm wide, 11 in less 32 mm high.
PAPER = [687, 935]


@dataclasses.dataclass(frozen=True)
class Seen:
    """What was seen of one page.

    Attributes:
        width: Width of the screen in CSS pixels.
        requests: Addresses that were asked for, the page's own and inline data left out.
        refused: Those of them that the policy of the page stopped.
        executed: Functions that ran, by the address of their script.
        complaints: What the browser wrote into its console: blocked scripts and loads, errors.
        overflow: How many pixels the page is wider than the screen; with folded parts open, too.
        contrasts: Texts below 4.5 : 1, with their contrast.
        tofu: Characters without a glyph.
        cards: Cards in each row, by group of cards.
        clipped: Cards and tables' cells whose content sticks out.
        pictures: For each picture: whether it came, is the narrow one, and how far it is shrunk.
        tables: For each table in sight: whether its box scrolls, and what is in it.
        handlers: Elements that run or would run something.
        print_contrasts: As `contrasts`, as it is printed (of wide screens, as the next two).
        paper: Colour behind the page as it is printed.
        cut: Charts, tables, cards and other boxes that paper would cut, at its width.
        pdf: The page as PDF.
    """

    width: int
    requests: list[str]
    refused: list[str]
    executed: list[str]
    complaints: list[str]
    overflow: list[int]
    contrasts: list[str]
    tofu: str
    cards: list[list[int]]
    clipped: list[str]
    pictures: list[dict[str, Any]]
    tables: list[dict[str, Any]]
    handlers: list[str]
    print_contrasts: list[str]
    paper: str
    cut: list[str]
    pdf: bytes


class Browser:
    """A browser that was started by `start`."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver
        self._cdp("Network.enable")
        self._cdp("Profiler.enable")

    def _cdp(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self.driver.execute_cdp_cmd(method, parameters)

    def look(self, address: str, *, width: int, scheme: str) -> Seen:
        """Open a page with its own security policy in force and measure it.

        Args:
            address: Address of the page, of a file.
            width: Width of the screen in CSS pixels, 390 (a phone) or 1280.
            scheme: "light" or "dark".
        """
        self._media("", scheme)
        self._size(width)
        self.driver.get("about:blank")
        self.driver.get_log("performance")
        self.driver.get_log("browser")
        self._cdp("Profiler.startPreciseCoverage", callCount=True, detailed=False)
        self.driver.get(address)
        found = self._run("screen", width)
        printed, pdf, cut = {"contrasts": [], "paper": ""}, b"", []
        if width > 600:  # once a scheme: paper knows no phone
            self._media("print", scheme)
            printed = self._run("print", width)
            self._size(PAPER[0])
            cut = self.driver.execute_script(f"{MEASURE}\nreturn cut_by_paper({PAPER});")
            self._size(width)
            pdf = base64.b64decode(self._cdp("Page.printToPDF", printBackground=True)["data"])
        executed = self._executed()
        requests, refused = self._requests(address)
        self._cdp("Profiler.stopPreciseCoverage")
        return Seen(
            width=width,
            requests=requests,
            refused=refused,
            executed=executed,
            complaints=[entry["message"] for entry in self.driver.get_log("browser")],
            print_contrasts=printed["contrasts"],
            paper=printed["paper"],
            cut=cut,
            pdf=pdf,
            **found,
        )

    def _size(self, width: int) -> None:
        self._cdp(
            "Emulation.setDeviceMetricsOverride", width=width, height=HEIGHTS.get(width, 900),
            deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip

    def _media(self, media: str, scheme: str) -> None:
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self._cdp("Emulation.setEmulatedMedia", media=media, features=[feature])

    def _run(self, what: str, width: int) -> dict[str, Any]:
        # The driver's own script: the page's policy does not concern it, nor is it counted.
        return self.driver.execute_script(f"{MEASURE}\nreturn measure_{what}({width});")

    def _requests(self, address: str) -> tuple[list[str], list[str]]:
        asked: dict[str, str] = {}
        stopped = set()
        for line in self.driver.get_log("performance"):
            message = json.loads(line["message"])["message"]
            about = message["params"]
            if message["method"] == "Network.requestWillBeSent":
                asked[about["requestId"]] = about["request"]["url"]
            elif about.get("blockedReason") == "csp":
                stopped.add(about["requestId"])
        page = address.split("#")[0]
        assert page in asked.values(), "the log of requests does not hold the page itself"
        asked = {
            key: url for key, url in asked.items()
            if url not in (page, "about:blank") and not url.startswith("data:")
        }  # fmt: skip
        return list(asked.values()), [url for key, url in asked.items() if key in stopped]

    def _executed(self) -> list[str]:
        return [
            f"{script['url'][-60:]}: {function['functionName'] or 'script'}"
            for script in self._cdp("Profiler.takePreciseCoverage")["result"]
            for function in script["functions"]
            if script["url"] and any(part["count"] for part in function["ranges"])
        ]

    def close(self) -> None:
        """End the browser."""
        self.driver.quit()


def start(profile: Path) -> Browser:
    """Start the system's Chromium, without a network.

    Args:
        profile: An empty folder for what it keeps.
    """
    import shutil

    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for switch in (
        "headless", "no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking",
        "disable-component-update", "disable-sync", "hide-scrollbars",
        "host-resolver-rules=MAP * ~NOTFOUND", f"user-data-dir={profile}",
    ):  # fmt: skip
        options.add_argument(f"--{switch}")
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    service = Service(str(shutil.which("chromedriver")))
    return Browser(webdriver.Chrome(options=options, service=service))
