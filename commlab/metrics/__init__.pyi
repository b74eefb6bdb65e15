from commlab.metrics.aarrr import aarrr as aarrr
from commlab.metrics.accounting import growth_accounting as growth_accounting
from commlab.metrics.acquisition import acquisition_costs as acquisition_costs
from commlab.metrics.activity import observed as observed
from commlab.metrics.ads import (
    group_losses_after_ads as group_losses_after_ads,
    losses_after_ads as losses_after_ads,
)
from commlab.metrics.advisers import adviser_work as adviser_work
from commlab.metrics.brand import brand_premium as brand_premium, survey_waves as survey_waves
from commlab.metrics.buyer_lives import (
    buyer_lives as buyer_lives,
    life_sides as life_sides,
    unnamed_orders as unnamed_orders,
)
from commlab.metrics.buyers import buyer_groups as buyer_groups, buyer_splits as buyer_splits
from commlab.metrics.campaign_halves import campaign_halves as campaign_halves
from commlab.metrics.campaign_panel import campaign_panel as campaign_panel, last_year as last_year
from commlab.metrics.campaign_sums import campaign_sums as campaign_sums
from commlab.metrics.campaign_today import campaign_today as campaign_today
from commlab.metrics.campaigns import campaigns as campaigns, overlapping as overlapping
from commlab.metrics.check_in_rows import check_in_rows as check_in_rows
from commlab.metrics.churn_features import (
    churn_cutoffs as churn_cutoffs,
    churn_days as churn_days,
    churn_horizon as churn_horizon,
    churn_rows as churn_rows,
    scoring_cutoffs as scoring_cutoffs,
)
from commlab.metrics.churn_list import (
    churn_actions as churn_actions,
    churn_layers as churn_layers,
    churn_list as churn_list,
    listed_value as listed_value,
    value_at_risk as value_at_risk,
)
from commlab.metrics.codes import code_segments as code_segments, code_splits as code_splits
from commlab.metrics.cohorts import available_splits as available_splits
from commlab.metrics.comparison import compare_retention as compare_retention
from commlab.metrics.complaints import (
    complaint_counts as complaint_counts,
    complaint_list as complaint_list,
    complaint_terms as complaint_terms,
)
from commlab.metrics.contents import (
    content_counts as content_counts,
    content_makers as content_makers,
    content_rows as content_rows,
    content_weeks as content_weeks,
    group_cadence as group_cadence,
)
from commlab.metrics.coupons import (
    coupon_batches as coupon_batches,
    coupon_dependence as coupon_dependence,
    coupon_dependent as coupon_dependent,
    coupon_margins as coupon_margins,
)
from commlab.metrics.demand import demand_signals as demand_signals
from commlab.metrics.dormant import (
    cost_per_return as cost_per_return,
    dormant_bands as dormant_bands,
    returned as returned,
)
from commlab.metrics.engagement import active_days as active_days, stickiness as stickiness
from commlab.metrics.extent import coverage as coverage, freshness as freshness
from commlab.metrics.first_orders import first_order_kinds as first_order_kinds
from commlab.metrics.freebies import freebie_rows as freebie_rows
from commlab.metrics.friendship import friend_loss as friend_loss, friend_splits as friend_splits
from commlab.metrics.funnel import (
    funnel as funnel,
    step_rate as step_rate,
    weak_steps as weak_steps,
)
from commlab.metrics.groupmeans import (
    group_activity as group_activity,
    group_points as group_points,
)
from commlab.metrics.groupmix import group_channels as group_channels
from commlab.metrics.groupnames import (
    group_traits as group_traits,
    named_groups as named_groups,
)
from commlab.metrics.groupvalues import weekly_values as weekly_values
from commlab.metrics.groupweeks import group_weeks as group_weeks
from commlab.metrics.headline import (
    retention_at as retention_at,
    retention_change as retention_change,
)
from commlab.metrics.health import (
    answers as answers,
    buyer_membership as buyer_membership,
    staff_share as staff_share,
    suspected_staff as suspected_staff,
)
from commlab.metrics.health_headline import health_headline as health_headline
from commlab.metrics.hours import day_hours as day_hours, week_profile as week_profile
from commlab.metrics.influence_rows import (
    InfluenceRows as InfluenceRows,
    influence_rows as influence_rows,
)
from commlab.metrics.invitations import invitation_saturation as invitation_saturation
from commlab.metrics.key_rates import key_rates as key_rates, tags_per_chat as tags_per_chat
from commlab.metrics.kinds import retention_kinds as retention_kinds
from commlab.metrics.latest import (
    active_members as active_members,
    latest_two as latest_two,
    loss_within as loss_within,
    span as span,
)
from commlab.metrics.layer_tables import (
    fading_share as fading_share,
    kept_share as kept_share,
    layer_months as layer_months,
    layer_moves as layer_moves,
    layer_table as layer_table,
)
from commlab.metrics.layers import (
    LayerRules as LayerRules,
    LayerWords as LayerWords,
    layer_rules as layer_rules,
    layer_words as layer_words,
    member_layers as member_layers,
)
from commlab.metrics.lifecycle import lifecycle as lifecycle
from commlab.metrics.links import community_links as community_links
from commlab.metrics.margins import (
    UnitCosts as UnitCosts,
    customer_values as customer_values,
    margin_source as margin_source,
    unit_costs as unit_costs,
)
from commlab.metrics.marked import marked_members as marked_members
from commlab.metrics.member_pieces import member_pieces as member_pieces
from commlab.metrics.member_profile import (
    profile_counts as profile_counts,
    profile_dimensions as profile_dimensions,
    profile_measures as profile_measures,
    profile_sums as profile_sums,
)
from commlab.metrics.member_profiles import member_profiles as member_profiles
from commlab.metrics.member_value import (
    member_parts as member_parts,
    member_points as member_points,
    member_value as member_value,
    value_basis as value_basis,
)
from commlab.metrics.migration import migration_list as migration_list
from commlab.metrics.moves import (
    closed_stays as closed_stays,
    migration_rate as migration_rate,
    rewards_due as rewards_due,
)
from commlab.metrics.newcomers import (
    newcomer_mean as newcomer_mean,
    newcomer_measures as newcomer_measures,
    newcomer_outcomes as newcomer_outcomes,
    newcomer_splits as newcomer_splits,
    newcomer_values as newcomer_values,
)
from commlab.metrics.outcomes import Outcomes as Outcomes, campaign_outcomes as campaign_outcomes
from commlab.metrics.participation import (
    participation_rows as participation_rows,
    word_of_mouth as word_of_mouth,
)
from commlab.metrics.payback import margin_curves as margin_curves, payback as payback
from commlab.metrics.points_ledger import (
    breakage as breakage,
    points_by_reason as points_by_reason,
    points_held as points_held,
    points_liability as points_liability,
)
from commlab.metrics.previous import figure_before as figure_before
from commlab.metrics.promises import (
    broken_promises as broken_promises,
    promised_rewards as promised_rewards,
)
from commlab.metrics.purchases import (
    PurchaseHistory as PurchaseHistory,
    present_customers as present_customers,
    purchase_cutoffs as purchase_cutoffs,
    purchase_history as purchase_history,
    static_segments as static_segments,
)
from commlab.metrics.red_packets import red_packets as red_packets
from commlab.metrics.referral_growth import (
    brought_in_all as brought_in_all,
    cycle_time as cycle_time,
    k_estimate as k_estimate,
    k_factor as k_factor,
    referral_forest as referral_forest,
    reward_per_kept as reward_per_kept,
)
from commlab.metrics.referral_value import referral_value as referral_value
from commlab.metrics.referred import (
    matched_difference as matched_difference,
    referred_outcomes as referred_outcomes,
)
from commlab.metrics.repeat_orders import (
    due_members as due_members,
    repurchase_cycles as repurchase_cycles,
    second_orders as second_orders,
)
from commlab.metrics.replies import reply_edges as reply_edges, resolution as resolution
from commlab.metrics.repurchase import repurchase_by_retention as repurchase_by_retention
from commlab.metrics.retention import overall_retention as overall_retention, retention as retention
from commlab.metrics.returns import (
    break_even as break_even,
    phase_edges as phase_edges,
    return_figures as return_figures,
    value_months as value_months,
    value_phases as value_phases,
)
from commlab.metrics.revenue import revenue_retention as revenue_retention
from commlab.metrics.rfm import rfm_groups as rfm_groups, rfm_summary as rfm_summary
from commlab.metrics.rfm_grid import (
    rfm_cuts as rfm_cuts,
    rfm_grid as rfm_grid,
    rfm_next as rfm_next,
    rfm_scores as rfm_scores,
)
from commlab.metrics.ring_rows import (
    referral_links as referral_links,
    shared_identifiers as shared_identifiers,
)
from commlab.metrics.sales import (
    closed_sales as closed_sales,
    monthly_sales as monthly_sales,
    net_revenue as net_revenue,
    repurchase_rate as repurchase_rate,
    total_sales as total_sales,
)
from commlab.metrics.scenarios import (
    needed_share as needed_share,
    read_shares as read_shares,
    scenarios as scenarios,
)
from commlab.metrics.send_clicks import send_fatigue as send_fatigue, tag_gain as tag_gain
from commlab.metrics.send_effects import (
    send_deletions as send_deletions,
    send_orders as send_orders,
    send_outcomes as send_outcomes,
)
from commlab.metrics.sends import send_rates as send_rates
from commlab.metrics.shares import shares_by_reward as shares_by_reward
from commlab.metrics.silent import silent_members as silent_members
from commlab.metrics.spending import cost_months as cost_months, cost_table as cost_table
from commlab.metrics.streaks import (
    after_a_broken_streak as after_a_broken_streak,
    habit_strength as habit_strength,
    streak_survival as streak_survival,
)
from commlab.metrics.surveys import opinion as opinion, opinion_estimate as opinion_estimate
from commlab.metrics.survival import (
    friendship_rows as friendship_rows,
    history as history,
    membership_rows as membership_rows,
    rolling_cutoffs as rolling_cutoffs,
    stay_coverage as stay_coverage,
)
from commlab.metrics.tag_lists import (
    tags_to_add as tags_to_add,
    tags_to_remove as tags_to_remove,
)
from commlab.metrics.tag_outcomes import tag_outcomes as tag_outcomes
from commlab.metrics.tag_times import tag_time_rows as tag_time_rows, tagged_sums as tagged_sums
from commlab.metrics.tags import (
    exclusive_groups as exclusive_groups,
    member_tags as member_tags,
    old_share as old_share,
    tag_ages as tag_ages,
    tag_contradictions as tag_contradictions,
    tag_coverage as tag_coverage,
    tagged_share as tagged_share,
    torn_share as torn_share,
)
from commlab.metrics.teams import team_buying as team_buying
from commlab.metrics.text_sample import product_names as product_names, text_sample as text_sample
from commlab.metrics.tier_moves import (
    tier_holders as tier_holders,
    tier_moves as tier_moves,
    tier_spans as tier_spans,
)
from commlab.metrics.tier_spells import tier_spells as tier_spells
from commlab.metrics.trial_shares import trial_shares as trial_shares
from commlab.metrics.valuable import valuable_members as valuable_members
from commlab.metrics.voices import member_voices as member_voices
