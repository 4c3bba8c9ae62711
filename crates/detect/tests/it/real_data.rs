//! The development data, where it is there: what the signatures must reach on it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use detect::evaluation::{Evaluation, Evaluator, TruthRecord};
use detect::{Catalogue, Detector, Position};
use flate2::read::GzDecoder;
use model::PullRequest;
use serde::Deserialize;

/// The folder of the development data; `None`, with a message, where it is missing.
fn data_folder() -> Option<PathBuf> {
    let folder = std::env::var_os("TANDEM_DATA_DIR").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    if folder.join("prs.jsonl.gz").exists() && folder.join("truth.jsonl").exists() {
        return Some(folder);
    }
    eprintln!("skipped: there is no development data beside the workspace");
    None
}

fn lines(path: PathBuf) -> impl Iterator<Item = String> {
    let file = File::open(&path).expect("the file opens");
    let reader: Box<dyn BufRead> = if path.extension().is_some_and(|extension| extension == "gz") {
        Box::new(BufReader::new(GzDecoder::new(file)))
    } else {
        Box::new(BufReader::new(file))
    };
    reader.lines().map(|line| line.expect("a line of UTF-8"))
}

fn records(folder: &Path) -> impl Iterator<Item = (PullRequest, TruthRecord)> {
    let pull_requests = lines(folder.join("prs.jsonl.gz"))
        .map(|line| serde_json::from_str::<PullRequest>(&line).expect("a pull request"));
    let truths = lines(folder.join("truth.jsonl"))
        .map(|line| serde_json::from_str::<TruthRecord>(&line).expect("a truth record"));
    pull_requests.zip(truths)
}

fn evaluate(folder: &Path, change: impl Fn(PullRequest) -> PullRequest) -> Evaluation {
    let catalogue = Catalogue::builtin().expect("the built-in catalogue is valid");
    let detector = Detector::new(&catalogue).expect("it compiles");
    let mut evaluator = Evaluator::new(&catalogue);
    for (pull_request, truth) in records(folder) {
        assert_eq!(
            (&pull_request.repo, pull_request.number),
            (&truth.repo, truth.number)
        );
        let verdict = detector.verdict(&change(pull_request));
        evaluator.push(&truth, Some(&verdict));
    }
    evaluator.finish()
}

#[test]
fn the_development_data_is_judged_rightly() {
    let Some(folder) = data_folder() else { return };
    let evaluation = evaluate(&folder, |pull_request| pull_request);

    assert_eq!(evaluation.false_positives, []);
    assert_eq!(evaluation.authored.fp, 0);
    assert!(evaluation.authored.tn >= 1_000, "{:?}", evaluation.authored);
    let visible = &evaluation.visible;
    assert!(visible.n > 1_800, "{visible:?}");
    assert!(visible.recall >= Some(0.99), "{visible:?}");
    let reviews = &evaluation.review_overall;
    assert!(reviews.recall >= Some(0.97), "{reviews:?}");
    assert!(reviews.precision >= Some(0.97), "{reviews:?}");
    for (slug, tool) in evaluation.tools.iter().filter(|(_, tool)| tool.in_truth) {
        let strangers = tool.tally.fp - tool.cross_hits;
        assert_eq!(strangers, 0, "{slug} on changes without AI");
    }
    assert_eq!(
        evaluation.unmapped_names.len(),
        0,
        "{:?}",
        evaluation.unmapped_names
    );
}

