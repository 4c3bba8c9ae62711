//! The digest in words.

use insights::advice::FollowUpOutcome;
use insights::answers::full_sentence;
use insights::digest::{ClockChange, ShareChange, ToolNews, ToolNewsKind, Typical};
use insights::effects::EffectUnit;
use insights::wording::{FEWEST_SHOWN, direction, effect_text, interval_text, value_text};
use stats::Proportion;
use web::Letter;

use super::Document;
use crate::output::{count, dollars, percent};
use crate::verbs::adoption::bounds;

/// Pieces of advice that are told; the insights have all.
const ADVICE_SHOWN: usize = 3;

/// The letter of a week.
pub(super) fn letter(document: &Document) -> Letter {
    let digest = &document.digest;
    let week = &digest.week;
    let whose = document
        .team
        .as_ref()
        .map_or_else(String::new, |team| format!(" of {team}"));
    let mut letter = Letter {
        subject: format!("AI in pull requests{whose}: week {}", week.name),
        lead: format!(
            "{} to {} (UTC), against {}.",
            week.first_day, week.last_day, digest.before.name
        ),
        warnings: warnings(document),
        foot: "Adoption is a lower bound: AI that leaves no trace is not seen. Differences between weeks are not \
               effects of AI; tandem insights compares like with like."
            .to_owned(),
        ..Letter::default()
    };
    letter.section(
        "How much",
        vec![
            share_line("AI wrote or helped to write at least", &digest.adoption),
            share_line("AI reviewed", &digest.ai_reviewed),
            format!(
                "{} pull requests were merged ({} the week before).",
                count(digest.merged.now),
                count(digest.merged.before)
            ),
        ],
    );
    letter.section("How fast", digest.clocks.iter().map(clock_line).collect());
    letter.section("Tools", digest.tools.iter().map(tool_line).collect());
    let (advice, follow_up) = advice(document);
    letter.section(
        format!(
            "What to do next, as of the end of {}",
            document.advice.month
        ),
        advice,
    );
    letter.section("What became of earlier advice", follow_up);
    letter.section("Analysis", analysis(document));
    letter
}

fn warnings(document: &Document) -> Vec<String> {
    let digest = &document.digest;
    let mut warnings = Vec::new();
    if !digest.is_over {
        warnings.push(
            "The week is not over: its days so far are compared with the same days of the week before."
                .to_owned(),
        );
    }
    if digest.record_ends_early {
        warnings.push(match &digest.known_until {
            Some(until) => format!(
                "The latest event on record is of {until}: what happened since is not in these numbers (tandem sync or \
                 tandem import, then tandem detect)."
            ),
            None => "There are no pull requests on record: tandem import FILE, then tandem detect.".to_owned(),
        });
    }
    warnings
}

/// A share with its interval: `31.2 % (29.5-32.9), 12 of 38`.
fn share_text(share: Proportion) -> String {
    if share.n < FEWEST_SHOWN as u64 {
        return format!("fewer than {FEWEST_SHOWN} pull requests");
    }
    format!(
        "{} ({}), {} of {}",
        percent(share.share),
        bounds(Some(share)),
        count(share.successes),
        count(share.n)
    )
}

fn share_line(what: &str, change: &ShareChange) -> String {
    let told = match (change.change.shown(), change.change.reason()) {
        (Some(shown), _) => {
            let effect = format!(
                "{} ({})",
                effect_text(EffectUnit::Points, shown.value),
                interval_text(EffectUnit::Points, shown.interval)
            );
            if shown.is_clear {
                format!("Changed by {effect}.")
            } else {
                format!("No clear change: {effect}.")
            }
        }
        (None, reason) => format!("Not compared: {}.", reason.unwrap_or("not enough data")),
    };
    format!(
        "{what} {}; the week before {}. {told}",
        share_text(change.now),
        share_text(change.before)
    )
}

