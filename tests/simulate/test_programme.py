"""What the brand does with its members: planted numbers found, counts recounted, money exact.

Bounds are 4 standard errors where one figure is tested, chi-square at 99.9 % where there are
several. The recounts read the written tables only.
"""

from __future__ import annotations

import collections
import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from commlab.config import read_settings
from commlab.simulate import World
from commlab.simulate.chunk import Chunk, Frame
from commlab.simulate.practice import SKINS, Surveys
from commlab.simulate.programme.contents import draw_contents
from commlab.simulate.programme.days import draw_staff_days
from commlab.simulate.programme.surveys import draw_surveys, nps, score_distribution
from commlab.simulate.sends import DELIVERED, OLD_DAYS, UNSENT

from .conftest import z_of_share

ZONE = "Asia/Shanghai"


def local_day(times: pd.Series) -> pd.Series:
    return times.dt.tz_convert(ZONE).dt.date


def test_group_days_equal_a_recount(small) -> None:
    _, truth, tables = small
    days, said = tables["group_days"], tables["messages"]
    stays, groups = tables["memberships"], tables["groups"].set_index("group_id")
    start = truth.start + dt.timedelta(days=truth.figures["days"]["first_day"])
    said = said.assign(on=local_day(said.sent_at))
    cell = said.groupby(["group_id", "on"])
    wanted = pd.DataFrame({"messages": cell.size(), "active": cell.member_id.nunique()})
    index = pd.MultiIndex.from_frame(days[["group_id", "on"]])
    assert index.is_unique
    wanted = wanted.reindex(index).fillna(0).astype(int)
    assert (days.messages.to_numpy() == wanted.messages.to_numpy()).all()
    assert (days.members_active.to_numpy() == wanted.active.to_numpy()).all()
    began, ended = local_day(stays.joined_at), local_day(stays.left_at.dropna())
    for number, row in enumerate(days.itertuples()):
        if number % 37:  # every 37th day of every group is enough to catch a slip
            continue
        here = stays.group_id == row.group_id
        gone = (ended <= row.on).reindex(stays.index, fill_value=False)
        assert row.members == ((began <= row.on) & ~gone & here).sum()
        assert row.joined == ((began == row.on) & here).sum()
        assert row.left == ((ended == row.on).reindex(stays.index, fill_value=False) & here).sum()
    # Every day of every group is there, from the first under observation to the last of its life.
    for group, rows in days.groupby("group_id"):
        facts = groups.loc[group]
        first = max(start, facts.created_at.tz_convert(ZONE).date())
        shut = facts.closed_at
        last = truth.as_of if pd.isna(shut) else shut.tz_convert(ZONE).date()
        assert (rows.on.min(), rows.on.max()) == (first, last)
        assert len(rows) == (last - first).days + 1


def test_staff_days_recount_friends_added_and_lost(small) -> None:
    _, truth, tables = small
    days, friends = tables["staff_days"], tables["contacts"]
    start = truth.start + dt.timedelta(days=truth.figures["days"]["first_day"])
    for column, at, rows in (
        ("new_contacts", "added_at", friends),
        ("negative_feedback", "deleted_at", friends[friends.deleted_by == "customer"]),
    ):
        on = local_day(rows[at])
        wanted = rows[on >= start].groupby(["staff_id", on[on >= start]]).size()
        have = days.set_index(["staff_id", "on"])[column]
        assert have.sum() == wanted.sum()
        assert (have[wanted.index] == wanted).all()
    assert days.reply_share.isna().equals(days.chats == 0)
    steps = tables["touchpoints"]
    chatted = steps[(steps.event == "chatted") & (local_day(steps["at"]) >= start)]
    assert days.chats.sum() >= len(chatted)


def test_reply_times_are_those_of_each_adviser(plain_frame: Frame, big: Chunk) -> None:
    ours = draw_staff_days(plain_frame, 0, big)
    log = np.log(ours.minutes)
    known = np.isfinite(log)
    rules = plain_frame.world.service
    n = np.bincount(ours.adviser[known], minlength=big.advisers)
    mean = np.bincount(ours.adviser[known], log[known], minlength=big.advisers) / n
    z = (mean - np.log(ours.typical)) / (rules.daily_sd / np.sqrt(n))
    assert (z**2).sum() < stats.chi2.ppf(0.999, big.advisers)
    assert abs(z_of_share(ours.answered.sum(), ours.chats.sum(), rules.reply_share)) < 4