/// Each signal must do alone: what shows the tool in one place is found with all other places gone.
#[test]
fn every_visible_signal_is_found_alone() {
    let Some(folder) = data_folder() else { return };
    let catalogue = Catalogue::builtin().expect("the built-in catalogue is valid");
    let detector = Detector::new(&catalogue).expect("it compiles");
    let mut failures = Vec::new();
    let mut tried = 0_u32;
    for (pull_request, truth) in records(&folder) {
        let agent = truth.agent.as_deref().unwrap_or("unknown");
        let Some(slug) = catalogue.slug_of(agent, Position::Author) else {
            continue;
        };
        for signal in truth.visible.iter().flatten() {
            tried += 1;
            let verdict = detector.verdict(&only(signal, pull_request.clone()));
            if !verdict.author_tools.contains(&slug) {
                failures.push(format!(
                    "{}: {signal} alone does not show {slug}",
                    pull_request.key()
                ));
            }
        }
    }
    assert!(tried > 4_000, "{tried}");
    // The truth reads more loosely here and there: a body that is about the tool, a suggestion of
    // the vendor's review product, a login that a person could bear.
    let share_failed = failures.len() as f64 / f64::from(tried);
    assert!(
        share_failed < 0.003,
        "{} of {tried}:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// The record with everything gone but one of the truth's kinds of signals.
fn only(signal: &str, full: PullRequest) -> PullRequest {
    let mut kept = full.clone();
    kept.author = None;
    kept.head_ref = None;
    kept.title = String::new();
    kept.body = None;
    kept.labels = None;
    kept.commits = None;
    kept.reviews = None;
    kept.comments = None;
    kept.events = None;
    match signal {
        "author" => kept.author = full.author,
        "body" => kept.body = full.body,
        "branch" => kept.head_ref = full.head_ref,
        "event" => kept.events = full.events,
        "trailer" => {
            kept.commits = full.commits;
            for commit in kept.commits.iter_mut().flatten() {
                commit.author_login = None;
                commit.committer_login = None;
            }
        }
        "commit_login" => {
            kept.commits = full.commits;
            for commit in kept.commits.iter_mut().flatten() {
                commit.message = String::new();
            }
        }
        other => panic!("the truth knows a kind of signal that this test does not: {other}"),
    }
    kept
}

/// The forms in which hosts and exports write a login must not matter.
#[test]
fn the_form_of_logins_does_not_matter() {
    let Some(folder) = data_folder() else { return };
    let plain = evaluate(&folder, |pull_request| pull_request);
    for rewrite in [bare_login, app_login, shouted_login] {
        let rewritten = evaluate(&folder, |pull_request| with_logins(pull_request, rewrite));
        assert_eq!(rewritten.authored, plain.authored);
        assert_eq!(rewritten.review_overall, plain.review_overall);
        assert_eq!(rewritten.visible, plain.visible);
    }
}

fn bare_login(login: &str) -> String {
    login.trim_end_matches("[bot]").to_owned()
}

fn app_login(login: &str) -> String {
    match login.strip_suffix("[bot]") {
        Some(name) => format!("app/{name}"),
        None => login.to_owned(),
    }
}

fn shouted_login(login: &str) -> String {
    login.to_uppercase()
}

/// Rewrites the logins of author, reviewers and commenters. Those of commits stay: a bare name in
/// a commit carries no word on whether it is a bot, so common words must not count there.
fn with_logins(mut pull_request: PullRequest, rewrite: fn(&str) -> String) -> PullRequest {
    let rewritten = |login: &mut Option<String>| {
        if let Some(login) = login {
            *login = rewrite(login);
        }
    };
    if let Some(author) = &mut pull_request.author {
        rewritten(&mut author.login);
    }
    for review in pull_request.reviews.iter_mut().flatten() {
        rewritten(&mut review.author);
    }
    for comment in pull_request.comments.iter_mut().flatten() {
        rewritten(&mut comment.author);
    }
    pull_request
}

/// Whether the host says that an account is a bot must not matter where the login says it, and
/// where neither does, common words must not count.
#[test]
fn records_without_bot_flags_are_judged_alike() {
    let Some(folder) = data_folder() else { return };
    let plain = evaluate(&folder, |pull_request| pull_request);
    let unflagged = evaluate(&folder, without_bot_flags);
    assert_eq!(unflagged.authored, plain.authored);
    assert_eq!(unflagged.review_overall, plain.review_overall);

    let bare = evaluate(&folder, |pull_request| {
        with_logins(without_bot_flags(pull_request), bare_login)
    });
    assert_eq!(bare.authored.fp, 0);
    assert_eq!(bare.visible.right_tool, plain.visible.right_tool);
    assert!(
        bare.review_overall.recall >= Some(0.97),
        "{:?}",
        bare.review_overall
    );
}

fn without_bot_flags(mut pull_request: PullRequest) -> PullRequest {
    if let Some(author) = &mut pull_request.author {
        author.is_bot = None;
    }
    for review in pull_request.reviews.iter_mut().flatten() {
        review.is_bot = None;
    }
    for comment in pull_request.comments.iter_mut().flatten() {
        comment.is_bot = None;
    }
    pull_request
}

#[derive(Deserialize)]
struct MergeMessage {
    title: Option<String>,
    body: Option<String>,
    author: Option<serde_json::Value>,
    reviewer: Option<serde_json::Value>,
}

/// Merge messages from before AI assistants: as bodies, as commits, and with their people as
/// author, committer, reviewer.
#[test]
fn merge_messages_from_before_ai_stay_clean() {
    let Some(folder) = data_folder() else { return };
    let catalogue = Catalogue::builtin().expect("the built-in catalogue is valid");
    let detector = Detector::new(&catalogue).expect("it compiles");
    let mut read = 0;
    for line in lines(folder.join("control_merge_messages.jsonl.gz")) {
        let message: MergeMessage = serde_json::from_str(&line).expect("a message");
        let pull_request = of_message(&message);
        let verdict = detector.verdict(&pull_request);
        assert_eq!(verdict.ai_authored, Some(false), "{:?}", verdict.evidence);
        assert!(!verdict.ai_reviewed, "{:?}", verdict.evidence);
        read += 1;
    }
    assert_eq!(read, 5_480);
}

fn of_message(message: &MergeMessage) -> PullRequest {
    let title = message.title.clone().unwrap_or_default();
    let body = message.body.clone().unwrap_or_default();
    let name = |value: &Option<serde_json::Value>| match value {
        Some(serde_json::Value::String(name)) => Some(name.clone()),
        Some(serde_json::Value::Object(object)) => object
            .get("login")
            .and_then(|login| login.as_str())
            .map(str::to_owned),
        _ => None,
    };
    let record = serde_json::json!({
        "repo": "control/messages", "number": 1, "title": title, "body": body,
        "author": {"login": name(&message.author)}, "head_ref": "feature",
        "commits": [{
            "message": format!("{title}\n\n{body}"),
            "author_login": name(&message.author), "author_name": name(&message.author),
        }],
        "reviews": [{"author": name(&message.reviewer), "state": "APPROVED", "body": body}],
        "comments": [], "labels": [], "events": [],
    });
    serde_json::from_value(record).expect("a record")
}
