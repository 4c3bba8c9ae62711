//! The numbers that a narrative may use.

use measures::Metric;
use serde::{Deserialize, Serialize};
use stats::Proportion;

use crate::effects::{Comparison, EffectUnit, Exposure, Finding};
use crate::report::Report;

/// The most facts that are given: a model that reads more says less.
const MOST_FACTS: usize = 40;

/// What a fact allows to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// A higher value.
    Higher,
    /// A lower value.
    Lower,
    /// No difference that matters.
    NoDifference,
    /// Not enough data to say.
    NotEnoughData,
    /// How much there is, compared with nothing.
    Level,
}

/// What the numbers of a fact are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactUnit {
    /// A ratio; 0.72 is also "28 %" less.
    Ratio,
    /// A difference of shares, in percentage points.
    Points,
    /// A share, in percent.
    Percent,
    /// A count.
    Count,
}

/// One fact. All numbers are as they may be written: percent and points out of a hundred.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// By which a sentence names it.
    pub id: String,
    /// What it is about.
    pub about: String,
    /// The team; `None` for all together.
    pub team: Option<String>,
    /// What may be said.
    pub says: Says,
    /// What its numbers are.
    pub unit: FactUnit,
    /// The number.
    pub value: f64,
    /// The lower end of its 95 % interval.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// On how many pull requests it rests.
    pub n: u64,
}

/// Four significant digits: what is written is rounded further, never back.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let digits = 3 - value.abs().log10().floor() as i32;
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

/// The facts of a report: adoption, findings, what could not be said of all together, what is merged unseen.
pub fn facts(report: &Report) -> Vec<Fact> {
    let mut facts = Vec::new();
    let adoption = &report.adoption_by_created;
    facts.extend(adoption.overall.of_all.and_then(|share| {
        level(
            "adoption",
            "AI-authored share of pull requests, at least",
            None,
            share,
        )
    }));
    facts.extend(adoption.overall.reviewed_of_all.and_then(|share| {
        level(
            "ai_reviewed",
            "share of pull requests that an AI tool reviewed",
            None,
            share,
        )
    }));
    let trend = adoption.trends.iter().find(|trend| trend.team.is_none());
    if let Some(trend) = trend.filter(|trend| trend.interval.low > 0.0 || trend.interval.high < 0.0)
    {
        facts.push(Fact {
            id: "adoption_trend".to_owned(),
            about: "change of the AI-authored share a month".to_owned(),
            team: None,
            says: if trend.slope_a_month > 0.0 {
                Says::Higher
            } else {
                Says::Lower
            },
            unit: FactUnit::Points,
            value: rounded(trend.slope_a_month * 100.0),
            low: Some(rounded(trend.interval.low * 100.0)),
            high: Some(rounded(trend.interval.high * 100.0)),
            n: adoption.overall.pull_requests,
        });
    }
    let all = || report.authorship.iter().chain(&report.review);
    // First what is found, of all together before teams; then what cannot be said of all together.
    facts.extend(
        all()
            .filter(|one| is_found(one) && one.team.is_none())
            .filter_map(comparison),
    );
    facts.extend(
        all()
            .filter(|one| is_found(one) && one.team.is_some())
            .filter_map(comparison),
    );
    facts.extend(
        all()
            .filter(|one| !is_found(one) && one.team.is_none())
            .filter_map(comparison),
    );
    if let Some(unseen) = report.questions.unseen.shares.first() {
        facts.extend(unseen.with_ai.and_then(|share| {
            level(
                "unseen_ai",
                "AI-authored pull requests merged without another person having looked",
                None,
                share,
            )
        }));
    }
    facts.truncate(MOST_FACTS);
    facts
}

fn level(id: &str, about: &str, team: Option<&str>, share: Proportion) -> Option<Fact> {
    let percent = |value: f64| rounded(value * 100.0);
    Some(Fact {
        id: id.to_owned(),
        about: about.to_owned(),
        team: team.map(str::to_owned),
        says: Says::Level,
        unit: FactUnit::Percent,
        value: percent(share.share?),
        low: share.interval.map(|interval| percent(interval.low)),
        high: share.interval.map(|interval| percent(interval.high)),
        n: share.n,
    })
}

fn is_found(comparison: &Comparison) -> bool {
    matches!(comparison.finding, Finding::Higher | Finding::Lower)
}

fn comparison(comparison: &Comparison) -> Option<Fact> {
    let headline = comparison.headline?;
    let scale = match comparison.unit {
        EffectUnit::Ratio => 1.0,
        EffectUnit::Points => 100.0,
    };
    let number = |value: f64| rounded(value * scale);
    let (who, against) = match comparison.exposure {
        Exposure::AiAuthored => ("AI-authored", "none detected"),
        Exposure::AiReviewed => ("AI-reviewed", "not AI-reviewed"),
    };
    let arm =
        |arm: &Option<crate::effects::ArmDescription>| arm.as_ref().map_or(0, |arm| arm.n as u64);
    Some(Fact {
        id: id_of(
            comparison.exposure,
            comparison.metric,
            comparison.team.as_deref(),
        ),
        about: format!(
            "{}, {who} against {against}",
            comparison.metric.definition().title
        ),
        team: comparison.team.clone(),
        says: match comparison.finding {
            Finding::Higher => Says::Higher,
            Finding::Lower => Says::Lower,
            Finding::NoMeaningfulChange => Says::NoDifference,
            Finding::NotEnoughData => Says::NotEnoughData,
        },
        unit: match comparison.unit {
            EffectUnit::Ratio => FactUnit::Ratio,
            EffectUnit::Points => FactUnit::Points,
        },
        value: number(headline.value),
        low: headline.interval.map(|interval| number(interval.low)),
        high: headline.interval.map(|interval| number(interval.high)),
        n: arm(&comparison.with_ai) + arm(&comparison.without_ai),
    })
}

fn id_of(exposure: Exposure, metric: Metric, team: Option<&str>) -> String {
    let what = match exposure {
        Exposure::AiAuthored => "authored",
        Exposure::AiReviewed => "reviewed",
    };
    format!("{what}/{metric}/{}", team.unwrap_or("all"))
}
