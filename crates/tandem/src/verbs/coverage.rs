//! `tandem coverage`: how many pull requests have a current analysis, and why the others have none.

use store::{AnalysisOrigin, Coverage, EvidenceCount, Selection, Versions};
use web::documents::CoverageDocument;

use crate::app::App;
use crate::cli::CoverageArguments;
use crate::error::{CliError, Outcome};
use crate::output::{Output, count, percent};
use crate::wiring::database::require_team;
use crate::wiring::question::current_versions;

/// Prints coverage.
pub(crate) fn run(app: &App, arguments: &CoverageArguments) -> Result<Outcome, CliError> {
    let store = app.open_to_read("coverage")?;
    require_team(store.as_ref(), arguments.team.as_deref())?;
    let versions = current_versions();
    let selection = Selection {
        team: arguments.team.clone(),
        repo: None,
    };
    let coverage = store.coverage(&versions, &selection)?;
    if app.output.json {
        let evidence = store.evidence_counts(&selection)?;
        app.output
            .document(&coverage_document(coverage, evidence, versions))?;
    } else {
        print(&app.output, &coverage)?;
    }
    Ok(Outcome::Done)
}

/// The document: the counts, and the versions they hold for.
pub(crate) fn coverage_document(
    coverage: Coverage,
    evidence: Vec<EvidenceCount>,
    versions: Versions,
) -> CoverageDocument {
    CoverageDocument {
        version: 1,
        coverage,
        evidence,
        prompt_version: versions.prompt,
        schema_version: versions.schema,
    }
}

/// Prints coverage as people read it.
pub(crate) fn print(output: &Output, coverage: &Coverage) -> Result<(), CliError> {
    output.heading("Coverage")?;
    output.line(&format!(
        "  {} of {} pull requests have a current analysis: {} of all, {} of those with a description",
        count(coverage.analyzed),
        count(coverage.total),
        percent(coverage.rates.of_all),
        percent(coverage.rates.of_nonempty),
    ))?;
    output.line(&format!(
        "  {} wait, {} are stale, {} are quarantined; {} have an empty description (analysed from title, commits and files)",
        count(coverage.waiting),
        count(coverage.stale),
        count(coverage.quarantined),
        count(coverage.empty_body),
    ))?;
    if coverage.stale > 0 {
        output.line(&format!(
            "  {} changed since they were analysed, or were asked by an older prompt: tandem analyze --stale renews them",
            count(coverage.stale)
        ))?;
    }
    if coverage.quarantined > 0 {
        output.line("  tandem quarantine says what always failed, and why")?;
    }
    if coverage.by_team.len() > 1 {
        output.line("")?;
        let rows: Vec<Vec<String>> = coverage
            .by_team
            .iter()
            .map(|team| {
                vec![
                    team.team.clone(),
                    count(team.total),
                    count(team.analyzed),
                    percent(team.rates.of_all),
                    percent(team.rates.of_nonempty),
                    count(team.waiting),
                    count(team.stale),
                    count(team.quarantined),
                ]
            })
            .collect();
        output.table(
            &[
                "Team",
                ">All",
                ">Analysed",
                ">Of all",
                ">Of non-empty",
                ">Wait",
                ">Stale",
                ">Quarantined",
            ],
            &rows,
        )?;
    }
    if !coverage.by_tier.is_empty() {
        output.line("")?;
        let rows: Vec<Vec<String>> = coverage
            .by_tier
            .iter()
            .map(|tier| {
                vec![
                    match tier.origin {
                        AnalysisOrigin::Rules => "rules".to_owned(),
                        AnalysisOrigin::Model => tier.tier.to_string(),
                    },
                    match tier.origin {
                        AnalysisOrigin::Rules => "no model asked".to_owned(),
                        AnalysisOrigin::Model => format!("{}:{}", tier.provider, tier.model),
                    },
                    count(tier.analyzed),
                ]
            })
            .collect();
        output.table(&["Tier", "Answered by", ">Analyses"], &rows)?;
    }
    Ok(())
}
