//! Writes one pull request with its truth.

use model::{Actor, PullRequest, State};

use super::bots;
use super::calendar::{Month, moment};
use super::chance::Chance;
use super::clocks::{Ending, Moments, Work, draw_moments, draw_size};
use super::conversation;
use super::documents;
use super::people::{NAMED_LIKE_A_BOT, NAMED_LIKE_A_TOOL, Person};
use super::repositories::RepositoryPlan;
use super::signals::{choose_marks, stamp};
use super::teams::{Spell, Team};
use super::texts::Idea;
use super::tools::{Mark, Tool};
use super::traps::{self, Trap};
use super::truth::{PlantedTruth, Trace};
use super::vocabulary::DISCLOSURES;

/// Share of all pull requests that plain bots open.
const PLAIN_BOT_SHARE: f64 = 0.09;
/// Share of AI work by people's hands that leaves no trace at all.
const SILENT_SHARE: f64 = 0.1;
/// Share of AI work by people's hands that only a sentence discloses.
const PROSE_SHARE: f64 = 0.08;
/// Share of descriptions left empty, where nothing has to stand in them.
const EMPTY_SHARE: f64 = 0.12;
/// Share of people's pull requests that revert the one merged before.
const REVERT_SHARE: f64 = 0.02;

/// What a repository remembers from one pull request to the next.
#[derive(Debug, Clone, Default)]
pub(super) struct RepositoryState {
    last_number: u64,
    last_merged: Option<MergedWork>,
}

/// The work merged last: what a revert needs to know.
#[derive(Debug, Clone)]
struct MergedWork {
    number: u64,
    title: String,
    sha: String,
    merged: i64,
}

/// Where and when a pull request is opened.
pub(super) struct Slot<'a> {
    pub(super) team: &'a Team,
    pub(super) month: &'a Month,
    pub(super) opened: i64,
    /// The demo's end.
    pub(super) until: i64,
}

/// Whose work it is, and what AI had to do with it.
enum Hand {
    Person,
    Ai {
        tool: Tool,
        trace: Trace,
        marks: Vec<Mark>,
    },
}

/// Writes a pull request into the slot. `states` has one entry for each repository of the team.
pub(super) fn write(
    slot: &Slot<'_>,
    states: &mut [RepositoryState],
    chance: &mut Chance,
) -> (PullRequest, PlantedTruth) {
    let team = slot.team;
    let activities: Vec<f64> = team.people.iter().map(|person| person.activity).collect();
    let person = &team.people[chance.weighted(&activities)];
    let index = chance.weighted(&team.repository_weights(person));
    let plan = &team.plan.repositories[index];
    let state = &mut states[index];
    state.last_number += chance.between(1, 3);
    let mut record = blank(slot, plan, state.last_number, chance);
    if chance.happens(PLAIN_BOT_SHARE) {
        return write_bot(slot, plan, person, record, chance);
    }

    let share = team.ai_share(slot.month, person, plan);
    let hand = if chance.happens(share) {
        draw_ai(slot, chance)
    } else {
        Hand::Person
    };
    let tool = match &hand {
        Hand::Person => None,
        Hand::Ai { tool, .. } => Some(*tool),
    };
    let size_lines = draw_size(team.plan, tool, chance);
    let work = Work {
        team: team.plan,
        repository: plan,
        person,
        tool,
        size_lines,
        opened: slot.opened,
        until: slot.until,
    };
    let moments = draw_moments(&work, chance);
    let trap = match &hand {
        Hand::Person => traps::choose(team.plan.house, moments.first_commit, chance),
        Hand::Ai { .. } => None,
    };
    let idea = Idea::draw(plan, chance);
    let revert = revertible(state, &hand, trap, slot.opened, chance);
    write_change(
        &idea,
        plan,
        person,
        size_lines,
        &moments,
        &mut record,
        chance,
    );
    write_body(slot, &idea, &hand, trap, &mut record, chance);
    if let Some(reverted) = &revert {
        write_revert(reverted, &mut record);
    }
    conversation::add_people(team, person, &idea, &moments, &mut record, chance);
    if let Some(trap) = trap {
        let colleague = conversation::colleague(team, person, chance);
        traps::set(
            trap,
            colleague,
            moments.first_review.is_some(),
            &mut record,
            chance,
        );
    }
    conversation::add_events(person, &moments, &mut record);
    let visible = match &hand {
        Hand::Person => None,
        Hand::Ai { tool, marks, .. } => {
            let visible = stamp(*tool, marks, person, plan.form, &mut record, chance);
            conversation::add_self_review(*tool, plan.form, &moments, &mut record, chance);
            Some(visible)
        }
    };
    let review_ai = write_ai_reviews(slot, plan, &idea, &moments, &mut record, chance);
    conversation::add_plain_bot_report(plan.form, &moments, slot.until, &mut record, chance);
    finish(&moments, &mut record);
    if moments.ending == Ending::Merged {
        state.last_merged = moments.ended.map(|merged| MergedWork {
            number: record.number,
            title: record.title.clone(),
            sha: chance.hex(40),
            merged,
        });
    }
    let trap = trap
        .map(Trap::name)
        .or_else(|| name_trap(person, &hand))
        .map(str::to_owned);
    let truth = PlantedTruth {
        agent: tool.map_or("none", Tool::agent).to_owned(),
        basis: basis(&hand, trap.as_deref()),
        ai_authored: tool.is_some(),
        review_ai,
        visible,
        tool: tool.map(|tool| tool.slug().to_owned()),
        trace: match &hand {
            Hand::Person => None,
            Hand::Ai { trace, .. } => Some(*trace),
        },
        planted_share: Some(share),
        person: Some(person.login.clone()),
        trap,
        ..truth_of(slot, &record)
    };
    (record, truth)
}

