"""Every chart, in both languages and widths: legible, inside its frame, same bytes, harmless."""

from __future__ import annotations

import functools
import io
import itertools
import subprocess
import sys

import chart_samples as samples
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from PIL import Image

from commlab.charts import colours, fonts, style
from commlab.errors import ArgumentError, NotEnoughDataError

FORMS = [("en", False), ("en", True), ("zh", False), ("zh", True)]


def draw(name: str, lang: str, narrow: bool, frame: pd.DataFrame | None = None) -> style.Chart:
    function, make, options = samples.CHARTS[name]
    data = make() if frame is None else frame
    return function(data, lang=lang, narrow=narrow, as_of=samples.AS_OF, **options)


@functools.cache
def drawn(name: str, lang: str, narrow: bool) -> style.Chart:
    """A chart of the samples, for tests that only look at it."""
    return draw(name, lang, narrow)


def shown_texts(chart: style.Chart) -> list[Text]:
    chart.draw_without_rendering()
    found = [text for text in chart.findobj(Text) if text.get_visible() and text.get_text().strip()]
    boxes = {id(text): text.get_window_extent() for text in found}
    # ticks beyond the limits of an axis exist but are not drawn
    return [text for text in found if boxes[id(text)].width > 0 and _drawn(chart, text)]


def _drawn(chart: style.Chart, text: Text) -> bool:
    for axes in chart.axes:
        for axis in (axes.xaxis, axes.yaxis):
            labels = [tick.label1 for tick in axis.get_major_ticks()]
            labels += [tick.label2 for tick in axis.get_major_ticks()]
            if text in labels:
                drawn = {id(tick) for tick in axis._update_ticks()}
                return any(
                    id(tick) in drawn and text in (tick.label1, tick.label2)
                    for tick in axis.get_major_ticks()
                )
    return True


