"""Escaping and builders, against hostile text."""

from __future__ import annotations

import struct
import zlib
from html.parser import HTMLParser

import pytest

from commlab.errors import ArgumentError
from commlab.report import html

HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</td></table><iframe src=javascript:alert(1)>",
    "&lt;script&gt;",
    "<!-- --><svg/onload=alert(1)>",
    "]]><x>",
    "a\x00b\x1b[31m\x7f\x85",
    "\ud800 half a pair",
    "12\u202e34 turned round",
    "{{ 7 * 7 }} {% raw %}",
    "群主<b>“引号”</b>＜全角＞",
]  # fmt: skip


class Seen(HTMLParser):
    """What a parser sees of a piece of markup."""

    def __init__(self, markup):
        super().__init__(convert_charrefs=True)
        self.tags, self.text = [], ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


def without_controls(text):
    return "".join(c for c in text if c.isprintable() or c in "\n\t")


@pytest.mark.parametrize("text", HOSTILE)
def test_text_stays_text_as_a_child_and_as_an_attribute(text):
    seen = Seen(html.tag("p", text, title=text))
    assert [tag for tag, _ in seen.tags] == ["p"]
    assert list(seen.tags[0][1]) == ["title"]
    assert seen.text == seen.tags[0][1]["title"] == without_controls(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_escaping_twice_is_escaping_once_and_can_be_written(text):
    once = html.escape(text)
    assert html.escape(once) == once
    once.encode("utf-8")


def test_only_html_passes_unescaped():
    class Sly:
        def __html__(self):
            return "<script>"

        def __str__(self):
            return "<b>"

    assert html.tag("p", Sly()) == "<p>&lt;b&gt;</p>"
    assert html.tag("p", html.tag("b", "x")) == "<p><b>x</b></p>"
    # Inside an attribute even markup is text.
    assert Seen(html.tag("p", title=html.tag("b", "x"))).tags == [("p", {"title": "<b>x</b>"})]


def test_line_breaks_are_kept():
    assert html.escape("a\n b\tc") == "a\n b\tc"


@pytest.mark.parametrize("name", ["p onclick", "<p>", "P", "", "1"])
def test_names_of_elements_are_plain(name):
    with pytest.raises(ArgumentError, match="plain name"):
        html.tag(name)


def test_no_event_handlers_and_nothing_in_void_elements():
    with pytest.raises(ArgumentError, match="no scripts"):
        html.tag("p", onclick="x()")
    with pytest.raises(ArgumentError, match="holds nothing"):
        html.tag("img", "x")
    assert html.tag("details", open=True, title=None, hidden=False) == "<details open></details>"


def png(width, height):
    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = zlib.compress(b"".join(b"\0" + b"\xff" * width for _ in range(height)))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return html.PNG + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_a_picture_holds_both_drawings_at_their_size():
    figure = html.picture(png(1600, 832), png(672, 800), alt='half "gone"')
    seen = Seen(figure).tags
    assert [tag for tag, _ in seen] == ["figure", "picture", "source", "img"]
    source, image = seen[2][1], seen[3][1]
    assert source["media"] == "(max-width: 600px)"
    # 1600 pixels at 160 dpi are 10 inches, 960 pixels of CSS
    assert (image["width"], image["height"]) == ("960", "499")
    assert (source["width"], source["height"]) == ("403", "480")
    assert image["alt"] == 'half "gone"'
    assert image["src"].startswith("data:image/png;base64,iVBOR")


def test_a_picture_is_a_png():
    with pytest.raises(ArgumentError, match="not a PNG"):
        html.data_uri(b"<svg onload=alert(1)>")
