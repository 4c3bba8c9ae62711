//! Writes one pull request with its truth.

use model::{Actor, PullRequest, State};

use super::bots;
use super::calendar::{Month, moment};
use super::chance::Chance;
use super::clocks::{Ending, Moments, Work, draw_moments, draw_size};
use super::conversation;
use super::documents;
use super::hand::Hand;
use super::people::Person;
use super::repositories::RepositoryPlan;
use super::reverts::MergedWork;
use super::signals::stamp;
use super::teams::Team;
use super::texts::Idea;
use super::traps;
use super::truth::{PlantedTruth, Trace};
use super::vocabulary::DISCLOSURES;

/// Share of all pull requests that plain bots open.
const PLAIN_BOT_SHARE: f64 = 0.09;
/// Share of descriptions left empty, where nothing has to stand in them.
const EMPTY_SHARE: f64 = 0.11;

/// What a repository remembers from one pull request to the next.
#[derive(Debug, Clone, Default)]
pub(super) struct RepositoryState {
    last_number: u64,
    last_merged: Option<MergedWork>,
}

/// Where and when a pull request is opened.
pub(super) struct Slot<'a> {
    pub(super) team: &'a Team,
    pub(super) month: &'a Month,
    pub(super) opened: i64,
    /// The demo's end.
    pub(super) until: i64,
}

/// Writes a pull request into the slot. `states` has one entry for each repository of the team.
pub(super) fn write(
    slot: &Slot<'_>,
    states: &mut [RepositoryState],
    chance: &mut Chance,
) -> (PullRequest, PlantedTruth) {
    let (person, index) = slot.team.draw_place(chance);
    let plan = &slot.team.plan.repositories[index];
    let state = &mut states[index];
    state.last_number += chance.between(1, 3);
    let mut record = blank(slot, plan, state.last_number, chance);
    if chance.happens(PLAIN_BOT_SHARE) {
        return write_bot(slot, plan, person, record, chance);
    }

    let share = slot.team.ai_share(slot.month, person, plan);
    let is_ai = chance.happens(share);
    let ai = is_ai.then(|| Hand::draw_ai(slot, chance));
    let tool = ai.as_ref().and_then(Hand::tool);
    let size_lines = draw_size(slot.team.plan, tool, chance);
    let work = Work {
        team: slot.team.plan,
        repository: plan,
        person,
        tool,
        size_lines,
        opened: slot.opened,
        until: slot.until,
    };
    let moments = draw_moments(&work, chance);
    let hand = ai.unwrap_or_else(|| {
        Hand::Person(traps::choose(
            slot.team.plan.house,
            moments.first_commit,
            chance,
        ))
    });
    let idea = Idea::draw(plan, chance);
    write_change(&idea, &work, &moments, &mut record, chance);
    write_body(slot, &idea, &hand, &mut record, chance);
    if let (Hand::Person(None), Some(reverted)) = (&hand, &state.last_merged)
        && reverted.is_reverted(slot.opened, chance)
    {
        reverted.write_revert(&mut record);
    }
    conversation::add_people(slot.team, person, &idea, &moments, &mut record, chance);
    conversation::add_events(person, &moments, &mut record);
    let visible = match &hand {
        Hand::Person(trap) => {
            if let Some(trap) = trap {
                let colleague = slot.team.colleague(person, chance);
                traps::set(*trap, colleague, &mut record, chance);
            }
            None
        }
        Hand::Ai { tool, marks, .. } => {
            let visible = stamp(*tool, marks, person, plan.form, &mut record, chance);
            conversation::add_self_review(*tool, plan.form, &moments, &mut record, chance);
            Some(visible)
        }
    };
    let review_ai = write_ai_reviews(slot, plan, &idea, &moments, &mut record, chance);
    conversation::add_plain_bot_report(plan.form, &moments, slot.until, &mut record, chance);
    finish(&moments, &mut record);
    state.last_merged = MergedWork::of(&record, &moments, chance).or(state.last_merged.take());
    let truth = PlantedTruth {
        agent: tool.map_or("none", |tool| tool.agent()).to_owned(),
        basis: hand.basis().to_owned(),
        ai_authored: is_ai,
        review_ai,
        visible,
        tool: tool.map(|tool| tool.slug().to_owned()),
        trace: hand.trace(),
        // Four digits are plenty, and read back as they were written.
        planted_share: Some((share * 1e4).round() / 1e4),
        person: Some(person.login.clone()),
        trap: hand.trap_name(person).map(str::to_owned),
        ..PlantedTruth::without_ai(slot.team.name(), &slot.month.label, &record)
    };
    (record, truth)
}

