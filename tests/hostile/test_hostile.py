"""A hostile world through every notebook: nothing runs, nothing is requested, nobody is named."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import struct
import zlib

import pytest

from commlab.report import batch
from tests.notebooks.run_folder import ADDRESSES, parsed

from .world import PAYLOADS, hostile_world

_EMBEDDED = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=]+)")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"-?[0-9][0-9.e+-]*\Z")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    place = tmp_path_factory.mktemp("hostile")
    world = hostile_world(place / "brand")
    result = batch.run(world.folder, out=place / "out", name="run")
    return world, result


def shared(result):
    files = sorted(path for path in (result.folder / "share").rglob("*") if path.is_file())
    assert len(files) > 10
    return files


def png_text(png: bytes) -> str:
    """What the text chunks of a PNG say."""
    at, said = 8, []
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        body = png[at + 8 : at + 8 + length]
        if kind in (b"tEXt", b"iTXt", b"eXIf"):
            said.append(body.decode("latin-1"))
        if kind == b"zTXt":
            said.append(zlib.decompress(body.split(b"\0", 1)[1][1:]).decode("latin-1"))
        at += 12 + length
    return "\n".join(said)


def readings(path):
    """All that can be read in a file: as it stands, entities resolved, and inside pictures."""
    raw = path.read_bytes()
    text = raw.decode("utf-8-sig")
    yield text
    if path.suffix == ".html":
        page = parsed(path)
        yield page.text
        yield page.style
        yield "\n".join(value for _, found in page.tags for value in found.values())
        for picture in _EMBEDDED.findall(text):
            yield png_text(base64.b64decode(picture))


def test_every_notebook_runs_through(made):
    _, result = made
    # The world has no campaigns.
    lacking = {name for name, status in result.statuses.items() if status == "skipped"}
    assert lacking <= {"08_campaign_uplift"}
    assert set(result.statuses.values()) <= {"done", "skipped"}, result.statuses


def test_nobody_is_named_anywhere_under_share(made):
    world, result = made
    for path in shared(result):
        for text in readings(path):
            squeezed = _EMBEDDED.sub("", text)
            found = [word for word in world.never if word in squeezed]
            assert not found, (path.name, found)


def test_the_index_and_the_manifest_name_nobody_either(made):
    world, result = made
    for name in ("index.html", "manifest.json", "results.json"):
        for text in readings(result.folder / name):
            assert not [word for word in world.never if word in text], name


def test_pages_hold_nothing_that_runs_or_loads(made):
    _, result = made
    pages = [*result.folder.rglob("*.html")]
    assert len(pages) >= 5
    for path in pages:
        page = parsed(path)
        names = {name for name, _ in page.tags}
        assert not names & {"script", "iframe", "object", "embed", "base", "link", "form", "svg",
                            "math", "video", "audio", "template"}, path.name  # fmt: skip
        policies = [
            found["content"]
            for found in page.all("meta")
            if found.get("http-equiv", "").lower() == "content-security-policy"
        ]
        assert len(policies) == 1
        assert "default-src 'none'" in policies[0]
        for name, attributes in page.tags:
            for attribute, value in attributes.items():
                assert not attribute.startswith("on"), (path.name, name, attribute)
                if attribute in ADDRESSES:
                    inside = value.startswith(("#", "data:image/png;base64,"))
                    leads = path.name == "index.html" or path.name.startswith("01_overview.")
                    local = leads and re.match(r"[\w./%-]+\Z", value)
                    assert inside or local, (path.name, name, value[:80])
        assert "url(" not in page.style.replace("url(data:", "")
        assert "@import" not in page.style
        assert "evil.example" not in page.style


def test_csv_cells_are_no_formulas_and_keep_their_shape(made):
    _, result = made
    seen = 0
    for path in (path for path in shared(result) if path.suffix == ".csv"):
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
        assert {len(row) for row in rows} == {len(rows[0])}, path.name
        for cell in (cell for row in rows for cell in row):
            assert not cell.startswith(_FORMULA) or _NUMBER.match(cell), (path.name, cell[:40])
            seen += "XFORMULA" in cell
    assert seen  # else no formula was there to be made harmless


def test_the_trick_words_did_get_as_far_as_the_pages(made):
    _, result = made
    text = parsed(result.folder / "share" / "02_cohort_retention.en.html").text
    words = {word for payload in PAYLOADS for word in re.findall(r"X[A-Z]{2,}", payload)}
    assert len([word for word in words if word in text]) >= 5


def test_marks_that_turn_the_reading_direction_do_not_reach_pages(made):
    _, result = made
    for path in result.folder.rglob("*.html"):
        text = parsed(path).text
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u0000-\u0008]", text), path.name


def test_results_are_json_of_plain_numbers(made):
    _, result = made
    content = json.loads((result.folder / "results.json").read_text(encoding="utf-8"))
    assert content["02_cohort_retention"]["retention.month1"]["n"] > 0