def replay(ledger: pd.DataFrame, as_of: dt.date, life: int) -> tuple[int, int]:
    """Points left and points lapsed of one member, by a queue: first in, first out."""
    lots: collections.deque[list] = collections.deque()
    lapsed = 0
    end = pd.Timestamp(as_of, tz=ZONE) + pd.Timedelta(days=1)
    for row in [*ledger.itertuples(), None]:
        now = end if row is None else row.at
        while lots and lots[0][0] <= now - pd.Timedelta(seconds=1):
            lapsed += lots.popleft()[1]
        if row is None or row.reason == "expired":
            continue
        if row.delta > 0:
            assert row.expires_at - row.at == pd.Timedelta(days=life)
            lots.append([row.expires_at, row.delta])
            continue
        cost = -row.delta
        assert sum(points for _, points in lots) >= cost  # never below zero
        while cost:
            used = min(cost, lots[0][1])
            lots[0][1] -= used
            cost -= used
            if not lots[0][1]:
                lots.popleft()
    return sum(points for _, points in lots), lapsed


def test_points_replayed_by_a_queue_give_the_liability_to_the_fen(small) -> None:
    folder, truth, tables = small
    points, facts = tables["points"], truth.figures["points"]
    points = points[points.reason != "expired"]
    left = lapsed = 0
    for _, ledger in points.groupby("member_id"):
        kept, gone = replay(ledger, truth.as_of, int(World().loyalty.life_days))
        left, lapsed = left + kept, lapsed + gone
    assert left == facts["outstanding"] == tables["points"].delta.sum()
    assert -lapsed == facts["by_reason"]["expired"]
    value = read_settings(folder).point_value
    assert value == facts["point_value"]
    assert round(left * value * 100) == facts["liability_fen"]
    sums = tables["points"].groupby("reason").delta.sum().to_dict()
    assert sums == {name: n for name, n in facts["by_reason"].items() if n}


def test_points_begin_with_the_ledger_and_follow_the_other_tables(small) -> None:
    _, truth, tables = small
    points, orders = tables["points"], tables["orders"]
    ledger = pd.Timestamp(truth.start, tz=ZONE) + pd.Timedelta(days=World().loyalty.ledger_day)
    assert points["at"].min() == ledger
    opening = points[points.reason == "opening"]
    assert (opening["at"] == ledger).all()
    assert opening.member_id.is_unique
    bought = orders[orders.member_id.notna() & (orders.paid_at >= ledger)]
    earned = bought.amount.astype(int)
    assert points[points.reason == "purchase"].delta.sum() == earned[earned >= 1].sum()
    checks = tables["check_ins"]
    assert (points.reason == "check_in").sum() == (checks["at"] >= ledger).sum()


def test_promises_are_late_or_broken_as_planted(small) -> None:
    _, truth, tables = small
    facts, rules = truth.figures["points"], World().loyalty
    gifts = tables["points"][tables["points"].reason == "exchange"]
    end = pd.Timestamp(truth.as_of, tz=ZONE) + pd.Timedelta(days=1)
    assert gifts.promised_by.notna().all()
    late = gifts.fulfilled_at > gifts.promised_by
    overdue = gifts.fulfilled_at.isna() & (gifts.promised_by < end)
    assert (late.sum(), overdue.sum()) == (facts["late"], facts["overdue"])
    # Gifts that had three times the promised time: all that come late have come.
    old = gifts[gifts["at"] < end - pd.Timedelta(days=3 * rules.promise_days + 1)]
    assert abs(z_of_share(old.fulfilled_at.isna().sum(), len(old), rules.broken)) < 4
    assert abs(z_of_share((old.fulfilled_at > old.promised_by).sum(), len(old), rules.late)) < 4


def test_tiers_follow_their_rule(small) -> None:
    _, truth, tables = small
    tiers, orders = tables["tiers"], tables["orders"].dropna(subset=["member_id"])
    facts, names = truth.figures["tiers"], [name for name, _ in World().loyalty.tiers]
    limits = np.array([limit for _, limit in World().loyalty.tiers])
    spells = tiers.sort_values(["member_id", "valid_from"]).assign(
        place=lambda frame: frame.tier.map(names.index)
    )
    by_member = spells.groupby("member_id")
    assert (by_member.tail(1).valid_to.isna()).all()
    following = by_member.valid_from.shift(-1)
    ended = spells.valid_to.notna()
    assert (following[ended] - spells.valid_to[ended] == pd.Timedelta(seconds=1)).all()
    steps = by_member.place.diff().dropna()
    assert (steps >= -1).all()
    assert (steps != 0).all()
    rises = {f"{a} > {b}" for i, a in enumerate(names) for b in names[i + 1 :]}
    moves = facts["moves"]
    assert (steps > 0).sum() == sum(n for move, n in moves.items() if move in rises)
    assert len(steps) == sum(moves.values())
    # At each review: up at once where the money of the year before reaches the tier.
    review = pd.Timestamp("2026-05-01", tz=ZONE)
    year = orders[(orders.paid_at < review) & (orders.paid_at >= review - pd.Timedelta(days=365))]
    paid = year.groupby("member_id").amount.sum().astype(float)
    now = spells[
        (spells.valid_from <= review) & (spells.valid_to.isna() | (spells.valid_to >= review))
    ].set_index("member_id")
    reached = np.searchsorted(limits, paid.to_numpy(), side="right") - 1
    assert (now.place[paid.index].to_numpy() >= reached).all()
    last = by_member.tail(1).tier.value_counts()
    assert {name: int(last.get(name, 0)) for name in names} == facts["members"]


