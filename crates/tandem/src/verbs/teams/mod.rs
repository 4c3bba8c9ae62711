//! `tandem teams`: the teams, their rules and what each has; rules that decide nothing, with a hint.

mod hints;

use std::collections::HashMap;

use ::teams::{By, TeamMapping, TeamRule};
use jiff::civil::Date;
use serde::Serialize;
use store::{Store, TeamSummary};

use crate::app::App;
use crate::cli::TeamsArguments;
use crate::config::TeamRules;
use crate::error::{CliError, Outcome};
use crate::output::{Output, count};

/// How many patterns of one kind are named in the table.
const PATTERNS_NAMED: usize = 3;
/// How many rules without pull requests are named.
const UNMATCHED_NAMED: usize = 20;

#[derive(Serialize)]
struct Document {
    version: u32,
    source: Source,
    configuration: Option<String>,
    moved: Option<u64>,
    teams: Vec<Team>,
    unmatched: Vec<Unmatched>,
}

/// Where the rules in force come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Source {
    /// There are none: the owners of repositories are the teams.
    Owners,
    /// From the configuration.
    Configuration,
    /// From an earlier configuration; the present one says nothing about teams.
    Database,
}

#[derive(Serialize)]
struct Team {
    #[serde(flatten)]
    summary: TeamSummary,
    rules: Vec<Rule>,
}

#[derive(Debug, Clone, Serialize)]
struct Rule {
    by: By,
    pattern: String,
    from: Option<Date>,
    to: Option<Date>,
    line: Option<usize>,
    pull_requests: u64,
}

#[derive(Serialize)]
struct Unmatched {
    team: String,
    #[serde(flatten)]
    rule: Rule,
    hint: String,
}

/// Shows the teams.
pub(crate) fn run(app: &App, arguments: &TeamsArguments) -> Result<Outcome, CliError> {
    let rules = app.config()?.team_rules;
    let store = app.open_to_read("teams")?;
    let moved = if arguments.apply {
        let writable = app.open_to_write("teams")?;
        Some(app.apply_teams(writable.as_ref())?.moved)
    } else {
        None
    };
    let document = document(store.as_ref(), rules.as_ref(), moved)?;
    if app.output.json {
        app.output.document(&document)?;
    } else {
        print(&app.output, &document)?;
    }
    Ok(Outcome::Done)
}

fn document(
    store: &dyn Store,
    configured: Option<&TeamRules>,
    moved: Option<u64>,
) -> Result<Document, CliError> {
    let mapping = store.teams_in_force()?.mapping;
    let decided = store.pull_requests_by_team_rule()?;
    let configured = configured.filter(|rules| rules.mapping.rules() == mapping.rules());
    let mut teams: Vec<Team> = store
        .teams()?
        .into_iter()
        .map(|summary| Team {
            summary,
            rules: Vec::new(),
        })
        .collect();
    let mut unmatched = Vec::new();
    for (index, rule) in mapping.rules().iter().enumerate() {
        let shown = Rule {
            by: rule.by,
            pattern: rule.pattern.clone(),
            from: rule.from,
            to: rule.to,
            line: configured.and_then(|rules| rules.lines.get(index).copied()),
            pull_requests: decided.get(&index).copied().unwrap_or(0),
        };
        if shown.pull_requests == 0 {
            unmatched.push((rule, shown.clone()));
        }
        team_of(&mut teams, rule).rules.push(shown);
    }
    teams.sort_by(|one, other| one.summary.team.cmp(&other.summary.team));
    Ok(Document {
        version: 1,
        source: source(&mapping, configured),
        configuration: configured.map(|rules| rules.file.display().to_string()),
        moved,
        teams,
        unmatched: hints::explain(store, &mapping, unmatched)?,
    })
}

/// The team of a rule; one that has nothing yet is shown all the same.
fn team_of<'t>(teams: &'t mut Vec<Team>, rule: &TeamRule) -> &'t mut Team {
    let known = (teams.iter()).position(|team| team.summary.team == rule.team);
    let index = known.unwrap_or_else(|| {
        teams.push(Team {
            summary: TeamSummary {
                team: rule.team.clone(),
                repositories: 0,
                pull_requests: 0,
                people: 0,
            },
            rules: Vec::new(),
        });
        teams.len() - 1
    });
    &mut teams[index]
}

fn source(mapping: &TeamMapping, configured: Option<&TeamRules>) -> Source {
    if mapping.is_empty() {
        Source::Owners
    } else if configured.is_some() {
        Source::Configuration
    } else {
        Source::Database
    }
}

fn print(output: &Output, document: &Document) -> Result<(), CliError> {
    if document.teams.is_empty() {
        output.line("There are no pull requests yet: tandem import FILE, or tandem sync")?;
        return Ok(());
    }
    let rows: Vec<Vec<String>> = document
        .teams
        .iter()
        .map(|team| {
            vec![
                team.summary.team.clone(),
                count(team.summary.repositories),
                count(team.summary.pull_requests),
                count(team.summary.people),
                rules_in_words(&team.rules),
            ]
        })
        .collect();
    output.table(
        &[
            "Team",
            ">Repositories",
            ">Pull requests",
            ">People",
            "Rules",
        ],
        &rows,
    )?;
    if !document.unmatched.is_empty() {
        output.heading("Rules that decide no pull request")?;
        for one in document.unmatched.iter().take(UNMATCHED_NAMED) {
            let place = one
                .rule
                .line
                .map(|line| format!("line {line}: "))
                .unwrap_or_default();
            output.line(&format!(
                "  {place}{}, {} {}: {}",
                one.team,
                one.rule.by.name(),
                crate::output::printable(&one.rule.pattern),
                one.hint
            ))?;
        }
        if let Some(more) = document.unmatched.len().checked_sub(UNMATCHED_NAMED)
            && more > 0
        {
            output.line(&format!(
                "  and {more} more: tandem teams --json has them all"
            ))?;
        }
    }
    match document.source {
        Source::Owners => output.hint(
            "a team is the owner of a repository; [[teams]] in tandem.toml makes others, see docs/teams.md",
        ),
        Source::Configuration => {}
        Source::Database => output.hint(
            "these rules are of an earlier configuration, the present one has no teams; tandem teams --apply drops them",
        ),
    }
    Ok(())
}

/// `authors ada, grace and 3 more; paths pay/`.
fn rules_in_words(rules: &[Rule]) -> String {
    let mut patterns: HashMap<By, Vec<&str>> = HashMap::new();
    for rule in rules {
        let of_kind = patterns.entry(rule.by).or_default();
        if !of_kind.contains(&rule.pattern.as_str()) {
            of_kind.push(&rule.pattern);
        }
    }
    let mut words = Vec::new();
    for (by, plural) in [
        (By::Author, "authors"),
        (By::Path, "paths"),
        (By::Repository, "repositories"),
    ] {
        let Some(patterns) = patterns.get(&by) else {
            continue;
        };
        let named: Vec<&str> = patterns.iter().take(PATTERNS_NAMED).copied().collect();
        let more = patterns.len() - named.len();
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let kind = if patterns.len() == 1 {
            by.name()
        } else {
            plural
        };
        words.push(format!("{kind} {}{more}", named.join(", ")));
    }
    words.join("; ")
}
