//! The list of pull requests: filters, orders, pages.

use axum::extract::{Query, State};
use axum::response::{Html, IntoResponse, Response};
use insights::wording::duration_text;
use maud::{Markup, html};
use measures::SizeBucket;
use model::{Origin, Signal, is_blank};
use names::Names;
use store::{Outcome, PullRequestRow, SearchPage};

use super::filter::{CONFIDENCES, Filter, SIZES, SORTS, given};
use super::one::{origin_words, signal_words};
use super::text::{hidden_line, line};
use crate::error::PageError;
use crate::layout::{Frame, Tab, page};
use crate::site::Site;
use crate::view::escape_path;
use crate::words::count;

/// Rows on a page.
const PAGE: usize = 50;

/// Characters of a title in the list.
const TITLE: usize = 140;

const SIGNALS: [Signal; 12] = [
    Signal::Author,
    Signal::Branch,
    Signal::Title,
    Signal::Body,
    Signal::Label,
    Signal::CommitIdentity,
    Signal::CoAuthor,
    Signal::Trailer,
    Signal::Reviewer,
    Signal::Commenter,
    Signal::CommentText,
    Signal::Event,
];

/// `/pull-requests`.
pub(super) async fn page_of_list(
    State(site): State<Site>,
    Query(filter): Query<Filter>,
) -> Result<Response, PageError> {
    let people = site.settings.people;
    let query = filter.query(people)?;
    let cursor = filter.cursor()?;
    let found = site
        .search_list(query, cursor, PAGE)
        .await?
        .map_err(|refused| PageError::BadRequest(format!("{}.", refused.0)))?;
    let names = Names::of_nobody(people);
    let body = html! {
        (form(&filter, &found.teams, people))
        section.card {
            p.found-count { strong { (count(found.total)) } @if found.total == 1 { " pull request" } @else { " pull requests" }
                @if filter.set() > 0 { " · " a href="/pull-requests" { "All" } } }
            @if found.page.rows.is_empty() { (nothing(&filter)) } @else { (rows(&filter, &found.page.rows, &names, people)) }
            (turning(&filter, &found.page))
        }
    };
    Ok(
        Html(page(&Frame::plain("Pull requests", Tab::PullRequests), body).into_string())
            .into_response(),
    )
}

/// Names and words of a choice.
type Choices<'c> = Vec<(&'c str, String)>;

fn select(
    name: &str,
    label: &str,
    now: Option<&String>,
    any: &str,
    choices: &Choices<'_>,
) -> Markup {
    let now = given(now);
    html! {
        label { span { (label) }
            select name=(name) {
                option value="" selected[now.is_none()] { (any) }
                @for (value, words) in choices { option value=(value) selected[now == Some(*value)] { (words) } }
            }
        }
    }
}

