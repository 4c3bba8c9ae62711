//! `tandem sync --status`: what is expected against what is stored, and why it differs.

use jiff::Timestamp;
use serde::Serialize;
use store::{ExpectedAgainstStored, RepositorySync, SyncGap};

use crate::app::App;
use crate::error::{CliError, Outcome};
use crate::output::count;
use crate::wiring::database::require_team;

#[derive(Serialize)]
struct Document {
    version: u32,
    repositories: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    sync: RepositorySync,
    gaps: Vec<SyncGap>,
}

pub(super) fn run(app: &App, team: Option<&str>) -> Result<Outcome, CliError> {
    let store = app.open_to_read("sync")?;
    require_team(store.as_ref(), team)?;
    let of_team = team.map(|team| store.team_repositories(team)).transpose()?;
    let mut repositories = Vec::new();
    for sync in store.sync_status()? {
        if (of_team.as_ref()).is_some_and(|of_team| !of_team.contains(&sync.repo)) {
            continue;
        }
        let gaps = if sync.incomplete + sync.gone > 0 {
            store.sync_gaps(&sync.repo)?
        } else {
            Vec::new()
        };
        repositories.push(Line { sync, gaps });
    }
    if app.output.json {
        app.output.document(&Document {
            version: 1,
            repositories,
        })?;
        return Ok(Outcome::Done);
    }
    if repositories.is_empty() {
        app.output
            .line("Nothing was synced yet: tandem sync --org OWNER")?;
        return Ok(Outcome::Done);
    }
    let now = Timestamp::now();
    let rows: Vec<Vec<String>> = repositories
        .iter()
        .map(|line| row(&line.sync, now))
        .collect();
    app.output.table(
        &[
            "Repository",
            ">Pull requests",
            ">Commits",
            ">Reviews",
            ">Comments",
            ">Files",
            ">Incomplete",
            ">Gone",
            "Synced",
        ],
        &rows,
    )?;
    app.output
        .remark("stored / what GitHub counts, where they differ")?;
    for line in &repositories {
        if let Some(trouble) = &line.sync.trouble {
            app.output
                .line(&format!("  {}: {trouble}", line.sync.repo))?;
        }
        if line.sync.to_read_again > 0 {
            app.output.line(&format!(
                "  {}: {} pull requests are read again by the next sync",
                line.sync.repo,
                count(line.sync.to_read_again)
            ))?;
        }
        for gap in &line.gaps {
            app.output.line(&crate::output::printable(&format!(
                "  {}#{}: {}",
                gap.repo, gap.number, gap.reason
            )))?;
        }
    }
    Ok(Outcome::Done)
}

fn row(sync: &RepositorySync, now: Timestamp) -> Vec<String> {
    vec![
        sync.repo.clone(),
        pair(sync.pull_requests),
        pair(sync.commits),
        pair(sync.reviews),
        pair(sync.comments),
        pair(sync.files),
        count(sync.incomplete),
        count(sync.gone),
        age(sync, now),
    ]
}

fn pair(both: ExpectedAgainstStored) -> String {
    if both.expected == both.stored {
        count(both.stored)
    } else {
        format!("{} / {}", count(both.stored), count(both.expected))
    }
}

fn age(sync: &RepositorySync, now: Timestamp) -> String {
    let reach = sync
        .since
        .map(|since| format!(", since {}", since.strftime("%Y-%m-%d")))
        .unwrap_or_default();
    let Some(finished) = sync.finished_at else {
        return format!("not to its end yet{reach}");
    };
    let minutes = now.duration_since(finished).as_mins();
    let ago = match minutes {
        ..=1 => "just now".to_owned(),
        2..=119 => format!("{minutes} min ago"),
        120..=2_879 => format!("{} h ago", minutes / 60),
        _ => format!("{} days ago", minutes / 1_440),
    };
    let unfinished = if sync.unfinished { ", unfinished" } else { "" };
    format!("{ago}{unfinished}{reach}")
}
