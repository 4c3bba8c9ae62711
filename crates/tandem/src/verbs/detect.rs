//! `tandem detect`: find AI tools by their signatures.

use std::time::Instant;

use model::PrKey;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};
use serde::Serialize;
use store::{AnalysisRecord, Selection, Store, StoredPullRequest, VerdictWrite};

use crate::app::App;
use crate::cli::DetectArguments;
use crate::error::{CliError, Outcome};
use crate::output::count;
use crate::progress::count_bar;
use crate::wiring::database::{PAGE, require_team};
use crate::wiring::detection::{VerdictCounts, detector, measured, verdict};

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    catalogue_version: &'a str,
    detected: VerdictCounts,
    seconds: f64,
}

/// Writes evidence and verdicts.
pub(crate) fn run(app: &App, arguments: &DetectArguments) -> Result<Outcome, CliError> {
    let start = Instant::now();
    let detector = detector(app, &arguments.signatures)?;
    // A missing database is a mistake here, not something to make.
    app.open_to_read("detect")?;
    let store = app.open_to_write("detect")?;
    require_team(store.as_ref(), arguments.selection.team.as_deref())?;
    let selection = arguments.selection.to_selection();
    let extent = if arguments.all {
        Extent::Everything
    } else {
        Extent::NewAndChanged
    };
    let counts = detect(app, store.as_ref(), &detector, &selection, extent)?;
    if app.output.json {
        app.output.document(&Document {
            version: 1,
            catalogue_version: detector.version(),
            detected: counts,
            seconds: start.elapsed().as_secs_f64(),
        })?;
        return Ok(Outcome::Done);
    }
    if counts.total == 0 {
        app.output
            .line("Nothing to do: every pull request has a verdict by this catalogue.")?;
    } else {
        app.output.line(&format!(
            "{} pull requests: {} by agents, {} assisted, {} none detected, {} unknown, {} by plain bots; {} reviewed by AI",
            count(counts.total),
            count(counts.agent),
            count(counts.assisted),
            count(counts.none_detected),
            count(counts.unknown),
            count(counts.plain_bots),
            count(counts.ai_reviewed),
        ))?;
    }
    app.output
        .note("next: tandem adoption, or tandem verdicts, or tandem analyze");
    Ok(Outcome::Done)
}

/// Which pull requests to judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Those without a verdict by this catalogue on their present content.
    NewAndChanged,
    /// All of them, again.
    Everything,
}

/// Judges pull requests and stores what is said of them.
pub(crate) fn detect(
    app: &App,
    store: &dyn Store,
    detector: &detect::Detector,
    selection: &Selection,
    extent: Extent,
) -> Result<VerdictCounts, CliError> {
    let statistics = store.statistics()?;
    let bar = count_bar(&app.output, statistics.pull_requests);
    bar.set_message("detect");
    let mut counts = VerdictCounts::default();
    let mut after: Option<PrKey> = None;
    loop {
        let page = match extent {
            Extent::Everything => store.pull_requests(selection, after.as_ref(), PAGE)?,
            Extent::NewAndChanged => {
                store.undetected(detector.version(), selection, after.as_ref(), PAGE)?
            }
        };
        let Some(last) = page.last() else { break };
        after = Some(last.pull_request.key());
        let analyses = analyses_of(store, &page, statistics.analyses)?;
        let writes: Vec<VerdictWrite> = page
            .par_iter()
            .zip(analyses.par_iter())
            .map(|(stored, analysis)| VerdictWrite {
                key: stored.pull_request.key(),
                content_hash: stored.content_hash.clone(),
                verdict: verdict(
                    detector,
                    &stored.pull_request,
                    &stored.content_hash,
                    analysis.as_ref(),
                ),
                measures: measured(detector, &stored.pull_request),
            })
            .collect();
        for write in &writes {
            counts.add(&write.verdict);
        }
        store.put_verdicts(detector.version(), &writes)?;
        bar.inc(page.len() as u64);
    }
    store.refresh_search()?;
    bar.finish_and_clear();
    Ok(counts)
}

/// The analyses of a page, in its order; nothing is looked up while there are none at all.
fn analyses_of(
    store: &dyn Store,
    page: &[StoredPullRequest],
    analyses: u64,
) -> Result<Vec<Option<AnalysisRecord>>, CliError> {
    let mut found = Vec::with_capacity(page.len());
    for stored in page {
        found.push(if analyses == 0 {
            None
        } else {
            store.analysis(&stored.pull_request.key())?
        });
    }
    Ok(found)
}
