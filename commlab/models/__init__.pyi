from commlab.models.ad_harm import ad_harm_by_group as ad_harm_by_group
from commlab.models.assignment import balance as balance, sample_ratio as sample_ratio
from commlab.models.backtest_churn import (
    ChurnBacktest as ChurnBacktest,
    Fold as Fold,
    churn_backtest as churn_backtest,
)
from commlab.models.backtest_purchases import (
    PurchaseBacktest as PurchaseBacktest,
    purchase_backtest as purchase_backtest,
)
from commlab.models.backtest_segments import (
    SegmentBacktest as SegmentBacktest,
    segment_backtest as segment_backtest,
)
from commlab.models.backtest_survival import (
    Backtest as Backtest,
    Verdict as Verdict,
    backtest as backtest,
)
from commlab.models.best_arm import best_arm as best_arm
from commlab.models.bgnbd import BetaGeoModel as BetaGeoModel
from commlab.models.btyd_churn import (
    add_btyd as add_btyd,
    alive_score as alive_score,
    base_score as base_score,
)
from commlab.models.campaign_list import NextList as NextList, next_list as next_list
from commlab.models.campaign_money import Profit as Profit, campaign_profit as campaign_profit
from commlab.models.campaign_overview import (
    campaign_overview as campaign_overview,
    choose_campaign as choose_campaign,
)
from commlab.models.campaign_readings import (
    campaign_facts as campaign_facts,
    cluster_facts as cluster_facts,
    itt_figures as itt_figures,
    known_profit as known_profit,
    metrics_table as metrics_table,
    null_claim as null_claim,
    part_of_key as part_of_key,
    read_study as read_study,
)
from commlab.models.campaign_returns import (
    campaign_advice as campaign_advice,
    campaign_returns as campaign_returns,
)
from commlab.models.campaign_segments import by_segment as by_segment
from commlab.models.campaign_targeting import (
    CampaignTargeting as CampaignTargeting,
    campaign_targeting as campaign_targeting,
    learnt_targeting as learnt_targeting,
)
from commlab.models.campaign_verdict import Claims as Claims
from commlab.models.check_in_benefit import check_in_benefit as check_in_benefit
from commlab.models.churn import ChurnModel as ChurnModel
from commlab.models.churn_drift import feature_drift as feature_drift
from commlab.models.churn_reasons import (
    held_out_importance as held_out_importance,
    permutation_importance as permutation_importance,
    top_reasons as top_reasons,
    with_reasons as with_reasons,
)
from commlab.models.churn_scoring import (
    ChurnBefore as ChurnBefore,
    churn_before as churn_before,
    churn_folds as churn_folds,
    churned_share as churned_share,
    expected_share as expected_share,
    scoring_model as scoring_model,
)
from commlab.models.claims import campaign_claims as campaign_claims
from commlab.models.clv import (
    LifetimeValue as LifetimeValue,
    at_risk as at_risk,
    lifetime_value as lifetime_value,
    new_customer_value as new_customer_value,
    value_models as value_models,
)
from commlab.models.complaints import (
    complaint_alerts as complaint_alerts,
    complaint_share as complaint_share,
)
from commlab.models.compliers import effect_on_compliers as effect_on_compliers
from commlab.models.concentration import (
    lorenz as lorenz,
    top_share as top_share,
    top_shares as top_shares,
)
from commlab.models.contentadvice import (
    complaint_advice as complaint_advice,
    content_advice as content_advice,
    demand_advice as demand_advice,
    send_advice as send_advice,
)
from commlab.models.contentrates import ContentRates as ContentRates, content_rates as content_rates
from commlab.models.crosscheck import beside_lifetimes as beside_lifetimes
from commlab.models.deathcauses import group_causes as group_causes
from commlab.models.decay import Decay as Decay, decay_rows as decay_rows, fit_decay as fit_decay
from commlab.models.decomposition import Decomposition as Decomposition, decompose as decompose
from commlab.models.did import event_study as event_study
from commlab.models.dose import dose_curve as dose_curve
from commlab.models.earlywarning import (
    EarlyWarning as EarlyWarning,
    early_warning as early_warning,
    warning_rows as warning_rows,
)
from commlab.models.experiment import readout as readout
from commlab.models.freebie import (
    freebie_hunters as freebie_hunters,
    freebie_score as freebie_score,
    freebie_signs as freebie_signs,
)
from commlab.models.gammagamma import GammaGammaModel as GammaGammaModel
from commlab.models.graph import (
    expertise_z as expertise_z,
    graph_scores as graph_scores,
    pagerank as pagerank,
    rank_stability as rank_stability,
)
from commlab.models.groupages import GroupAges as GroupAges, group_ages as group_ages
from commlab.models.groupdeath import dead_weeks as dead_weeks, group_deaths as group_deaths
from commlab.models.groupdimensions import group_dimensions as group_dimensions
from commlab.models.groupfocus import group_focus as group_focus
from commlab.models.grouphazard import (
    GroupHazard as GroupHazard,
    group_hazard as group_hazard,
    hazard_rows as hazard_rows,
)
from commlab.models.grouplife import (
    GroupLife as GroupLife,
    LifeRules as LifeRules,
    group_life as group_life,
    group_trials as group_trials,
    judged_weeks as judged_weeks,
)
from commlab.models.groupoverview import (
    group_active_share as group_active_share,
    group_count as group_count,
    group_needs as group_needs,
    group_overview as group_overview,
    group_places as group_places,
    group_staffing as group_staffing,
)
from commlab.models.groupstage import (
    golden_time as golden_time,
    group_classes as group_classes,
    group_stages as group_stages,
    stage_counts as stage_counts,
    told_apart as told_apart,
    weekly_stages as weekly_stages,
)
from commlab.models.grouptrials import trial_means as trial_means
from commlab.models.holdout import holdout_arms as holdout_arms
from commlab.models.influence import (
    pooled_lift as pooled_lift,
    post_influence as post_influence,
)
from commlab.models.koc import (
    KOCSelection as KOCSelection,
    kept_in as kept_in,
    noise_makers as noise_makers,
    resonance as resonance,
    select_koc as select_koc,
    selection_stability as selection_stability,
)
from commlab.models.koc_labels import LabelledKOC as LabelledKOC, learn_koc as learn_koc
from commlab.models.koc_later import LaterHalf as LaterHalf, later_half as later_half
from commlab.models.koc_people import (
    central_members as central_members,
    koc_cards as koc_cards,
    koc_list as koc_list,
    left_out as left_out,
    referral_groups as referral_groups,
    resolved_share as resolved_share,
    shown_lifts as shown_lifts,
)
from commlab.models.koc_pieces import piece_makers as piece_makers, sent_again as sent_again
from commlab.models.layer_advice import layer_advice as layer_advice, tag_advice as tag_advice
from commlab.models.mbgnbd import ModifiedBetaGeoModel as ModifiedBetaGeoModel
from commlab.models.member_lives import (
    adjusted_repurchase as adjusted_repurchase,
    compare_buyers as compare_buyers,
    life_rows as life_rows,
    repurchase_bounds as repurchase_bounds,
)
from commlab.models.nbd import NBDModel as NBDModel
from commlab.models.next_campaign import (
    NextCampaign as NextCampaign,
    next_campaign as next_campaign,
)
from commlab.models.novelty import Novelty as Novelty, novelty as novelty
from commlab.models.null_example import null_example as null_example
from commlab.models.observational import observe as observe
from commlab.models.outlook import (
    Outlook as Outlook,
    SimpleProjection as SimpleProjection,
    segment_outlook as segment_outlook,
    simple_projection as simple_projection,
)
from commlab.models.paretonbd import ParetoNBDModel as ParetoNBDModel
from commlab.models.post_curve import event_curve as event_curve
from commlab.models.power import detectable as detectable, false_alarms as false_alarms
from commlab.models.profile import profile_table as profile_table
from commlab.models.projection import project as project
from commlab.models.pushwindows import (
    PushWindows as PushWindows,
    group_windows as group_windows,
    push_windows as push_windows,
)
from commlab.models.ranking import (
    probability_best as probability_best,
    probability_top as probability_top,
    ranked_segments as ranked_segments,
    with_top as with_top,
)
from commlab.models.reactions import reaction_rates as reaction_rates
from commlab.models.regression_to_mean import (
    ReturnToMean as ReturnToMean,
    regression_to_mean as regression_to_mean,
)
from commlab.models.residual import ResidualValue as ResidualValue, residual_value as residual_value
from commlab.models.rings import referral_rings as referral_rings
from commlab.models.sbg import ShiftedBetaGeometricModel as ShiftedBetaGeometricModel
from commlab.models.segment_forecast import segment_forecast as segment_forecast
from commlab.models.segments import lost_members as lost_members
from commlab.models.sendfigures import (
    send_estimate as send_estimate,
    send_outcome as send_outcome,
)
from commlab.models.shrinkage import drawn_in as drawn_in, shrunk_means as shrunk_means
from commlab.models.staticcovariates import StaticCovariateModel as StaticCovariateModel
from commlab.models.survival import (
    ended_by as ended_by,
    median_time as median_time,
    restricted_mean as restricted_mean,
    survival_at as survival_at,
    survival_curve as survival_curve,
)
from commlab.models.suspects import Suspects as Suspects, find_suspects as find_suspects
from commlab.models.targeting import (
    compare_targeting as compare_targeting,
    policy_value as policy_value,
)
from commlab.models.tier_months import tier_months as tier_months
from commlab.models.tier_table import held_tiers as held_tiers
from commlab.models.topics import Topics as Topics, find_topics as find_topics
from commlab.models.uplift import (
    DRLearner as DRLearner,
    TLearner as TLearner,
    XLearner as XLearner,
    cross_fitted_uplift as cross_fitted_uplift,
)
from commlab.models.value import (
    Stability as Stability,
    composite as composite,
    part_ranks as part_ranks,
    propose_schedule as propose_schedule,
    read_weights as read_weights,
    savage as savage,
    schedule_factor as schedule_factor,
    share_above as share_above,
    weight_stability as weight_stability,
)
from commlab.models.value_readings import (
    bought_again as bought_again,
    corrected_total as corrected_total,
    time_to_second as time_to_second,
    value_before as value_before,
)
from commlab.models.winners import content_winners as content_winners