fn form(filter: &Filter, teams: &[String], people: bool) -> Markup {
    let value = |value: &Option<String>| value.clone().unwrap_or_default();
    let teams: Choices<'_> = teams
        .iter()
        .map(|team| (team.as_str(), line(team, 60)))
        .collect();
    let origins = vec![
        ("ai", "made with AI, either way".to_owned()),
        ("agent", origin_words(Origin::Agent).to_owned()),
        ("assisted", origin_words(Origin::Assisted).to_owned()),
        (
            "none_detected",
            origin_words(Origin::NoneDetected).to_owned(),
        ),
        ("unknown", origin_words(Origin::Unknown).to_owned()),
    ];
    let outcomes = vec![
        ("open", "open".to_owned()),
        ("merged", "merged".to_owned()),
        ("closed", "closed without a merge".to_owned()),
    ];
    let size_words: Vec<String> = SIZES
        .iter()
        .map(|size| size.as_str().to_lowercase())
        .collect();
    let sizes: Choices<'_> = size_words
        .iter()
        .zip(SIZES)
        .map(|(word, size)| (word.as_str(), size.as_str().to_owned()))
        .collect();
    let signal_names: Vec<String> = SIGNALS.iter().map(json_word).collect();
    let signals: Choices<'_> = signal_names
        .iter()
        .zip(SIGNALS)
        .map(|(name, signal)| (name.as_str(), signal_words(signal)))
        .collect();
    let confidences: Choices<'_> = CONFIDENCES
        .iter()
        .map(|(word, _, name)| (*word, (*name).to_owned()))
        .collect();
    let yes_no = |yes: &str, no: &str| vec![("yes", yes.to_owned()), ("no", no.to_owned())];
    let places = vec![
        ("author", "wrote it".to_owned()),
        ("review", "reviewed it".to_owned()),
    ];
    let sorts: Choices<'_> = SORTS
        .iter()
        .map(|(word, _, name)| (*word, (*name).to_owned()))
        .collect();
    let more = [
        &filter.repo,
        &filter.author,
        &filter.merged,
        &filter.reviewed,
        &filter.place,
        &filter.size,
        &filter.evidence,
        &filter.unreviewed,
        &filter.corrected,
        &filter.bots,
        &filter.confidence,
    ];
    let is_open = more.iter().any(|value| given(value.as_ref()).is_some());
    html! {
        form.card.search method="get" action="/pull-requests" role="search" {
            div.fields {
                label.long { span { "Words of the title" } input type="search" name="text" value=(value(&filter.text)) maxlength="200"; }
                (select("team", "Team", filter.team.as_ref(), "All teams", &teams))
                (select("origin", "Origin", filter.origin.as_ref(), "Any", &origins))
                (select("outcome", "Outcome", filter.outcome.as_ref(), "Any", &outcomes))
                label { span { "Tool" } input type="text" name="tool" value=(value(&filter.tool)) placeholder="claude_code" maxlength="60"; }
                label { span { "Opened in" } input type="month" name="opened" value=(value(&filter.opened)) placeholder="2026-05" pattern="[0-9]{4}-[0-9]{2}"; }
            }
            details open[is_open] {
                summary { "More filters" }
                div.fields {
                    label { span { "Merged in" } input type="month" name="merged" value=(value(&filter.merged)) placeholder="2026-05" pattern="[0-9]{4}-[0-9]{2}"; }
                    (select("size", "Size", filter.size.as_ref(), "Any", &sizes))
                    (select("evidence", "Evidence", filter.evidence.as_ref(), "Any kind", &signals))
                    (select("confidence", "How sure", filter.confidence.as_ref(), "Any", &confidences))
                    (select("reviewed", "Reviewed by AI", filter.reviewed.as_ref(), "Either way", &yes_no("yes", "none detected")))
                    (select("place", "The tool", filter.place.as_ref(), "took part", &places))
                    (select("unreviewed", "A person's word before the merge", filter.unreviewed.as_ref(), "Either way", &yes_no("none", "some")))
                    (select("corrected", "Corrected by a person", filter.corrected.as_ref(), "Either way", &yes_no("yes", "no")))
                    (select("bots", "Plain bots", filter.bots.as_ref(), "Included", &yes_no("only them", "without them")))
                    label { span { "Repository" } input type="text" name="repo" value=(value(&filter.repo)) placeholder="owner/name" maxlength="200"; }
                    @if people { label { span { "Author" } input type="text" name="author" value=(value(&filter.author)) maxlength="60"; } }
                }
            }
            div.fields {
                (select("sort", "In order of", filter.sort.as_ref(), "Opened", &sorts))
                (select("order", "Direction", filter.order.as_ref(), "Largest, latest first", &vec![("up", "Smallest, earliest first".to_owned())]))
                p.submit { button type="submit" { "Search" } }
            }
        }
    }
}

