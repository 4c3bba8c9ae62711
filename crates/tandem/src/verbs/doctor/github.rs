//! GitHub: with which right it is asked, and whether that is enough and not too much.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use github::{
    Access, Client, ClientSettings, Credentials, GithubError, Installation, Silent, TokenKind,
};
use serde::Serialize;

use crate::cli::DoctorArguments;
use crate::config::Config;
use crate::output::count;
use crate::wiring::github::{Right, address, client_with, kind_and_hint, right};

/// How long GitHub may take for one answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Owners looked at, at most.
const OWNERS_MAX: usize = 20;
/// Clocks that differ by more are said: an app's request would be refused from a minute on.
const CLOCKS_DIFFER_SECONDS: i64 = 30;
/// What a sync reads with an app or a fine-grained token.
const PERMISSIONS: [&str; 4] = ["metadata", "pull_requests", "contents", "issues"];

/// What there is to say of GitHub.
#[derive(Serialize)]
pub(super) struct GithubReport {
    base_url: String,
    /// Where the right comes from; `None` where there is none.
    source: Option<String>,
    checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    name: String,
    state: State,
    /// One sentence.
    says: String,
    /// What to do about it.
    fix: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Ok,
    Warning,
    Problem,
    NotAsked,
}

impl Check {
    fn ok(name: impl Into<String>, says: impl Into<String>) -> Check {
        Check {
            name: name.into(),
            state: State::Ok,
            says: says.into(),
            fix: None,
        }
    }

    fn warning(name: impl Into<String>, says: impl Into<String>, fix: impl Into<String>) -> Check {
        Check {
            state: State::Warning,
            fix: Some(fix.into()),
            ..Check::ok(name, says)
        }
    }

    fn problem(name: impl Into<String>, says: impl Into<String>, fix: impl Into<String>) -> Check {
        Check {
            state: State::Problem,
            ..Check::warning(name, says, fix)
        }
    }

    fn not_asked(name: impl Into<String>, says: impl Into<String>) -> Check {
        Check {
            state: State::NotAsked,
            ..Check::ok(name, says)
        }
    }

    fn failed(name: impl Into<String>, error: &GithubError) -> Check {
        let fix = kind_and_hint(error)
            .1
            .unwrap_or_else(|| "see docs/github.md".to_owned());
        Check::problem(name, error.to_string(), fix)
    }
}

impl GithubReport {
    /// What to do about problems.
    pub(super) fn fixes(&self) -> Vec<String> {
        self.checks
            .iter()
            .filter(|check| check.state == State::Problem)
            .filter_map(|check| Some(format!("GitHub, {}: {}", check.name, check.fix.as_ref()?)))
            .collect()
    }

    /// Rows of the table.
    pub(super) fn rows(&self) -> Vec<Vec<String>> {
        let mut rows = vec![vec![
            "github".to_owned(),
            self.base_url.clone(),
            match &self.source {
                Some(source) => format!("by {source}"),
                None => "not set up; only tandem sync needs it".to_owned(),
            },
        ]];
        for check in &self.checks {
            let says = crate::output::printable(&check.says);
            let state = match (check.state, &check.fix) {
                (State::Ok, _) => String::new(),
                (State::NotAsked, _) => "not asked".to_owned(),
                (State::Warning, Some(fix)) => format!("note: {fix}"),
                (State::Problem | State::Warning, _) => "to be mended".to_owned(),
            };
            rows.push(vec![
                String::new(),
                format!("{}: {says}", check.name),
                state,
            ]);
        }
        rows
    }
}