/// The record before anything is drawn for it.
fn blank(slot: &Slot<'_>, plan: &RepositoryPlan, number: u64, chance: &mut Chance) -> PullRequest {
    PullRequest {
        id: Some(chance.between(4_000_000_000, 4_999_999_999).to_string()),
        repo: format!("{}/{}", slot.team.name(), plan.name),
        number,
        language: Some(plan.language.name().to_owned()),
        title: String::new(),
        state: State::Open,
        draft: Some(false),
        created_at: Some(moment(slot.opened)),
        base_ref: Some("main".to_owned()),
        labels: Some(Vec::new()),
        commits: Some(Vec::new()),
        reviews: Some(Vec::new()),
        comments: Some(Vec::new()),
        files: Some(Vec::new()),
        events: Some(Vec::new()),
        ..PullRequest::default()
    }
}

/// Title, author, branch, commits, files, labels.
fn write_change(
    idea: &Idea,
    work: &Work<'_>,
    moments: &Moments,
    record: &mut PullRequest,
    chance: &mut Chance,
) {
    let person = work.person;
    record.title = idea.title(chance);
    record.author = Some(Actor {
        login: Some(person.login.clone()),
        id: work.repository.form.id(Some(person.id)),
        is_bot: Some(false),
    });
    record.head_ref = Some(idea.branch(&person.login, chance));
    record.commits = Some(documents::commits(
        idea,
        &record.title,
        person,
        moments,
        work.size_lines,
        chance,
    ));
    record.files = Some(documents::files(
        work.repository,
        idea,
        work.size_lines,
        chance,
    ));
    record.labels = Some(documents::labels(idea, chance));
    count_lines(record);
}

/// The description: empty, in the manner of the house, with a disclosure.
fn write_body(
    slot: &Slot<'_>,
    idea: &Idea,
    hand: &Hand,
    record: &mut PullRequest,
    chance: &mut Chance,
) {
    if chance.happens(EMPTY_SHARE) && !hand.needs_body() {
        record.body = chance.pick(&[None, Some("")]).map(str::to_owned);
        return;
    }
    let mut body = idea.body(slot.team.plan.house, chance);
    if let (Some(tool), Some(Trace::Prose)) = (hand.tool(), hand.trace()) {
        let sentence = chance
            .pick(DISCLOSURES)
            .replace("{tool}", tool.spoken_name());
        body = if chance.happens(0.3) {
            format!("{sentence}\n\n{body}")
        } else {
            format!("{body}\n\n{sentence}")
        };
    }
    record.body = Some(body);
}

/// The AI reviewers that the team has installed; returns the slugs of those that came.
fn write_ai_reviews(
    slot: &Slot<'_>,
    plan: &RepositoryPlan,
    idea: &Idea,
    moments: &Moments,
    record: &mut PullRequest,
    chance: &mut Chance,
) -> Vec<String> {
    let mut came = Vec::new();
    for spell in slot.team.plan.reviewers {
        if !spell.covers(slot.month.index) || !chance.happens(spell.weight) {
            continue;
        }
        let at = conversation::ai_review_moment(moments, slot.until, chance);
        if let Some(at) = at {
            conversation::add_ai_review(spell.tool, plan.form, idea, at, record, chance);
            came.push(spell.tool.slug().to_owned());
        }
    }
    came
}

/// A dependency update, merged by a person within a day or so.
fn write_bot(
    slot: &Slot<'_>,
    plan: &RepositoryPlan,
    person: &Person,
    mut record: PullRequest,
    chance: &mut Chance,
) -> (PullRequest, PlantedTruth) {
    let of_a_tool = bots::write_update(plan, slot.opened, &mut record, chance);
    let moments = bots::draw_moments(slot.opened, slot.until, chance);
    conversation::add_events(person, &moments, &mut record);
    finish(&moments, &mut record);
    let truth = PlantedTruth {
        basis: "planted: plain bot".to_owned(),
        plain_bot: true,
        trap: of_a_tool.then(|| "tool_package".to_owned()),
        ..PlantedTruth::without_ai(slot.team.name(), &slot.month.label, &record)
    };
    (record, truth)
}

/// State, times and totals that follow from the rest.
fn finish(moments: &Moments, record: &mut PullRequest) {
    conversation::sort(record);
    count_lines(record);
    record.draft = Some(moments.ready.is_none());
    if let Some(ended) = moments.ended {
        record.state = State::Closed;
        record.closed_at = Some(moment(ended));
        record.merged_at = record
            .closed_at
            .filter(|_| moments.ending == Ending::Merged);
    }
    let reviews = record
        .reviews
        .iter()
        .flatten()
        .filter_map(|review| review.submitted_at);
    let comments = record
        .comments
        .iter()
        .flatten()
        .filter_map(|comment| comment.created_at);
    let events = record
        .events
        .iter()
        .flatten()
        .filter_map(|event| event.created_at);
    record.updated_at = reviews
        .chain(comments)
        .chain(events)
        .chain(record.created_at)
        .max();
}

fn count_lines(record: &mut PullRequest) {
    let files = record.files.as_deref().unwrap_or_default();
    record.additions = Some(files.iter().filter_map(|file| file.additions).sum());
    record.deletions = Some(files.iter().filter_map(|file| file.deletions).sum());
    record.changed_files = Some(files.len() as u64);
}