def test_coupons_are_used_on_orders_that_hold_their_value(small) -> None:
    _, truth, tables = small
    coupons, orders = tables["coupons"], tables["orders"].set_index("order_id")
    used = coupons[coupons.order_id.notna()]
    assert used.order_id.is_unique
    order = orders.loc[used.order_id]
    assert (order.member_id.to_numpy() == used.member_id.to_numpy()).all()
    assert (order.paid_at.to_numpy() == used.redeemed_at.to_numpy()).all()
    assert (used.redeemed_at >= used.issued_at).all()
    assert (used.redeemed_at <= used.expires_at).all()
    fixed = used["value"].notna().to_numpy()
    assert (order.discount[fixed].to_numpy() >= used["value"][fixed].to_numpy()).all()
    assert (order.campaign_id[~fixed] == "c01").all()
    end = pd.Timestamp(truth.as_of, tz=ZONE) + pd.Timedelta(days=1)
    for batch, facts in truth.figures["coupons"]["by_batch"].items():
        rows = coupons[coupons.batch == batch]
        open_ = rows.order_id.isna()
        over = open_ & (rows.expires_at < end - pd.Timedelta(seconds=1))
        assert (len(rows), (~open_).sum(), over.sum()) == (
            facts["issued"], facts["redeemed"], facts["expired"],
        )  # fmt: skip
    caused = truth.figures["campaigns"]["c01"]["orders_caused"]
    assert truth.figures["coupons"]["by_batch"]["c01"]["redeemed"] == caused


def test_tags_cover_contradict_and_go_stale_as_counted(small) -> None:
    _, truth, tables = small
    tags, facts, rules = tables["tags"], truth.figures["tags"], World().tagging
    for source, n in facts["tagged"].items():
        assert tags[tags.source == source].member_id.nunique() == n
    assert abs(z_of_share(facts["tagged"]["channel"], 1500, rules.channel)) < 4
    skin = tags[tags.tag.isin(SKINS)].groupby("member_id").tag.nunique()
    assert (skin > 1).sum() == facts["contradictory"] > 0
    joined = tables["members"].set_index("member_id").joined_at
    new = tags[(tags.source == "rule") & (tags.tag == "新客")].member_id
    end = pd.Timestamp(truth.as_of, tz=ZONE) + pd.Timedelta(days=1)
    old = end - pd.Timedelta(days=rules.fresh_days)
    assert (joined[new] < old).sum() == facts["stale"]
    people = joined[joined.index.str.startswith("m")]
    assert abs(z_of_share(facts["stale"], (people < old).sum(), rules.stale)) < 4
    # An adviser's tag stands where the step `tagged` does.
    steps = tables["touchpoints"]
    steps = steps[steps.event == "tagged"]
    corporate = tags[tags.source == "corporate"].drop_duplicates("member_id")
    assert set(corporate.member_id) == set(steps.member_id)
    assert (corporate.set_index("member_id").tagged_at[steps.member_id].to_numpy()
            == steps["at"].to_numpy()).all()  # fmt: skip


def test_clicks_follow_tag_and_fatigue(plain_frame: Frame, big: Chunk) -> None:
    sends, pushes = big.sends, plain_frame.world.pushes
    got = sends.status == DELIVERED
    clicked = np.isfinite(sends.clicked)
    targeted = sends.interest >= 0
    rates = {}
    for tagged in (True, False):
        for recent in (0, 1):
            cell = got & (targeted == tagged) & (sends.recent == recent)
            rates[tagged, recent] = clicked[cell].mean(), cell.sum()
    for ours, others, factor in (
        ((True, 0), (False, 0), pushes.tag_gain),
        ((True, 1), (False, 1), pushes.tag_gain),
        ((False, 1), (False, 0), pushes.fatigue),
    ):
        (p, n), (q, m) = rates[ours], rates[others]
        # Several sends a person: the binomial error is widened by the spread of the persons.
        error = 1.3 * np.sqrt((1 - p) / (p * n) + (1 - q) / (q * m))
        assert abs(np.log(p / q / factor)) < 4 * error
    assert not clicked[~got].any()
    # A send goes out, or does not, for all its receivers.
    plans = np.column_stack([sends.adviser, sends.planned, sends.status == UNSENT])
    plans = np.unique(plans, axis=0)
    assert abs(z_of_share((plans[:, 2] == 0).sum(), len(plans), pushes.executed)) < 4
    orders = big.orders
    assert sends.orders.member.size > 100
    assert np.isin(sends.orders.at, orders.at).all()


