//! `tandem evaluate`: verdicts held against known truth.

use detect::Catalogue;
use detect::evaluation::{Evaluation, Evaluator, Tally, ToolTally, TruthRecord};
use intake::{IntakeError, JsonLines, Options, Source};
use model::PrKey;
use serde::Serialize;
use stats::Interval;
use store::{CorrectedPullRequest, Selection, Store};
use web::Labels;
use web::documents::CORRECTIONS_CAUTION;

use crate::app::App;
use crate::cli::EvaluateArguments;
use crate::error::{CliError, ErrorKind, Outcome};
use crate::output::{Output, count, percent};
use crate::wiring::database::PAGE;

/// How many keys of false positives and misses the table shows; `--json` has them all.
const KEYS_SHOWN: usize = 10;

/// Figures from corrections.
#[derive(Serialize)]
struct FromCorrections<'a> {
    labels: &'static str,
    caution: &'static str,
    #[serde(flatten)]
    evaluation: &'a Evaluation,
}

/// Prints precision and recall.
pub(crate) fn run(app: &App, arguments: &EvaluateArguments) -> Result<Outcome, CliError> {
    let store = app.open_to_read("evaluate")?;
    let Some(truth) = &arguments.truth else {
        return against_corrections(app, store.as_ref());
    };
    let source = Source::from_argument(&truth.to_string_lossy());
    let lines = JsonLines::<TruthRecord>::open(&source, Options::default())
        .map_err(|error| CliError::new(ErrorKind::Input, error))?;
    let mut evaluator = evaluator()?;
    for record in lines {
        let truth = record.map_err(|error| match error {
            IntakeError::Line(error) => CliError::new(ErrorKind::Input, error)
                .hint("a line of truth has at least repo, number, agent and ai_authored"),
            IntakeError::File(error) => CliError::new(ErrorKind::Input, error),
        })?;
        push(&mut evaluator, store.as_ref(), &truth.value)?;
    }
    let evaluation = evaluator.finish();
    if app.output.json {
        app.output.document(&evaluation)?;
    } else {
        print(&app.output, &evaluation)?;
    }
    if evaluation.excluded.no_verdict > 0 {
        app.output.hint(&format!(
            "{} records of the truth have no verdict here: tandem import, then tandem detect",
            count(evaluation.excluded.no_verdict)
        ));
    }
    Ok(Outcome::Done)
}

/// Holds what signatures and models say against the corrections that stand.
pub(crate) fn by_corrections(store: &dyn Store) -> Result<Labels, CliError> {
    let mut evaluator = evaluator()?;
    let mut after: Option<PrKey> = None;
    let mut corrections: u64 = 0;
    loop {
        let page = store.corrected(&Selection::all(), after.as_ref(), PAGE)?;
        let Some(last) = page.last() else { break };
        after = Some(last.key.clone());
        for CorrectedPullRequest { key, corrected } in &page {
            let Some(correction) = &corrected.record.correction else {
                continue;
            };
            let truth = TruthRecord::of_correction(key, correction, &corrected.automatic);
            evaluator.push(&truth, Some(&corrected.automatic));
            corrections += 1;
        }
    }
    Ok(Labels {
        corrections,
        evaluation: evaluator.finish(),
    })
}

fn against_corrections(app: &App, store: &dyn Store) -> Result<Outcome, CliError> {
    let Labels {
        corrections,
        evaluation,
    } = by_corrections(store)?;
    if app.output.json {
        app.output.document(&FromCorrections {
            labels: "corrections",
            caution: CORRECTIONS_CAUTION,
            evaluation: &evaluation,
        })?;
        return Ok(Outcome::Done);
    }
    if corrections == 0 {
        app.output.line("No correction stands.")?;
        app.output
            .hint("tandem correct OWNER/NAME#NUMBER says what is right");
        return Ok(Outcome::Done);
    }
    app.output
        .line(&format!("{} corrections as the truth", count(corrections)))?;
    print(&app.output, &evaluation)?;
    app.output.remark(&format!("  {CORRECTIONS_CAUTION}"))?;
    Ok(Outcome::Done)
}

/// An evaluator with the built-in names of tools.
pub(crate) fn evaluator() -> Result<Evaluator, CliError> {
    let catalogue =
        Catalogue::builtin().map_err(|error| CliError::new(ErrorKind::Internal, error))?;
    Ok(Evaluator::new(&catalogue))
}

