//! From the record to facts.

use std::collections::BTreeMap;
use std::hash::Hash;

use jiff::Timestamp;
use measures::{Account, People};
use model::{Confidence, Evidence, PullRequest, Review, ReviewState, Role, Signal, State};

use super::{AREA_WORDS, Facts, MAX_EVIDENCE, Mark, ReviewCounts, Scrubber, Standing, value_of};
use crate::files;

/// Most labels, languages and frameworks in the facts.
const MAX_LISTED: usize = 8;
const MAX_TITLE_CHARS: usize = 300;
const MAX_TITLE_TOKENS: u64 = 160;
const MAX_REF_CHARS: usize = 160;
const MAX_QUOTE_CHARS: usize = 160;

impl Facts {
    /// Gathers the facts of a record, masking as it goes.
    pub(crate) fn gather(
        pull_request: &PullRequest,
        evidence: &[Evidence],
        scrubber: &mut Scrubber,
    ) -> Facts {
        let known_bots = bots_by_evidence(evidence);
        let is_known_bot = |account: Account<'_>| is_among(&known_bots, account);
        let people = People::of(pull_request, &is_known_bot);
        let author = pull_request.author.as_ref();
        let author_login = author.and_then(|author| author.login.as_deref());
        let ended = pull_request.merged_at.or(pull_request.closed_at);
        let seconds_since_opening = |at: Timestamp| {
            let opened = pull_request.created_at?;
            tenths_of_hours(at.as_second() - opened.as_second())
        };
        let body = pull_request.body.as_deref().unwrap_or_default();
        let mut facts = Facts {
            repo: scrubber.line(&pull_request.repo, MAX_REF_CHARS),
            number: pull_request.number,
            author: scrubber.word(author_login, MAX_REF_CHARS),
            author_is_bot: author_login.and_then(|login| {
                let flag = author.and_then(|author| author.is_bot);
                let account = Account {
                    login: Some(login),
                    id: None,
                    is_bot: flag,
                };
                if measures::is_marked_bot(account) {
                    Some(true)
                } else {
                    flag
                }
            }),
            standing: standing(pull_request),
            opened: pull_request.created_at.map(to_the_minute),
            ended: ended.map(to_the_minute),
            first_review_tenths: first_review(pull_request, &people)
                .and_then(seconds_since_opening),
            open_tenths: ended.and_then(seconds_since_opening),
            additions: pull_request.additions,
            deletions: pull_request.deletions,
            changed_files: pull_request
                .changed_files
                .or_else(|| Some(pull_request.files.as_ref()?.len() as u64)),
            head: scrubber.word(pull_request.head_ref.as_deref(), MAX_REF_CHARS),
            base: scrubber.word(pull_request.base_ref.as_deref(), MAX_REF_CHARS),
            labels: labels(pull_request, scrubber),
            repository_language: scrubber.word(pull_request.language.as_deref(), 40),
            commits: pull_request.commits.as_ref().map(|all| all.len() as u64),
            commit_types: commit_types(pull_request),
            reviews: review_counts(pull_request, &people),
            remarks: remarks(pull_request, &people),
            evidence: marks(evidence, scrubber),
            title: title(pull_request, scrubber),
            body: scrubber.text(&crate::text::without_long_comments(body)),
            ..Facts::default()
        };
        facts.count_files(pull_request);
        facts
    }

    /// Counts files by language, area and framework.
    fn count_files(&mut self, pull_request: &PullRequest) {
        let (mut languages, mut areas, mut frameworks) = (Vec::new(), Vec::new(), Vec::new());
        for file in pull_request.files.iter().flatten() {
            let kind = files::classify(&file.path);
            languages.extend(kind.language.map(str::to_owned));
            areas.extend(kind.area);
            if kind.sensitive {
                areas.extend(value_of(&AREA_WORDS, "security"));
            }
            frameworks.extend(kind.framework.map(str::to_owned));
        }
        self.languages = counted(languages, MAX_LISTED);
        self.areas = counted(areas, AREA_WORDS.len());
        self.frameworks = counted(frameworks, MAX_LISTED);
    }
}

/// Logins that the evidence knows as tools; hosts do not flag all of them as bots.
pub(crate) fn bots_by_evidence(evidence: &[Evidence]) -> Vec<String> {
    evidence
        .iter()
        .filter(|hit| {
            matches!(hit.signal, Signal::Reviewer | Signal::Commenter)
                && hit.confidence >= Confidence::Medium
        })
        .map(|hit| hit.quote.trim().to_owned())
        .collect()
}

/// Whether an account is one of these logins.
pub(crate) fn is_among(logins: &[String], account: Account<'_>) -> bool {
    account
        .login
        .is_some_and(|login| logins.iter().any(|known| known.eq_ignore_ascii_case(login)))
}

/// Counts equal values, most first, ties in order of the values.
pub(super) fn counted<T: Ord + Clone + Hash>(values: Vec<T>, limit: usize) -> Vec<(T, u64)> {
    let mut counts: BTreeMap<T, u64> = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    let mut counts: Vec<(T, u64)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts.truncate(limit);
    counts
}

/// The title, cut only where no host would have allowed it.
fn title(pull_request: &PullRequest, scrubber: &mut Scrubber) -> String {
    let title = scrubber.line(&pull_request.title, MAX_TITLE_CHARS);
    crate::text::shorten_end(&title, MAX_TITLE_TOKENS).text
}

