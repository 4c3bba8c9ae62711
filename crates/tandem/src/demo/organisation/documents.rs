//! Files, commits and labels.

use model::{Commit, FileChange, Label};

use super::calendar::moment;
use super::chance::Chance;
use super::clocks::Moments;
use super::people::Person;
use super::repositories::RepositoryPlan;
use super::texts::{Idea, Kind};
use super::vocabulary::STEMS;

/// The changed files; their lines add up to the size.
pub(super) fn files(
    plan: &RepositoryPlan,
    idea: &Idea,
    size_lines: u64,
    chance: &mut Chance,
) -> Vec<FileChange> {
    let most = (1 + size_lines / 25).min(14);
    let wanted = chance.between(1, most);
    let mut files: Vec<FileChange> = Vec::new();
    let mut left = size_lines;
    for index in 0..wanted {
        let path = path(plan, idea, index, chance);
        if files.iter().any(|file| file.path == path) {
            continue;
        }
        let last = index + 1 == wanted;
        let lines = if last {
            left
        } else {
            chance.between(0, left / 2)
        };
        left -= lines;
        files.push(change(path, lines, chance));
    }
    if left > 0
        && let Some(first) = files.first_mut()
    {
        first.additions = first.additions.map(|lines| lines + left);
    }
    files
}

fn path(plan: &RepositoryPlan, idea: &Idea, index: u64, chance: &mut Chance) -> String {
    let stem = chance.pick(STEMS);
    match idea.kind {
        Kind::Docs if index == 0 => format!("docs/{}.md", idea.component),
        Kind::Tests if index == 0 => plan.language.test(idea.component, stem),
        Kind::Chore if index == 0 => format!("config/{}.yml", idea.component),
        _ if index % 3 == 2 => plan.language.test(idea.component, stem),
        _ if chance.happens(0.15) => plan.language.source(chance.pick(plan.components), stem),
        _ => plan.language.source(idea.component, stem),
    }
}

/// A file with its lines shared between added and deleted.
pub(super) fn change(path: String, lines: u64, chance: &mut Chance) -> FileChange {
    let deletions = (lines as f64 * 0.5 * chance.unit()) as u64;
    FileChange {
        path,
        additions: Some(lines - deletions),
        deletions: Some(deletions),
    }
}

/// The commits: some before the pull request is opened, some in answer to review.
pub(super) fn commits(
    idea: &Idea,
    title: &str,
    person: &Person,
    moments: &Moments,
    size_lines: u64,
    chance: &mut Chance,
) -> Vec<Commit> {
    let before = 1 + chance.between(0, (size_lines / 60).min(4)).cast_signed();
    let span = moments.opened - moments.first_commit;
    let mut commits = Vec::new();
    for index in 0..before {
        let message = if index == 0 {
            title.to_owned()
        } else {
            idea.follow_up(chance)
        };
        let at = moments.first_commit + span * index / before;
        commits.push(commit(message, person, at, chance));
    }
    if let (Some(review), Some(ended)) = (moments.first_review, moments.ended)
        && chance.happens(0.45)
    {
        for index in 1..=chance.between(1, 2).cast_signed() {
            let at = review + (ended - review) * index / 4;
            commits.push(commit(idea.follow_up(chance), person, at, chance));
        }
    }
    commits
}

/// A commit by a person.
pub(super) fn commit(message: String, person: &Person, at: i64, chance: &mut Chance) -> Commit {
    let through_web = chance.happens(0.1);
    let email = if chance.happens(0.25) {
        format!("{}+{}@users.noreply.github.com", person.id, person.login)
    } else {
        person.email.clone()
    };
    let committer = |own: &str, web: &str| Some(if through_web { web } else { own }.to_owned());
    Commit {
        sha: Some(chance.hex(40)),
        message,
        author_login: Some(person.login.clone()),
        committer_login: committer(&person.login, "web-flow"),
        author_name: Some(person.name.clone()),
        committer_name: committer(&person.name, "GitHub"),
        committer_email: committer(&email, "noreply@github.com"),
        author_email: Some(email),
        authored_at: Some(moment(at)),
    }
}

/// Labels of a change.
pub(super) fn labels(idea: &Idea, chance: &mut Chance) -> Vec<Label> {
    let mut labels = Vec::new();
    if chance.happens(0.4) {
        labels.push(Label(
            match idea.kind {
                Kind::Feature => "enhancement",
                Kind::Fix => "bug",
                Kind::Refactor | Kind::Chore => "maintenance",
                Kind::Performance => "performance",
                Kind::Tests => "tests",
                Kind::Docs => "documentation",
            }
            .to_owned(),
        ));
    }
    if chance.happens(0.15) {
        labels.push(Label(format!("area/{}", idea.component)));
    }
    labels
}
