//! What a calibration says, for people and for scripts.

use batch::engine::Estimate;
use batch::{TierSpec, break_even_escalation};
use serde::Serialize;
use stats::CalibrationResult;

use super::sample::Sample;
use crate::app::App;
use crate::error::{CliError, Outcome};
use crate::output::{count, percent};
use crate::verbs::analyze::estimate_text;
use crate::wiring::doubt::StoredCalibration;

#[derive(Serialize)]
struct DryRun<'a> {
    version: u32,
    dry_run: bool,
    cheap: String,
    oracle: String,
    answers: u64,
    sampled: usize,
    #[serde(flatten)]
    estimate: &'a Estimate,
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    stored: &'a StoredCalibration,
    /// The share of all answers that goes to tier 2, for whatever doubt.
    escalated_share: f64,
    /// The share above which tier 2 alone would be cheaper, at list prices.
    break_even_share: Option<f64>,
}

/// Shows what would be asked.
pub(super) fn dry_run(
    app: &App,
    sample: &Sample,
    pair: &[TierSpec],
    estimate: &Estimate,
) -> Result<Outcome, CliError> {
    let name = |place: usize| {
        pair.get(place)
            .map_or_else(String::new, |tier| tier.reference.to_string())
    };
    if app.output.json {
        app.output.document(&DryRun {
            version: 1,
            dry_run: true,
            cheap: name(0),
            oracle: name(1),
            answers: sample.answers,
            sampled: sample.sampled.len(),
            estimate,
        })?;
    } else {
        app.output.line(&format!(
            "Would ask {} about {} of {} answers of {} ({} sampled, the others have their label): {}",
            name(1),
            count(estimate.requests),
            count(sample.answers),
            name(0),
            count(sample.sampled.len() as u64),
            estimate_text(estimate)
        ))?;
        app.output.line("Nothing was sent.")?;
    }
    Ok(Outcome::Done)
}

/// Shows what was learned.
pub(super) fn calibration(
    app: &App,
    stored: &StoredCalibration,
    cheap: &TierSpec,
    oracle: &TierSpec,
) -> Result<(), CliError> {
    let break_even_share = break_even(cheap, oracle);
    if app.output.json {
        return app.output.document(&Document {
            stored,
            escalated_share: stored.escalated_share(),
            break_even_share,
        });
    }
    let output = &app.output;
    let learned = &stored.calibration;
    output.heading(&format!(
        "{} against {}, {} labels",
        stored.cheap,
        stored.oracle,
        count(learned.labels)
    ))?;
    output.line(&format!(
        "  They agree on {} of {} sampled answers; with confidence {}, on at least {} of all",
        count(learned.agreeing),
        count(learned.labels),
        percent(Some(1.0 - learned.target.delta)),
        percent(Some(learned.lower_bound_of_all)),
    ))?;
    if stored.unlabelled > 0 {
        output.line(&format!(
            "  {} of the sample have no label: tier 2 gave no answer",
            count(stored.unlabelled)
        ))?;
    }
    let rows: Vec<Vec<String>> = learned
        .steps
        .iter()
        .map(|step| {
            vec![
                format!("{}", step.threshold),
                percent(Some(step.kept_share)),
                count(step.labels),
                count(step.agreeing),
                format!("{:.4}", step.p_value),
                format!("{:.4}", step.level),
                if step.passes { "passes" } else { "fails" }.to_owned(),
            ]
        })
        .collect();
    if !rows.is_empty() {
        output.table(
            &[
                ">From", ">Kept", ">Labels", ">Agree", ">p", ">Level", "Result",
            ],
            &rows,
        )?;
    }
    output.line("")?;
    output.line(&format!("  {}", result_text(stored)))?;
    let escalated = stored.escalated_share();
    if matches!(learned.result, CalibrationResult::Threshold { .. }) {
        output.line(&format!(
            "  To tier 2 go {} of the answers, {} of them for an unsupported quote or a contradiction to the evidence",
            percent(Some(escalated)),
            percent(Some(stored.doubted_otherwise)),
        ))?;
        output.hint("tandem analyze --escalate-doubt uses it");
    }
    if let Some(limit) = break_even_share.filter(|limit| escalated > *limit) {
        output.warning(&format!(
            "tier 2 alone would be cheaper: {} would be escalated, and above {} the cascade costs more",
            percent(Some(escalated)),
            percent(Some(limit)),
        ));
    }
    Ok(())
}

/// The result in a sentence.
pub(crate) fn result_text(stored: &StoredCalibration) -> String {
    let target = stored.calibration.target;
    match stored.calibration.result {
        CalibrationResult::Threshold {
            threshold,
            lower_bound,
            ..
        } => format!(
            "Keep answers with a confidence of {threshold} or more: at least {} of them agree, except with probability {} (lower bound {})",
            percent(Some(target.accuracy)),
            target.delta,
            percent(Some(lower_bound)),
        ),
        CalibrationResult::OutOfReach => format!(
            "No confidence was shown to reach {} with these labels: escalate everything, allow more labels, or lower the target",
            percent(Some(target.accuracy)),
        ),
        CalibrationResult::TooFewLabels { needed } => format!(
            "Too few labels: {} are needed at least, even if all agree; allow more labels or lower the target",
            count(needed)
        ),
    }
}

/// The share of escalated answers at which tier 2 alone costs as much, at list prices and equal tokens
/// (three parts prompt, one part answer).
fn break_even(cheap: &TierSpec, oracle: &TierSpec) -> Option<f64> {
    let cost = |tier: &TierSpec| tier.price.map(|price| price.batch.cost(3_000, 1_000));
    break_even_escalation(cost(cheap)?, cost(oracle)?)
}