/// Which tool, what trace and which marks.
fn draw_ai(slot: &Slot<'_>, chance: &mut Chance) -> Hand {
    let current: Vec<&Spell<Tool>> = slot
        .team
        .plan
        .tools
        .iter()
        .filter(|spell| spell.covers(slot.month.index))
        .collect();
    let weights: Vec<f64> = current.iter().map(|spell| spell.weight).collect();
    let tool = current[chance.weighted(&weights)].tool;
    let trace = if tool.opens_pull_requests() {
        Trace::Signed
    } else {
        match chance.weighted(&[SILENT_SHARE, PROSE_SHARE, 1.0 - SILENT_SHARE - PROSE_SHARE]) {
            0 => Trace::Silent,
            1 => Trace::Prose,
            _ => Trace::Signed,
        }
    };
    let marks = if trace == Trace::Signed {
        choose_marks(tool, slot.opened, chance)
    } else {
        Vec::new()
    };
    Hand::Ai { tool, trace, marks }
}

/// The record with all that does not depend on chance's later turns.
fn blank(slot: &Slot<'_>, plan: &RepositoryPlan, number: u64, chance: &mut Chance) -> PullRequest {
    PullRequest {
        id: Some(chance.between(4_000_000_000, 4_999_999_999).to_string()),
        repo: format!("{}/{}", slot.team.name(), plan.name),
        number,
        language: Some(plan.language.name().to_owned()),
        title: String::new(),
        body: None,
        author: None,
        state: State::Open,
        draft: Some(false),
        created_at: Some(moment(slot.opened)),
        updated_at: None,
        closed_at: None,
        merged_at: None,
        additions: None,
        deletions: None,
        changed_files: None,
        head_ref: None,
        base_ref: Some("main".to_owned()),
        labels: Some(Vec::new()),
        commits: Some(Vec::new()),
        reviews: Some(Vec::new()),
        comments: Some(Vec::new()),
        files: Some(Vec::new()),
        events: Some(Vec::new()),
    }
}

/// Title, author, branch, commits, files, labels.
fn write_change(
    idea: &Idea,
    plan: &RepositoryPlan,
    person: &Person,
    size_lines: u64,
    moments: &Moments,
    record: &mut PullRequest,
    chance: &mut Chance,
) {
    record.title = idea.title(chance);
    record.author = Some(Actor {
        login: Some(person.login.clone()),
        id: plan.form.id(Some(person.id)),
        is_bot: Some(false),
    });
    record.head_ref = Some(idea.branch(&person.login, chance));
    record.commits = Some(documents::commits(
        idea,
        &record.title,
        person,
        moments,
        size_lines,
        chance,
    ));
    record.files = Some(documents::files(plan, idea, size_lines, chance));
    record.labels = Some(documents::labels(idea, chance));
    count_lines(record);
}