fn clock_line(change: &ClockChange) -> String {
    let definition = change.metric.definition();
    let typical = |typical: Option<Typical>| match typical {
        None => format!("fewer than {FEWEST_SHOWN} pull requests"),
        Some(typical) => {
            let value = |value| value_text(change.metric, value);
            let interval = typical
                .median
                .interval
                .map_or_else(String::new, |interval| {
                    format!(" ({}-{})", value(interval.low), value(interval.high))
                });
            let few = if typical.insufficient { ", few" } else { "" };
            format!(
                "{}{interval}, n {}{few}",
                value(typical.median.estimate),
                count(typical.n as u64)
            )
        }
    };
    let told = match (change.change.shown(), change.change.reason()) {
        (Some(shown), _) => {
            let effect = format!(
                "{} ({})",
                effect_text(EffectUnit::Ratio, shown.value),
                interval_text(EffectUnit::Ratio, shown.interval)
            );
            if shown.is_clear {
                format!("{effect}: {}.", direction(change.metric, shown.value > 1.0))
            } else {
                format!("No clear change: {effect}.")
            }
        }
        (None, reason) => format!("Not compared: {}.", reason.unwrap_or("not enough data")),
    };
    format!(
        "Median {}: {}; the week before {}. {told}",
        definition.title,
        typical(change.now),
        typical(change.before)
    )
}

fn tool_line(news: &ToolNews) -> String {
    let as_what = if news.reviewed {
        "as reviewer"
    } else {
        "as author"
    };
    let number = if news.pull_requests < FEWEST_SHOWN as u64 {
        format!("fewer than {FEWEST_SHOWN} pull requests")
    } else {
        format!("{} pull requests", count(news.pull_requests))
    };
    match news.kind {
        ToolNewsKind::New => format!("New in {}: {} {as_what} ({number}).", news.team, news.tool),
        ToolNewsKind::NotSeenForFourWeeks => format!(
            "Not seen in {} for four weeks: {} {as_what} ({number} in the eight weeks before).",
            news.team, news.tool
        ),
    }
}

/// The weightiest advice, and what became of advice that no longer holds or cannot be judged.
fn advice(document: &Document) -> (Vec<String>, Vec<String>) {
    let teams = &document.advice.teams;
    let mut all: Vec<_> = teams
        .iter()
        .flat_map(|team| team.advice.iter().map(move |advice| (team, advice)))
        .collect();
    all.sort_by(|(_, one), (_, other)| other.weight.total_cmp(&one.weight));
    let mut lines: Vec<String> = all
        .iter()
        .take(ADVICE_SHOWN)
        .map(|(team, advice)| {
            format!(
                "{}: {}{}. {} Next: {}",
                team.team,
                advice.title,
                if advice.given_before { " (again)" } else { "" },
                full_sentence(&advice.statement),
                advice.next_step
            )
        })
        .collect();
    if all.len() > ADVICE_SHOWN {
        lines.push(format!(
            "And {} more: tandem insights.",
            all.len() - ADVICE_SHOWN
        ));
    }
    let follow_up = teams
        .iter()
        .flat_map(|team| team.follow_up.iter().map(move |one| (team, one)))
        .filter(|(_, one)| one.outcome == FollowUpOutcome::NoLongerHolds)
        .map(|(team, one)| {
            format!(
                "{}: \"{}\" no longer holds. Now: {}",
                team.team,
                one.title,
                full_sentence(one.now.as_deref().unwrap_or("nothing to say"))
            )
        })
        .collect();
    (lines, follow_up)
}

fn analysis(document: &Document) -> Vec<String> {
    let (runs, coverage) = (&document.runs, &document.coverage);
    let started = if runs.started == 0 {
        "No run of analysis was started in the week.".to_owned()
    } else {
        format!(
            "{} {} started: {} of {} requests answered, {} failed, {} spent.",
            count(runs.started),
            if runs.started == 1 {
                "run was"
            } else {
                "runs were"
            },
            count(runs.answered),
            count(runs.requests),
            count(runs.failed),
            dollars(runs.cost_usd)
        )
    };
    vec![
        started,
        format!(
            "{} of {} pull requests have a current analysis now ({} of all, {} of those with a description); {} wait, {} \
             are stale, {} are quarantined.",
            count(coverage.analyzed),
            count(coverage.total),
            percent(coverage.rates.of_all),
            percent(coverage.rates.of_nonempty),
            count(coverage.waiting),
            count(coverage.stale),
            count(coverage.quarantined)
        ),
    ]
}
