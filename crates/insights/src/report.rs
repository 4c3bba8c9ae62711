//! The report: everything that is said, as one value.

use measures::{Definition, Metric, Observations};
use serde::Serialize;

use crate::adoption::{Adoption, AdoptionClock, adoption_of};
use crate::advice::{AdviceReport, Rule, advise_prepared, families_asked};
use crate::answers::{Answer, answers};
use crate::effects::{
    Comparison, Exposure, Family, Groups, METRICS, Prepared, Question, REVIEW_METRICS, Reading,
    Sensitivity, families,
};
use crate::months::{month_index, month_name};
use crate::questions::{Questions, answer};

/// The version of the report's shape.
const REPORT_VERSION: u32 = 1;

/// Which pull requests the report is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Scope {
    /// Only this team.
    pub team: Option<String>,
    /// The first month of opening, `2026-05`.
    pub from: Option<String>,
    /// The last month of opening.
    pub to: Option<String>,
}

/// What to put into the report.
#[derive(Debug, Clone)]
pub struct ReportOptions {
    /// How values are read, and up to which moment.
    pub reading: Reading,
    /// What the observations were selected by; only told on.
    pub scope: Scope,
    /// The metrics to compare; empty for all.
    pub metrics: Vec<Metric>,
    /// The rules of advice; empty for none.
    pub rules: Vec<Rule>,
    /// Whether other definitions are tried.
    pub sensitivity: Sensitivity,
}

/// Everything that is said.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Report {
    /// The version of this shape.
    pub version: u32,
    /// The month that is not over, `2026-05`.
    pub current_month: String,
    /// Which pull requests it is about.
    pub scope: Scope,
    /// The three questions of a reader in a hurry: how much, what it goes along with, what to do next.
    pub answers: Vec<Answer>,
    /// All pull requests of the scope.
    pub pull_requests: u64,
    /// Those not yet measured by the present definitions: `tandem detect` does.
    pub not_measured: u64,
    /// Which calendar the clocks go by, where it is not all time.
    pub calendar: Option<String>,
    /// Adoption by month of opening.
    pub adoption_by_created: Adoption,
    /// Adoption by month of merging.
    pub adoption_by_merged: Adoption,
    /// What AI authorship goes along with.
    pub authorship: Vec<Comparison>,
    /// What AI review goes along with.
    pub review: Vec<Comparison>,
    /// What leaders ask beyond that: starts, waits, load, what is merged unseen, size, outcomes, fit of work.
    pub questions: Questions,
    /// What to do next, by team, as things stood when the last full month ended.
    pub advice: AdviceReport,
    /// The definitions of the metrics above.
    pub definitions: Vec<&'static Definition>,
}

/// Makes the report of observations.
pub fn report(observations: &Observations, options: &ReportOptions) -> Report {
    let current_month = month_name(month_index(options.reading.now));
    let wanted = |metrics: &[Metric]| -> Vec<Metric> {
        metrics
            .iter()
            .copied()
            .filter(|metric| options.metrics.is_empty() || options.metrics.contains(metric))
            .collect()
    };
    let family = |exposure, metrics: &[Metric]| Family {
        question: Question {
            exposure,
            metrics: wanted(metrics),
            groups: Groups::TogetherAndTeams,
            sensitivity: options.sensitivity,
        },
        as_of: None,
    };
    let mut asked = vec![
        family(Exposure::AiAuthored, &METRICS),
        family(Exposure::AiReviewed, &REVIEW_METRICS),
    ];
    asked.extend(families_asked(&options.rules, &options.reading));
    let prepared = Prepared::new(observations, &options.reading);
    let by = |clock| adoption_of(observations, clock, Some(&current_month));
    // All side by side, so that no processor waits for the last comparison of a family.
    let ((adoption, questions), mut comparisons) = rayon::join(
        || {
            let adoption = (by(AdoptionClock::Created), by(AdoptionClock::Merged));
            let questions = answer(observations, &options.reading);
            (adoption, questions)
        },
        || families(&prepared, &asked),
    );
    let of_advice = comparisons.split_off(2);
    let advice = advise_prepared(&prepared, &options.rules, &of_advice);
    let [authorship, review] = comparisons
        .try_into()
        .unwrap_or_else(|_| [Vec::new(), Vec::new()]);
    let (adoption_by_created, adoption_by_merged) = adoption;
    let not_measured = observations.rows.iter().filter(|row| !row.measured).count() as u64;
    let mut metrics = wanted(&METRICS);
    metrics.extend([Metric::Adoption, Metric::AiReviewed]);
    let mut report = Report {
        version: REPORT_VERSION,
        answers: Vec::new(),
        scope: options.scope.clone(),
        pull_requests: observations.rows.len() as u64,
        not_measured,
        calendar: options.reading.calendar.label(),
        adoption_by_created,
        adoption_by_merged,
        authorship,
        review,
        questions,
        advice,
        definitions: metrics.into_iter().map(Metric::definition).collect(),
        current_month,
    };
    report.answers = answers(&report).into();
    report
}

/// Keeps the pull requests that were opened in a range of months, both ends included.
pub fn by_month_range(observations: &mut Observations, from: Option<u32>, to: Option<u32>) {
    if from.is_none() && to.is_none() {
        return;
    }
    observations.rows.retain(|row| {
        row.opened.seconds().map(month_index).is_some_and(|month| {
            from.is_none_or(|from| month >= from) && to.is_none_or(|to| month <= to)
        })
    });
}
