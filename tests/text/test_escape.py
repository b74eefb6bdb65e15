"""Text from data in HTML: nothing becomes markup, nothing turns the reading direction."""

from __future__ import annotations

import html

from hypothesis import given, strategies as st

from commlab.text import coded, escape, fmt, tidy


@given(st.text())
def test_escaped_text_holds_no_markup_and_reads_the_same(text):
    safe = escape(text)
    assert not set("<>\"'") & set(safe)
    assert html.unescape(safe) == tidy(text)


def test_direction_and_control_characters_are_dropped():
    assert tidy("12\u202e34\x00\x1b[0m\u2066!") == "1234[0m!"


def test_lines_become_spaces_and_fixed_spaces_stay():
    assert tidy("a\n\tb\u2028c") == "a b c"
    assert tidy(fmt.share(0.44, "en")) == fmt.share(0.44, "en")


def test_anything_can_be_escaped():
    assert escape(None) == "None"
    assert escape(3) == "3"


def test_backticks_become_code_and_nothing_else_does():
    assert coded(escape("`a` <b> `c")) == "<code>a</code> &lt;b&gt; `c"
    assert coded(escape("`<i>`")) == "<code>&lt;i&gt;</code>"