/// The word of a kind of evidence in addresses and JSON.
fn json_word(signal: &Signal) -> String {
    match serde_json::to_value(signal) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

fn nothing(filter: &Filter) -> Markup {
    html! {
        div.empty {
            @if filter.set() == 0 { p { "There are no pull requests yet: " code { "tandem import FILE" } ", " code { "tandem sync" } "." } }
            @else { p { "No pull request is like this. " a href="/pull-requests" { "Take all filters away" } "." } }
        }
    }
}

fn heading(filter: &Filter, word: &'static str, name: &str) -> Markup {
    let now = given(filter.sort.as_ref()).unwrap_or("opened");
    let is_up = given(filter.order.as_ref()) == Some("up");
    let state = (now == word).then_some(if is_up { "ascending" } else { "descending" });
    html! { th.number scope="col" aria-sort=[state] { a href=(filter.sorted(word)) { (name) @if now == word { @if is_up { " ↑" } @else { " ↓" } } } } }
}

fn rows(filter: &Filter, rows: &[PullRequestRow], names: &Names, people: bool) -> Markup {
    html! {
        div.table-wrap tabindex="0" role="group" aria-label="Pull requests" {
            table.found {
                thead { tr {
                    th scope="col" { "Pull request" } th scope="col" { "Origin" } th scope="col" { "Tools" } th scope="col" { "Outcome" }
                    (heading(filter, "opened", "Opened")) (heading(filter, "merged", "Merged"))
                    (heading(filter, "size", "Size")) (heading(filter, "cycle", "Cycle")) (heading(filter, "pickup", "Pickup"))
                } }
                tbody { @for one in rows { (row(one, names, people)) } }
            }
        }
    }
}

fn row(row: &PullRequestRow, names: &Names, people: bool) -> Markup {
    let address = format!(
        "/pull-requests/{}/{}",
        escape_path(&row.key.repo),
        row.key.number
    );
    let title = hidden_line(&row.title, TITLE, names);
    let day = |at: Option<jiff::Timestamp>| {
        at.map_or_else(|| "–".to_owned(), |at| at.strftime("%Y-%m-%d").to_string())
    };
    let time = |seconds: Option<u64>| {
        seconds.map_or_else(|| "–".to_owned(), |seconds| duration_text(seconds as f64))
    };
    let origin = row.verdict.map(|verdict| verdict.origin);
    // The owner of the repository is its team unless somebody said otherwise.
    let is_owner = row.key.repo.split('/').next() == Some(row.team.as_str());
    html! {
        tr {
            th scope="row" {
                a href=(address) { bdi { @if is_blank(&title) { "(no title)" } @else { (title) } } }
                p.note { bdi { (line(&row.key.to_string(), 120)) } @if !is_owner { " · " bdi { (line(&row.team, 60)) } }
                    @if people { @if let Some(author) = &row.author { " · " bdi { (line(author, 60)) } } } }
            }
            td data-label="Origin" { @match origin {
                Some(origin) => span.origin data-origin=(origin.as_str()) { (origin_words(origin)) },
                None => "not looked at yet",
            } @if row.verdict.is_some_and(|verdict| verdict.plain_bot) { " (plain bot)" } @if row.corrected { span.badge { "corrected" } } }
            td data-label="Tools" { (tools(row)) }
            td data-label="Outcome" { span { (outcome(row)) @if row.merged_without_human_review == Some(true) { br; span.note { "no person reviewed" } } } }
            td.number data-label="Opened" { (day(row.opened_at)) }
            td.number data-label="Merged" { (day(row.merged_at)) }
            td.number data-label="Size" { @match row.size_lines {
                Some(lines) => span { (count(lines)) " " (SizeBucket::of(lines).as_str()) },
                None => "–",
            } }
            td.number data-label="Cycle" { (time(row.cycle_seconds)) }
            td.number data-label="Pickup" { (time(row.pickup_seconds)) }
        }
    }
}

fn tools(row: &PullRequestRow) -> String {
    let mut tools: Vec<String> = row.author_tools.clone();
    tools.extend(
        row.review_tools
            .iter()
            .map(|tool| format!("{tool} (review)")),
    );
    if tools.is_empty() {
        "–".to_owned()
    } else {
        line(&tools.join(", "), 200)
    }
}

fn outcome(row: &PullRequestRow) -> &'static str {
    match (row.outcome, row.draft) {
        (Outcome::Merged, _) => "merged",
        (Outcome::Closed, _) => "closed",
        (Outcome::Open, Some(true)) => "open, a draft",
        (Outcome::Open, _) => "open",
    }
}

fn turning(filter: &Filter, page: &SearchPage) -> Markup {
    let previous = filter.previous();
    let is_later = given(filter.after.as_ref()).is_some();
    html! {
        @if is_later || page.next.is_some() {
            nav.turning aria-label="Pages of the list" {
                @if is_later { a.button.quiet href=(filter.first()) { "First" } }
                @if let Some(address) = previous { a.button.quiet href=(address) rel="prev" { "Previous" } }
                @if let Some(next) = &page.next { a.button.quiet href=(filter.next(&next.to_string())) rel="next" { "Next" } }
            }
        }
    }
}