fn standing(pull_request: &PullRequest) -> Standing {
    if pull_request.merged_at.is_some() {
        Standing::Merged
    } else if pull_request.state == State::Closed {
        Standing::Closed
    } else if pull_request.draft == Some(true) {
        Standing::Draft
    } else {
        Standing::Open
    }
}

/// `2026-03-01T10:00Z`: seconds say nothing here and cost tokens.
fn to_the_minute(at: Timestamp) -> String {
    let text = at.to_string();
    match text.get(..16) {
        Some(minute) => format!("{minute}Z"),
        None => text,
    }
}

fn tenths_of_hours(seconds: i64) -> Option<u64> {
    u64::try_from(seconds)
        .ok()
        .map(|seconds| (seconds * 10 + 1_800) / 3_600)
}

fn first_review(pull_request: &PullRequest, people: &People<'_>) -> Option<Timestamp> {
    pull_request
        .reviews
        .iter()
        .flatten()
        .filter(|review| {
            review.state != ReviewState::Pending && people.is_other_person(account_of(review))
        })
        .filter_map(|review| review.submitted_at)
        .min()
}

fn account_of(review: &Review) -> Account<'_> {
    Account {
        login: review.author.as_deref(),
        id: review.author_id,
        is_bot: review.is_bot,
    }
}

fn review_counts(pull_request: &PullRequest, people: &People<'_>) -> Option<ReviewCounts> {
    let mut counts = ReviewCounts::default();
    for review in pull_request.reviews.as_ref()? {
        count_review(&mut counts, review, people);
    }
    Some(counts)
}

fn count_review(counts: &mut ReviewCounts, review: &Review, people: &People<'_>) {
    let account = account_of(review);
    if people.is_other_person(account) {
        match review.state {
            ReviewState::Approved => counts.approved += 1,
            ReviewState::ChangesRequested => counts.changes_requested += 1,
            ReviewState::Pending => {}
            ReviewState::Commented | ReviewState::Dismissed | ReviewState::Other => {
                counts.commented += 1;
            }
        }
    } else if people.is_bot(account) {
        counts.by_bots += 1;
    }
}

/// Texts by other people and by bots; `None` where comments are not known.
fn remarks(pull_request: &PullRequest, people: &People<'_>) -> Option<(u64, u64)> {
    let comments = pull_request.comments.as_ref()?;
    let from_reviews = pull_request
        .reviews
        .iter()
        .flatten()
        .filter(|review| {
            review
                .body
                .as_deref()
                .is_some_and(|body| !body.trim().is_empty())
        })
        .map(account_of);
    let from_comments = comments.iter().map(|comment| Account {
        login: comment.author.as_deref(),
        id: comment.author_id,
        is_bot: comment.is_bot,
    });
    let (mut by_people, mut by_bots) = (0, 0);
    for account in from_comments.chain(from_reviews) {
        if people.is_other_person(account) {
            by_people += 1;
        } else if people.is_bot(account) {
            by_bots += 1;
        }
    }
    Some((by_people, by_bots))
}

fn labels(pull_request: &PullRequest, scrubber: &mut Scrubber) -> Vec<String> {
    pull_request
        .labels
        .iter()
        .flatten()
        .map(|label| scrubber.line(&label.0, 50).replace(';', ","))
        .filter(|label| !label.is_empty())
        .take(MAX_LISTED)
        .collect()
}

fn commit_types(pull_request: &PullRequest) -> Vec<(model::ChangeType, u64)> {
    let types: Vec<model::ChangeType> = pull_request
        .commits
        .iter()
        .flatten()
        .filter_map(|commit| measures::change_type_of_title(commit.message.lines().next()?))
        .collect();
    super::TYPE_WORDS
        .iter()
        .map(|(kind, _)| {
            let count = types.iter().filter(|one| *one == kind).count() as u64;
            (*kind, count)
        })
        .filter(|(_, count)| *count > 0)
        .collect()
}

/// Chooses the evidence to show: one hit for each tool, role and rule, those that decide first.
fn marks(evidence: &[Evidence], scrubber: &mut Scrubber) -> Vec<Mark> {
    let mut seen: Vec<(&str, Role, &str)> = Vec::new();
    let mut chosen: Vec<(bool, &Evidence)> = Vec::new();
    for hit in evidence {
        let key = (hit.tool.as_str(), hit.role, hit.rule.as_str());
        if seen.contains(&key) {
            continue;
        }
        let is_first_of_tool_and_role = !seen
            .iter()
            .any(|(tool, role, _)| *tool == hit.tool && *role == hit.role);
        seen.push(key);
        chosen.push((is_first_of_tool_and_role, hit));
    }
    chosen.sort_by_key(|(is_first, hit)| {
        (
            std::cmp::Reverse(*is_first),
            std::cmp::Reverse(hit.confidence >= Confidence::Medium),
            hit.role,
            std::cmp::Reverse(hit.confidence),
        )
    });
    chosen
        .into_iter()
        .filter_map(|(_, hit)| mark(hit, scrubber))
        .take(MAX_EVIDENCE)
        .collect()
}

fn mark(hit: &Evidence, scrubber: &mut Scrubber) -> Option<Mark> {
    let tool = crate::answer::tool_slug(&hit.tool);
    let field: String = hit
        .field
        .chars()
        .filter(|one| one.is_ascii_alphanumeric() || "._[]".contains(*one))
        .take(60)
        .collect();
    let is_usable = !tool.is_empty() && tool.chars().count() <= 60;
    is_usable.then(|| Mark {
        tool,
        role: hit.role,
        confidence: hit.confidence,
        field,
        quote: scrubber.line(&hit.quote, MAX_QUOTE_CHARS),
    })
}