/// Holds the stored verdict of one pull request against its truth: what signatures and models say, also
/// where a user corrected it.
pub(crate) fn push(
    evaluator: &mut Evaluator,
    store: &dyn Store,
    truth: &TruthRecord,
) -> Result<(), CliError> {
    let record = store.verdict(&truth.key())?;
    let verdict = record.as_ref().map(|record| {
        let corrected = record.corrected.as_ref();
        corrected.map_or(&record.verdict, |corrected| &corrected.automatic)
    });
    evaluator.push(truth, verdict);
    Ok(())
}

/// Prints an evaluation as people read it.
pub(crate) fn print(output: &Output, evaluation: &Evaluation) -> Result<(), CliError> {
    output.heading("Against the truth")?;
    let authored = &evaluation.authored;
    output.line(&format!(
        "  AI or not: precision {}, recall {} ({} found, {} missed, {} people called AI, {} people left alone)",
        rate(authored.precision, authored.intervals.precision),
        rate(authored.recall, authored.intervals.recall),
        count(authored.tp),
        count(authored.fn_),
        count(authored.fp),
        count(authored.tn),
    ))?;
    let visible = &evaluation.visible;
    if visible.n > 0 {
        output.line(&format!(
            "  Where something shows the tool: {} of {} with the right tool, recall {}",
            count(visible.right_tool),
            count(visible.n),
            rate(visible.recall, visible.interval),
        ))?;
    }
    let review = &evaluation.review_overall;
    output.line(&format!(
        "  Review tools: precision {}, recall {}",
        rate(review.precision, review.intervals.precision),
        rate(review.recall, review.intervals.recall),
    ))?;
    let excluded = &evaluation.excluded;
    output.remark(&format!(
        "  left out: {} of unknown author, {} weak, {} by plain bots, {} without a verdict",
        count(excluded.unknown),
        count(excluded.weak),
        count(excluded.plain_bot),
        count(excluded.no_verdict),
    ))?;
    output.heading("Tools that wrote")?;
    tools(output, evaluation.tools.iter())?;
    output.heading("Tools that reviewed")?;
    tools(output, evaluation.review_tools.iter())?;
    keys(output, "People called AI", &evaluation.false_positives)?;
    keys(output, "AI not found", &evaluation.misses)
}

fn tools<'a>(
    output: &Output,
    tools: impl Iterator<Item = (&'a String, &'a ToolTally)>,
) -> Result<(), CliError> {
    let rows: Vec<Vec<String>> = tools
        .filter(|(_, tool)| tool.in_truth)
        .map(|(slug, tool)| {
            let Tally {
                tp,
                fp,
                fn_,
                precision,
                recall,
                intervals,
                ..
            } = &tool.tally;
            vec![
                slug.clone(),
                count(tp + fn_),
                count(*tp),
                count(*fn_),
                count(*fp),
                percent(*precision),
                bounds(intervals.precision),
                percent(*recall),
                bounds(intervals.recall),
            ]
        })
        .collect();
    output.table(
        &[
            "Tool",
            ">There",
            ">Found",
            ">Missed",
            ">Wrong",
            ">Precision",
            ">95 % interval",
            ">Recall",
            ">95 % interval",
        ],
        &rows,
    )
}

fn keys(output: &Output, title: &str, keys: &[PrKey]) -> Result<(), CliError> {
    if keys.is_empty() {
        return Ok(());
    }
    let shown: Vec<String> = keys
        .iter()
        .take(KEYS_SHOWN)
        .map(ToString::to_string)
        .collect();
    let more = keys.len().saturating_sub(KEYS_SHOWN);
    let tail = if more > 0 {
        format!(", and {} more (--json has them all)", count(more as u64))
    } else {
        String::new()
    };
    output.heading(title)?;
    output.line(&format!("  {}{tail}", shown.join(", ")))
}

/// `99.6 % (99.1-99.8)`.
fn rate(share: Option<f64>, interval: Option<Interval>) -> String {
    match interval {
        Some(_) => format!("{} ({})", percent(share), bounds(interval)),
        None => percent(share),
    }
}

fn bounds(interval: Option<Interval>) -> String {
    interval.map_or_else(
        || "-".to_owned(),
        |interval| format!("{:.1}-{:.1}", interval.low * 100.0, interval.high * 100.0),
    )
}