@pytest.mark.parametrize(("lang", "narrow"), FORMS)
@pytest.mark.parametrize("name", samples.CHARTS)
def test_texts_are_legible_inside_and_apart(name, lang, narrow):
    chart = drawn(name, lang, narrow)
    texts = shown_texts(chart)
    least = 9.5 if narrow else 8.5
    frame = chart.bbox
    boxes = []
    for text in texts:
        assert text.get_size() >= least or text.get_text() == "●", text.get_text()
        box = text.get_window_extent()
        assert box.x0 >= frame.x0 - 1, text.get_text()
        assert box.x1 <= frame.x1 + 1, text.get_text()
        assert box.y0 >= frame.y0 - 1, text.get_text()
        assert box.y1 <= frame.y1 + 1, text.get_text()
        boxes.append((text.get_text(), box))
    for (one, a), (two, b) in itertools.combinations(boxes, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        down = min(a.y1, b.y1) - max(a.y0, b.y0)
        # 2 px of line height hold no ink
        assert across <= 0 or down <= 2, f"{one!r} over {two!r}"


@pytest.mark.parametrize("name", samples.CHARTS)
def test_same_bytes_twice_and_no_input_changed(name):
    function, make, options = samples.CHARTS[name]
    frame = make()
    before = frame.copy(deep=True)
    first = function(frame, lang="zh", narrow=True, as_of=samples.AS_OF, **options).png()
    pd.testing.assert_frame_equal(frame, before)
    assert first == drawn(name, "zh", True).png()
    assert first.startswith(b"\x89PNG")
    assert b"Software" not in first
    assert b"matplotlib" not in first


@pytest.mark.parametrize("narrow", [False, True])
def test_sizes(narrow):
    picture = Image.open(io.BytesIO(drawn("survival", "en", narrow).png()))
    inches = style.NARROW if narrow else style.WIDE
    assert picture.size == tuple(round(side * 160) for side in inches)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", samples.NAMED)
def test_hostile_names_are_drawn_as_they_are(name, lang):
    frame = samples.NAMED[name](samples.HOSTILE)
    chart = draw(name, lang, True, frame)
    assert chart.png()
    texts = "\n".join(text.get_text() for text in chart.findobj(Text))
    joined = texts.replace("\n", "")
    assert "<script>" in joined
    assert "$\\frac" in joined
    assert "\u202e" not in joined
    assert "\U0001f680" not in joined
    assert fonts.ABSENT in joined
    assert not fonts.missing(joined)
    assert not any(text.get_parse_math() for text in chart.findobj(Text))


@pytest.mark.parametrize("name", samples.CHARTS)
def test_missing_column_and_empty_frame_say_so(name):
    function, make, _ = samples.CHARTS[name]
    with pytest.raises(ArgumentError, match="lacks the columns"):
        function(pd.DataFrame({"nothing": [1]}), lang="en")
    with pytest.raises(NotEnoughDataError):
        function(make().head(0), lang="en")


def test_title_is_drawn_and_is_the_alternative_text():
    chart = samples.CHARTS["triangle"][0](
        samples.triangle(), lang="zh", title={"en": "Half gone", "zh": "流失过半"}
    )
    assert chart.texts[0].get_text() == "流失过半"
    assert chart.alt.startswith("流失过半 ")


def test_triangle_shows_the_figures_of_its_frame():
    frame = samples.triangle()
    chart = draw("triangle", "en", False, frame)
    written = [text.get_text() for text in chart.axes[0].texts]
    cohorts = sorted(frame["cohort"].unique())[-14:]
    shown = frame[frame["cohort"].isin(cohorts) & (frame["period"] < 14) & frame["rate"].notna()]
    sizes = frame[frame["cohort"].isin(cohorts)].groupby("cohort")["size"].max()
    expected = [f"{100 * rate:.0f}" for rate in shown["rate"]] + [f"{n:,}" for n in sizes]
    assert sorted(written) == sorted(expected)


def test_triangle_hides_figures_of_what_is_not_over():
    frame = samples.triangle(4)
    frame.loc[frame["status"] == "open", "rate"] = 0.01  # a careless caller
    chart = draw("triangle", "en", False, frame)
    written = [text.get_text() for text in chart.axes[0].texts]
    assert "1" not in written
    assert "1.0" not in written


def test_narrow_triangle_shows_the_last_cohorts_and_first_periods():
    chart = drawn("triangle", "en", True)
    rows = [label.get_text() for label in chart.axes[0].get_yticklabels()]
    assert rows == [f"2025-{month}" for month in (11, 12)] + [f"2026-0{k}" for k in range(1, 7)]
    heads = [label.get_text() for label in chart.axes[0].get_xticklabels()]
    assert heads == ["n", *map(str, range(7))]


def test_lifecycle_bars_hold_the_counts():
    frame = samples.lifecycle()
    chart = draw("lifecycle", "en", False, frame)
    heights = [bar.get_height() for box in chart.axes[0].containers for bar in box]
    done = frame[frame["status"] == "ok"]
    gained = done[["retained", "new", "resurrected", "activated_late"]].to_numpy(dtype=float).sum()
    lost = done[["dormant", "left"]].to_numpy(dtype=float).sum()
    assert sum(h for h in heights if h > 0) == gained
    assert -sum(h for h in heights if h < 0) == lost


def test_projection_begins_where_the_data_end():
    chart = draw("survival_projected", "en", False)
    dashed = [
        line for line in chart.axes[0].lines if line.is_dashed() and len(line.get_xdata()) > 2
    ]
    assert len(dashed) == 4
    for line in dashed:
        assert line.get_xdata()[0] == 300


def test_channels_keep_their_colour_from_chart_to_chart():
    some = samples.SEGMENTS[2:4]
    few = draw("curves", "en", False, samples.curves(some))
    all_ = drawn("curves", "en", False)

    def shade(chart, name):
        written = chart.findobj(Text)
        return next(t.get_color() for t in written if t.get_text().startswith(f"{name}  "))

    for name in some:
        assert shade(few, name) == shade(all_, name)


def test_few_segments_share_a_panel_and_more_have_their_own():
    assert len(drawn("curves_few", "en", True).axes) == 1
    chart = drawn("curves", "en", True)
    assert len(chart.axes) == 6
    for axes in chart.axes:  # the segment itself, and the six others in grey
        assert len(axes.lines) - 1 == 7  # and the zero line


def test_titles_name_no_winner_that_was_not_compared():
    frame = samples.curves(samples.SEGMENTS[:2])
    alt = draw("curves", "en", False, frame.assign(high=frame["rate"])).alt
    assert not any(name in alt for name in samples.SEGMENTS[:2])


def test_rare_events_have_no_gaps():
    frame = pd.DataFrame(
        {
            "table": ["messages"] * 8 + ["campaigns"] * 8,
            "month": samples.months(8) * 2,
            "rows": [5, 5, 0, 5, 5, 5, 5, 5, 0, 1, 0, 0, 1, 0, 0, 0],
        }
    )
    chart = draw("coverage", "en", False, frame)
    assert chart.alt.startswith("messages has 1 month without a row")


def test_names_in_colour_can_be_read():
    for colour in (*colours.CATEGORIES, colours.GREY, colours.ACCENT, colours.BAD, colours.GOOD):
        assert colours.contrast(colours.text_in(colour), colours.CARD) >= 4.5


def test_heat_map_figures_can_be_read():
    for share in np.linspace(0, 1, 101):
        fill = mpl.colormaps["viridis_r"](0.1 + 0.8 * share)[:3]
        assert colours.contrast(colours.text_on(fill), fill) >= 4.5


def test_too_many_colours_are_refused():
    with pytest.raises(ArgumentError, match="7 names in one chart"):
        colours.by_name([str(k) for k in range(7)])


def test_clashing_homes_move_on():
    among = [str(k) for k in range(12)]
    shades = colours.by_name(sorted(among)[::6], among=sorted(among))
    assert len(set(shades.values())) == 2


def test_drawing_leaves_matplotlib_as_it_was():
    names = [name for name in mpl.rcParams if name != "backend"]  # asking for it would set it
    before = [mpl.rcParams[name] for name in names]
    draw("curves", "zh", True).png()
    assert [mpl.rcParams[name] for name in names] == before
    assert "matplotlib.pyplot" not in sys.modules or not mpl.pyplot.get_fignums()


def test_the_users_settings_do_not_show():
    plain = draw("active_days", "en", True).png()
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "text.parse_math": True}):
        assert draw("active_days", "en", True).png() == plain


def test_a_missing_glyph_is_an_error():
    chart = draw("active_days", "en", True)
    chart.texts[0].set_text("\U0001f9ff")
    with pytest.raises(Exception, match="Glyph"):
        chart.png()


def test_charts_load_when_first_used():
    code = "import sys, commlab.charts; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    with pytest.raises(AttributeError, match="Did you mean 'retention'"):
        __import__("commlab.charts").charts.retentoin  # noqa: B018
