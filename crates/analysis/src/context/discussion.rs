//! The `discussion` section: what people said, then one line for each bot.

use jiff::Timestamp;
use measures::{Account, is_marked_bot};
use model::{CommentKind, PullRequest, ReviewState};

use super::{Budgeted, Builder};
use crate::facts::gather::is_among;
use crate::fence::Section;
use crate::text;

/// A remark of a person and of a bot, in tokens at most.
const PERSON_REMARK_TOKENS: u64 = 60;
const BOT_REMARK_TOKENS: u64 = 24;
/// Characters of a remark that are read at all.
const MAX_REMARK_CHARS: usize = 600;
/// The share of the budget that people cannot take from bots: a reviewer bot is evidence too.
const BOT_SHARE_DIVISOR: u64 = 4;

/// One review or comment.
struct Remark<'a> {
    login: Option<&'a str>,
    is_bot: bool,
    how: String,
    text: &'a str,
    at_second: i64,
}

pub(super) fn lines(
    pull_request: &PullRequest,
    known_bots: &[String],
    limit_tokens: u64,
    builder: &mut Builder,
) -> String {
    let remarks = remarks(pull_request, known_bots);
    if remarks.is_empty() {
        return String::new();
    }
    let (bots, people): (Vec<Remark<'_>>, Vec<Remark<'_>>) =
        remarks.into_iter().partition(|remark| remark.is_bot);
    let for_bots = if bots.is_empty() {
        0
    } else {
        limit_tokens / BOT_SHARE_DIVISOR
    };
    let mut out = Budgeted::new(limit_tokens - for_bots);
    let mut dropped = 0;
    for remark in &people {
        if out.left_tokens < 16 {
            dropped += 1;
            continue;
        }
        let line = line(
            remark,
            "",
            PERSON_REMARK_TOKENS.min(out.left_tokens - 12),
            builder,
        );
        if !out.add(line) {
            dropped += 1;
        }
    }
    out.left_tokens += for_bots;
    for (first, count) in by_login(&bots) {
        if out.left_tokens < 16 {
            dropped += count;
            continue;
        }
        let times = if count > 1 {
            format!(", {count} remarks")
        } else {
            String::new()
        };
        let line = line(
            first,
            &times,
            BOT_REMARK_TOKENS.min(out.left_tokens - 12),
            builder,
        );
        if !out.add(line) {
            dropped += count;
        }
    }
    builder.cut(Section::Discussion, "remarks", dropped);
    out.join()
}

/// Reviews and comments in the order of time, without empty comments.
fn remarks<'a>(pull_request: &'a PullRequest, known_bots: &[String]) -> Vec<Remark<'a>> {
    let is_bot = |login: Option<&str>, flag: Option<bool>| {
        let account = Account {
            login,
            id: None,
            is_bot: flag,
        };
        is_marked_bot(account) || is_among(known_bots, account)
    };
    let reviews = pull_request.reviews.iter().flatten().map(|review| Remark {
        login: review.author.as_deref(),
        is_bot: is_bot(review.author.as_deref(), review.is_bot),
        how: review_word(review.state).to_owned(),
        text: review.body.as_deref().unwrap_or_default(),
        at_second: review.submitted_at.map_or(i64::MAX, Timestamp::as_second),
    });
    let comments = pull_request
        .comments
        .iter()
        .flatten()
        .map(|comment| Remark {
            login: comment.author.as_deref(),
            is_bot: is_bot(comment.author.as_deref(), comment.is_bot),
            how: match comment.kind {
                CommentKind::Issue => "commented".to_owned(),
                CommentKind::Review => "on the diff".to_owned(),
            },
            text: &comment.body,
            at_second: comment.created_at.map_or(i64::MAX, Timestamp::as_second),
        });
    let mut remarks: Vec<Remark<'a>> = reviews
        .chain(comments)
        .filter(|remark| !remark.text.trim().is_empty() || remark.how != "commented")
        .collect();
    remarks.sort_by_key(|remark| remark.at_second);
    remarks
}

/// `- ada (person, approved): text`.
fn line(remark: &Remark<'_>, times: &str, limit_tokens: u64, builder: &mut Builder) -> String {
    let login = builder
        .scrubber
        .word(remark.login, 60)
        .unwrap_or_else(|| "deleted account".to_owned());
    let kind = if remark.is_bot { "bot" } else { "person" };
    let without_comments = text::without_long_comments(remark.text);
    let said = builder.scrubber.line(&without_comments, MAX_REMARK_CHARS);
    let said = text::shorten_end(&said, limit_tokens).text;
    format!("- {login} ({kind}, {}{times}): {said}", remark.how)
        .trim_end()
        .to_owned()
}

/// The first remark of each bot that says something, with the number of its remarks.
fn by_login<'a, 'b>(bots: &'b [Remark<'a>]) -> Vec<(&'b Remark<'a>, u64)> {
    let mut found: Vec<(&Remark<'a>, u64)> = Vec::new();
    for remark in bots {
        match found.iter_mut().find(|(one, _)| one.login == remark.login) {
            Some((first, count)) => {
                *count += 1;
                if first.text.trim().is_empty() {
                    *first = remark;
                }
            }
            None => found.push((remark, 1)),
        }
    }
    found
}

fn review_word(state: ReviewState) -> &'static str {
    match state {
        ReviewState::Approved => "approved",
        ReviewState::ChangesRequested => "requested changes",
        ReviewState::Commented => "commented",
        ReviewState::Dismissed => "review dismissed",
        ReviewState::Pending => "review pending",
        ReviewState::Other => "reviewed",
    }
}
