//! Plain bots: dependency updates, neither AI nor people.

use model::{Actor, Commit, FileChange, Label, PullRequest};

use super::calendar::moment;
use super::chance::Chance;
use super::clocks::{Ending, Moments};
use super::languages::Language;
use super::repositories::RepositoryPlan;
use super::vocabulary::PACKAGES;

/// A bot that updates dependencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlainBot {
    Dependabot,
    Renovate,
}

impl PlainBot {
    /// Login without suffix, and account id.
    pub(super) fn account(self) -> (&'static str, u64) {
        match self {
            PlainBot::Dependabot => ("dependabot", 49_699_333),
            PlainBot::Renovate => ("renovate", 29_139_614),
        }
    }
}

/// Packages of AI vendors, which bots update like any other: hard negatives.
const TOOL_PACKAGES: &[&str] = &[
    "@openai/codex",
    "@anthropic-ai/claude-code",
    "@github/copilot",
];
/// Share of updates that are of such a package.
const TOOL_PACKAGE_SHARE: f64 = 0.07;

/// Writes title, branch, commit and files of a dependency update into the record. Returns whether
/// it updates an AI tool's package.
pub(super) fn write_update(
    plan: &RepositoryPlan,
    opened: i64,
    record: &mut PullRequest,
    chance: &mut Chance,
) -> bool {
    let of_a_tool = chance.happens(TOOL_PACKAGE_SHARE);
    // The tools come as npm packages whatever the repository is written in.
    let language = if of_a_tool {
        Language::TypeScript
    } else {
        plan.language
    };
    let package = chance.pick(if of_a_tool { TOOL_PACKAGES } else { PACKAGES });
    let (major, minor, patch) = (
        chance.between(0, 6),
        chance.between(0, 30),
        chance.between(0, 9),
    );
    let from = format!("{major}.{minor}.{patch}");
    let to = format!("{major}.{}.0", minor + 1);
    let branch_package = package.trim_start_matches('@').replace('/', "-");
    let (title, branch, body) = match plan.bot {
        PlainBot::Dependabot => (
            format!("Bump {package} from {from} to {to}"),
            format!(
                "dependabot/{}/{}-{to}",
                language.ecosystem(),
                package.trim_start_matches('@')
            ),
            format!(
                "Bumps `{package}` from {from} to {to}. Comment `@dependabot rebase` to rebase."
            ),
        ),
        PlainBot::Renovate => (
            format!("chore(deps): update {package} to v{to}"),
            format!("renovate/{branch_package}-{major}.x"),
            format!(
                "This pull request updates `{package}` from `{from}` to `{to}`.\n\n| package | change |\n|---|---|\n| {package} | `{from}` to `{to}` |"
            ),
        ),
    };
    let (login, id) = plan.bot.account();
    let app = plan.form.app_login(login);
    record.author = Some(Actor {
        login: Some(app.clone()),
        id: plan.form.id(Some(id)),
        is_bot: Some(true),
    });
    record.commits = Some(vec![Commit {
        sha: Some(chance.hex(40)),
        message: title.clone(),
        author_login: Some(app),
        committer_login: Some("web-flow".to_owned()),
        author_name: Some(format!("{login}[bot]")),
        author_email: Some(format!("{id}+{login}[bot]@users.noreply.github.com")),
        committer_name: Some("GitHub".to_owned()),
        committer_email: Some("noreply@github.com".to_owned()),
        authored_at: Some(moment(opened - 30)),
    }]);
    record.title = title;
    record.head_ref = Some(branch);
    record.body = Some(body);
    record.labels = Some(vec![Label("dependencies".to_owned())]);
    record.files = Some(vec![FileChange {
        path: language.manifest().to_owned(),
        additions: Some(1),
        deletions: Some(1),
    }]);
    of_a_tool
}

/// The moments of a dependency update, which nobody reviews.
pub(super) fn draw_moments(opened: i64, until: i64, chance: &mut Chance) -> Moments {
    let ended = opened + (chance.lognormal(9.0, 1.0) * 3600.0) as i64 + 60;
    let ending = match chance.happens(0.15) {
        _ if ended >= until => Ending::Open,
        true => Ending::ClosedUnmerged,
        false => Ending::Merged,
    };
    Moments {
        first_commit: opened,
        opened,
        drafted: false,
        ready: Some(opened),
        first_review: None,
        ended: Some(ended).filter(|_| ending != Ending::Open),
        ending,
    }
}