/// Looks at everything that a sync needs. `synced` are the repositories known so far.
pub(super) fn report(
    config: &Config,
    arguments: &DoctorArguments,
    synced: &[String],
) -> GithubReport {
    let mut report = GithubReport {
        base_url: String::new(),
        source: None,
        checks: Vec::new(),
    };
    match address(config) {
        Ok(address) => address.base().clone_into(&mut report.base_url),
        Err(error) => {
            let fix = "set github.base_url to https:// and the host of the enterprise server";
            report
                .checks
                .push(Check::problem("address", error.words(), fix));
            return report;
        }
    }
    let right = match right(config) {
        Ok(Some(right)) => right,
        Ok(None) => {
            if !arguments.owners.is_empty() || !synced.is_empty() {
                let fix = "export GITHUB_TOKEN=..., or gh auth login";
                report
                    .checks
                    .push(Check::problem("token", "there is none", fix));
            }
            return report;
        }
        Err(error) => {
            let fix = "see github in tandem doctor --print-config";
            report
                .checks
                .push(Check::problem("token", error.words(), fix));
            return report;
        }
    };
    report.source = Some(right.source.clone());
    report.checks.push(kind(&right));
    if report.checks[0].state == State::Problem {
        return report;
    }
    let owners = owners(&arguments.owners, synced);
    if arguments.offline {
        report
            .checks
            .push(Check::not_asked("GitHub", "what the token may do"));
        return report;
    }
    let settings = ClientSettings {
        max_tries: 1,
        timeout: PATIENCE,
        max_wait: Some(Duration::ZERO),
        floor_points: 0,
        ..ClientSettings::default()
    };
    let floor = config.github.floor_points;
    // Points that are kept for others do not keep from looking.
    let mut looking = config.clone();
    looking.github.floor_points = None;
    let made = client_with(
        &looking,
        right.credentials.clone(),
        owners.iter().next().cloned(),
        settings,
        Arc::new(Silent),
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match (made, runtime) {
        (Ok(client), Ok(runtime)) => {
            let looks = Looks {
                client: &client,
                kind: kind_of(&right),
                floor: floor.unwrap_or(ClientSettings::default().floor_points),
            };
            report
                .checks
                .extend(runtime.block_on(looks.all(&owners, synced)));
        }
        (Err(error), _) => report.checks.push(Check::problem(
            "GitHub",
            error.words(),
            "see docs/github.md",
        )),
        (_, Err(error)) => report.checks.push(Check::problem(
            "GitHub",
            error.to_string(),
            "the system gives no more threads or files; end something else",
        )),
    }
    report
}

/// The owners asked for, and those of what was synced.
fn owners(named: &[String], synced: &[String]) -> BTreeSet<String> {
    let of_synced = synced
        .iter()
        .filter_map(|name| Some(name.split_once('/')?.0.to_owned()));
    named
        .iter()
        .cloned()
        .chain(of_synced)
        .take(10_000)
        .collect::<BTreeSet<String>>()
        .into_iter()
        .take(OWNERS_MAX)
        .collect()
}

fn kind_of(right: &Right) -> Option<TokenKind> {
    match &right.credentials {
        Credentials::Token(token) => Some(TokenKind::of(token)),
        Credentials::App(_) => None,
    }
}

/// What the token is, as it can be told without asking anybody.
fn kind(right: &Right) -> Check {
    match kind_of(right) {
        None => Check::ok("kind", "a GitHub App, which asks for tokens of an hour"),
        Some(TokenKind::Refresh) => Check::problem(
            "kind",
            "a refresh token, which gives no access",
            "use the access token that came with it",
        ),
        Some(kind) => Check::ok("kind", kind.words()),
    }
}

struct Looks<'c> {
    client: &'c Client,
    kind: Option<TokenKind>,
    floor: u64,
}

impl Looks<'_> {
    async fn all(&self, owners: &BTreeSet<String>, synced: &[String]) -> Vec<Check> {
        let mut checks = Vec::new();
        if self.kind.is_none() {
            match self.client.installation().await {
                Ok(Some(installation)) => checks.extend(installed(&installation)),
                Ok(None) => {}
                Err(error) => {
                    checks.push(Check::failed("installation", &error));
                    return checks;
                }
            }
        }
        match self.client.access().await {
            Ok(access) => checks.extend(self.access(&access)),
            Err(error) => {
                checks.push(Check::failed("token", &error));
                return checks;
            }
        }
        for owner in owners {
            checks.extend(self.owner(owner, synced).await);
        }
        checks
    }

    fn access(&self, access: &Access) -> Vec<Check> {
        let mut checks = Vec::new();
        let whose = match &access.login {
            Some(login) => format!("accepted, of {login}"),
            None => "accepted".to_owned(),
        };
        let until = access
            .expires_at
            .as_ref()
            .map(|until| format!(", until {until}"))
            .unwrap_or_default();
        checks.push(Check::ok("token", format!("{whose}{until}")));
        if let Some(version) = &access.enterprise_version {
            checks.push(Check::ok("server", format!("GitHub Enterprise {version}")));
        }
        if let Some(scopes) = &access.scopes {
            checks.push(scopes_check(scopes));
        }
        if let Some(points) = access.points {
            let says = format!(
                "{} of {} points are left, all of them again at {}",
                count(points.remaining),
                count(points.limit),
                points.resets_at.strftime("%H:%M UTC")
            );
            checks.push(if points.remaining <= self.floor.min(points.limit / 2) {
                let fix = "a sync waits until then; a token of its own has points of its own";
                Check::warning("limit", says, fix)
            } else {
                Check::ok("limit", says)
            });
        }
        let ahead = access.clock_ahead.as_secs();
        if ahead.abs() > CLOCKS_DIFFER_SECONDS {
            let fix = "set the clock, by NTP for instance; a sync goes by GitHub's clock meanwhile";
            let side = if ahead > 0 { "behind" } else { "ahead of" };
            let says = format!("this machine's is {} s {side} GitHub's", ahead.abs());
            checks.push(Check::warning("clock", says, fix));
        }
        checks
    }

    async fn owner(&self, owner: &str, synced: &[String]) -> Vec<Check> {
        let mut checks = Vec::new();
        match self.client.look_at_owner(owner).await {
            Ok(0) => {
                checks.push(Check::warning(
                    owner,
                    "no repository of it is visible",
                    "give the token or the app the repositories that are to be synced",
                ));
                return checks;
            }
            Ok(visible) => checks.push(Check::ok(
                owner,
                format!("{} repositories are visible", count(visible)),
            )),
            Err(error) => {
                checks.push(Check::failed(owner, &error));
                return checks;
            }
        }
        let prefix = format!("{owner}/");
        let Some(repository) = synced.iter().find(|name| name.starts_with(&prefix)) else {
            return checks;
        };
        match self.client.look_at_repository(repository).await {
            Ok(refused) if refused.is_empty() => checks.push(Check::ok(
                repository,
                "everything that a sync reads can be read",
            )),
            Ok(refused) => {
                let fields: Vec<&str> = refused.iter().map(|part| part.field.as_str()).collect();
                let permissions: BTreeSet<&str> =
                    fields.iter().map(|field| permission(field)).collect();
                let permissions: Vec<&str> = permissions.into_iter().collect();
                checks.push(Check::problem(
                    repository,
                    format!(
                        "the token may not read {}: {}",
                        fields.join(", "),
                        refused[0].message
                    ),
                    format!("give it read access to {}", permissions.join(", ")),
                ));
            }
            Err(error) => checks.push(Check::failed(repository, &error)),
        }
        checks
    }
}