/// The description: empty, in the manner of the house, with a disclosure.
fn write_body(
    slot: &Slot<'_>,
    idea: &Idea,
    hand: &Hand,
    trap: Option<Trap>,
    record: &mut PullRequest,
    chance: &mut Chance,
) {
    let needed = match hand {
        Hand::Person => trap.is_some_and(Trap::needs_body),
        Hand::Ai { tool, trace, marks } => {
            tool.opens_pull_requests() || *trace == Trace::Prose || marks.contains(&Mark::Body)
        }
    };
    if chance.happens(EMPTY_SHARE) && !needed {
        record.body = chance.pick(&[None, Some("")]).map(str::to_owned);
        return;
    }
    let mut body = idea.body(slot.team.plan.house, chance);
    if let Hand::Ai {
        tool,
        trace: Trace::Prose,
        ..
    } = hand
    {
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

/// The work to revert, if a person reverts now.
fn revertible(
    state: &RepositoryState,
    hand: &Hand,
    trap: Option<Trap>,
    opened: i64,
    chance: &mut Chance,
) -> Option<MergedWork> {
    let reverts = chance.happens(REVERT_SHARE) && trap.is_none() && matches!(hand, Hand::Person);
    state
        .last_merged
        .clone()
        .filter(|work| reverts && work.merged < opened)
}

fn write_revert(reverted: &MergedWork, record: &mut PullRequest) {
    record.title = format!("Revert \"{}\"", reverted.title);
    record.body = Some(format!(
        "Reverts {}#{}.\n\nThis reverts commit {}.",
        record.repo, reverted.number, reverted.sha
    ));
    record.head_ref = Some(format!("revert-{}-main", reverted.number));
    if let Some(first) = record.commits.get_or_insert_default().first_mut() {
        first.message = format!("{}\n\nThis reverts commit {}.", record.title, reverted.sha);
    }
}

/// The AI reviewers that the team has installed; returns those that came.
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
        if spell.covers(slot.month.index)
            && chance.happens(spell.weight)
            && conversation::add_ai_review(
                spell.tool, plan.form, idea, moments, slot.until, record, chance,
            )
        {
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
    let ended = slot.opened + (chance.lognormal(9.0, 1.0) * 3600.0) as i64 + 60;
    let ending = if ended >= slot.until {
        Ending::Open
    } else if chance.happens(0.15) {
        Ending::ClosedUnmerged
    } else {
        Ending::Merged
    };
    let moments = Moments {
        first_commit: slot.opened,
        opened: slot.opened,
        drafted: false,
        ready: Some(slot.opened),
        first_review: None,
        ended: Some(ended).filter(|_| ending != Ending::Open),
        ending,
    };
    conversation::add_events(person, &moments, &mut record);
    finish(&moments, &mut record);
    let truth = PlantedTruth {
        basis: "planted: plain bot".to_owned(),
        plain_bot: true,
        trap: of_a_tool.then(|| "tool_package".to_owned()),
        ..truth_of(slot, &record)
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

/// People who are named like a tool or a bot are hard negatives by themselves.
fn name_trap(person: &Person, hand: &Hand) -> Option<&'static str> {
    if !matches!(hand, Hand::Person) {
        None
    } else if NAMED_LIKE_A_TOOL.contains(&person.given) {
        Some("named_like_a_tool")
    } else if NAMED_LIKE_A_BOT
        .iter()
        .any(|family| person.name.ends_with(family))
    {
        Some("named_like_a_bot")
    } else {
        None
    }
}

fn basis(hand: &Hand, trap: Option<&str>) -> String {
    match (hand, trap) {
        (
            Hand::Ai {
                trace: Trace::Signed,
                ..
            },
            _,
        ) => "planted: AI with a signature".to_owned(),
        (
            Hand::Ai {
                trace: Trace::Prose,
                ..
            },
            _,
        ) => "planted: AI disclosed in prose only".to_owned(),
        (
            Hand::Ai {
                trace: Trace::Silent,
                ..
            },
            _,
        ) => "planted: AI without a trace".to_owned(),
        (Hand::Person, Some(trap)) => format!("planted: person, hard negative {trap}"),
        (Hand::Person, None) => "planted: person".to_owned(),
    }
}

/// The truth of a pull request with which AI has nothing to do.
fn truth_of(slot: &Slot<'_>, record: &PullRequest) -> PlantedTruth {
    PlantedTruth {
        repo: record.repo.clone(),
        number: record.number,
        agent: "none".to_owned(),
        basis: String::new(),
        ai_authored: false,
        review_ai: Vec::new(),
        visible: None,
        weak: false,
        source: "demo".to_owned(),
        team: slot.team.name().to_owned(),
        month: slot.month.label.clone(),
        tool: None,
        trace: None,
        planted_share: None,
        person: None,
        trap: None,
        plain_bot: false,
    }
}