def test_sends_cost_friends_and_bring_orders_as_planted(plain_frame: Frame, big: Chunk) -> None:
    sends, pushes = big.sends, plain_frame.world.pushes
    got = sends.status == DELIVERED
    begin = np.full(len(big.people), np.inf)
    begin[big.contacts.member] = big.contacts.added
    old = got & (sends.sent - begin[sends.member] > OLD_DAYS)
    expected = old.sum() * pushes.deletions
    # A few of the losses fall beyond the end of the world, or on friends who were leaving.
    assert abs(sends.deletions - expected) < 4 * np.sqrt(expected) + 0.03 * expected
    first = np.full(len(big.people), np.inf)
    own = big.purchases
    first[own.member[own.first]] = own.at[own.first]  # noqa: PD008  no frame
    customers = got & (first[sends.member] < sends.sent)
    expected = customers.sum() * pushes.orders
    assert abs(sends.orders.member.size - expected) < 4 * np.sqrt(expected) + 0.01 * expected


def test_clicks_on_contents_follow_form_topic_hour_and_group(
    plain_frame: Frame, big: Chunk
) -> None:
    ours, plan = draw_contents(plain_frame, 0, big), plain_frame.world.content
    scores = []
    for kind in range(len(plan.kinds)):
        for evening in (True, False):
            cell = (ours.kind == kind) & (ours.evening == evening)
            expected = (ours.exposures * ours.chance)[cell].sum()
            variance = (ours.exposures * ours.chance * (1 - ours.chance))[cell].sum()
            scores.append((ours.clicks[cell].sum() - expected) / np.sqrt(variance))
    assert np.sum(np.square(scores)) < stats.chi2.ppf(0.999, len(scores))
    # The planted log odds come back from the counts: groups average out.
    rate = ours.clicks / np.maximum(ours.exposures, 1)
    reference = (ours.topic == 0) & ~ours.evening
    for kind, (_, _, planted, _) in enumerate(plan.kinds):
        cell = reference & (ours.kind == kind)
        clicks, shown = ours.clicks[cell].sum(), ours.exposures[cell].sum()
        # Groups spread the rate by a lognormal factor of sd .3, mean exp(.3² / 2) at small rates.
        factor = np.exp(plan.group_sd**2 / 2 * (1 - planted))
        groups = np.unique(ours.group[cell]).size
        error = np.sqrt(1 / clicks + 2 * plan.group_sd**2 / groups)
        assert abs(np.log(clicks / shown / planted / factor)) < 4 * error
    assert rate.max() <= 1
    videos = ours.kind == 0
    share = plan.video_evening
    assert abs(z_of_share(ours.evening[videos].sum(), videos.sum(), share)) < 4


def test_survey_weights_give_the_true_scores(plain_frame: Frame, big: Chunk) -> None:
    ours, rules = draw_surveys(plain_frame, 0, big), plain_frame.world.surveys
    answer = np.where(ours.score[:, 0] >= 9, 100.0, np.where(ours.score[:, 0] <= 6, -100.0, 0.0))
    member = ours.member >= 0
    for inside in (True, False):
        y, w = answer[member == inside], ours.weight[member == inside]
        mean = (w * y).sum() / w.sum()
        error = np.sqrt((w**2 * (y - mean) ** 2).sum()) / w.sum()
        assert abs(mean - nps(score_distribution(rules, 0, inside))) < 4 * error
    # Without the weights the members look better than they are.
    y, w = answer[member], ours.weight[member] / ours.weight[member].sum()
    moved = (1 / y.size - w) * (y - w @ y)
    assert moved.sum() > 4 * np.sqrt((moved**2).sum())


def test_score_distribution_against_draws() -> None:
    rules = Surveys()
    rng = np.random.default_rng(0)
    n = 400_000
    mean = rules.mean + rules.members + rules.lively * (rng.random(n) < 0.5) - rules.lively / 2
    drawn = np.clip(np.round(mean + rules.sd * rng.standard_normal(n)), 0, 10).astype(int)
    found = np.bincount(drawn, minlength=11)
    expected = n * score_distribution(rules, 0, True)
    assert ((found - expected) ** 2 / expected).sum() < stats.chi2.ppf(0.999, 10)


@pytest.mark.parametrize("name", ["sends", "contents", "surveys", "staff_days", "points"])
def test_every_table_of_the_programme_has_rows(small, name: str) -> None:
    _, truth, tables = small
    assert len(tables[name]) == truth.rows[name] > 100