/// The permission that a field of a pull request needs.
fn permission(field: &str) -> &'static str {
    match field {
        "statusCheckRollup" => "Commit statuses and Checks",
        "commits" | "commit" | "files" => "Contents",
        "comments" | "closingIssuesReferences" => "Issues",
        _ => "Pull requests",
    }
}

/// Whether the scopes of a classic token are what a sync needs: `repo` for private repositories, none
/// for public ones.
fn scopes_check(scopes: &[String]) -> Check {
    let too_much: Vec<&str> = scopes
        .iter()
        .map(String::as_str)
        .filter(|scope| !matches!(*scope, "repo" | "public_repo" | "read:org" | "read:user"))
        .collect();
    let listed = if scopes.is_empty() {
        "none".to_owned()
    } else {
        scopes.join(", ")
    };
    if !too_much.is_empty() {
        return Check::warning(
            "scopes",
            format!("{listed}: more than a sync needs ({})", too_much.join(", ")),
            "a fine-grained token can be limited to reading; of a classic one, repo is enough",
        );
    }
    if scopes.iter().any(|scope| scope == "repo") {
        return Check::ok("scopes", format!("{listed}: private repositories, too"));
    }
    Check::ok("scopes", format!("{listed}: public repositories only"))
}

/// Whether an installation may read what a sync reads, and no more.
fn installed(installation: &Installation) -> Vec<Check> {
    let at = installation
        .account
        .as_ref()
        .map_or_else(String::new, |account| format!(" at {}", account.login));
    if let Some(since) = installation.suspended_at {
        return vec![Check::problem(
            "installation",
            format!("{}{at} is suspended since {since}", installation.id),
            "lift the suspension in the settings of the organisation, under GitHub Apps",
        )];
    }
    let repositories = installation.repository_selection.as_deref().unwrap_or("?");
    let mut checks = vec![Check::ok(
        "installation",
        format!("{}{at}, for {repositories} repositories", installation.id),
    )];
    let lacking: Vec<&str> = PERMISSIONS
        .into_iter()
        .filter(|name| !installation.permissions.contains_key(*name))
        .collect();
    let writing: Vec<&str> = installation
        .permissions
        .iter()
        .filter(|(_, level)| *level != "read")
        .map(|(name, _)| name.as_str())
        .collect();
    if !lacking.is_empty() {
        checks.push(Check::problem(
            "permissions",
            format!("the app may not read {}", lacking.join(", ")),
            "give the app these permissions (read), and accept them where it is installed",
        ));
    } else if writing.is_empty() {
        checks.push(Check::ok("permissions", "what a sync reads, and no more"));
    } else {
        checks.push(Check::warning(
            "permissions",
            format!("the app may change {}", writing.join(", ")),
            "reading is enough for a sync",
        ));
    }
    checks
}
