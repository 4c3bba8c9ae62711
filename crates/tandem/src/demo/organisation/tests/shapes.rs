//! The records are whole: deterministic, in order, round-tripping, plausible.

use std::collections::{BTreeMap, BTreeSet};

use model::Role;

use super::super::summary::ready_second;
use super::super::truth::Trace;
use super::*;

#[test]
fn the_same_seed_and_day_give_the_same_organisation() {
    let again: Vec<_> = Organisation::new(SEED, TODAY).pull_requests().collect();
    assert_eq!(*RECORDS, again);
    let other = Organisation::new(SEED + 1, TODAY).pull_requests().next();
    assert_ne!(RECORDS.first(), other.as_ref());
}

#[test]
fn counts_are_as_announced() {
    let total = RECORDS.len() as u64;
    assert!((2_700..3_300).contains(&total), "{total} pull requests");
    assert_eq!(SUMMARY.pull_requests, total);
    let organisation = Organisation::new(SEED, TODAY);
    let teams: BTreeSet<&str> = RECORDS.iter().map(|(record, _)| record.owner()).collect();
    let planned: BTreeSet<&str> = organisation.teams().iter().map(Team::name).collect();
    assert_eq!(teams, planned);
    assert_eq!(teams.len(), 6);
    let months: BTreeSet<&str> = RECORDS
        .iter()
        .map(|(_, truth)| truth.month.as_str())
        .collect();
    assert_eq!(months.len(), 18);
    let share = |count: u64| count as f64 / total as f64;
    assert!((0.05..0.11).contains(&share(SUMMARY.empty_bodies)));
    assert!((0.06..0.12).contains(&share(SUMMARY.plain_bots)));
    assert_eq!(
        SUMMARY.ai_authored,
        SUMMARY.signed + SUMMARY.prose_only + SUMMARY.silent
    );
    assert!(SUMMARY.prose_only > 20 && SUMMARY.silent > 30);
    assert!(SUMMARY.tools.len() >= 8, "{:?}", SUMMARY.tools);
    assert!(
        SUMMARY.review_tools.len() == 6,
        "{:?}",
        SUMMARY.review_tools
    );
    // Every kind of hard negative, and people's names, and a bot's update of an AI package.
    assert_eq!(SUMMARY.traps.len(), 12 + 2 + 1, "{:?}", SUMMARY.traps);
}

#[test]
fn keys_are_unique_and_numbers_rise_with_time() {
    let mut last: BTreeMap<&str, (u64, Option<jiff::Timestamp>)> = BTreeMap::new();
    for (record, truth) in RECORDS.iter() {
        assert_eq!((&truth.repo, truth.number), (&record.repo, record.number));
        if let Some((number, created)) =
            last.insert(&record.repo, (record.number, record.created_at))
        {
            assert!(
                record.number > number && record.created_at >= created,
                "{}",
                record.key()
            );
        }
    }
    let repositories: BTreeMap<&str, BTreeSet<&str>> =
        last.keys().fold(BTreeMap::new(), |mut map, repo| {
            map.entry(repo.split('/').next().unwrap_or_default())
                .or_default()
                .insert(repo);
            map
        });
    assert!(
        repositories
            .values()
            .all(|names| (2..=4).contains(&names.len()))
    );
}

#[test]
fn every_record_and_truth_survives_a_round_trip() {
    for (record, truth) in RECORDS.iter() {
        let text = serde_json::to_string(record).expect("serialises");
        let back: PullRequest = serde_json::from_str(&text).expect("reads back");
        assert_eq!(&back, record);
        let text = serde_json::to_string(truth).expect("serialises");
        let back: PlantedTruth = serde_json::from_str(&text).expect("reads back");
        assert_eq!(&back, truth);
    }
}

#[test]
fn time_runs_forward_and_nothing_lies_in_the_future() {
    let end = super::super::calendar::moment(super::super::calendar::midnight(TODAY));
    for (record, _) in RECORDS.iter() {
        let key = record.key();
        let created = record.created_at.expect("created");
        let ready = ready_second(record).expect("ready");
        assert!(
            ready >= created.as_second(),
            "{key} is ready before it is opened"
        );
        let last = record.closed_at.unwrap_or(end);
        assert!(
            last < end || record.closed_at.is_none(),
            "{key} ends in the future"
        );
        assert!(
            created < end && created < last,
            "{key} ends before it begins"
        );
        assert!(record.merged_at.is_none() || record.merged_at == record.closed_at);
        assert!(
            record
                .closed_at
                .is_none_or(|closed| closed.as_second() > ready),
            "{key}"
        );
        assert!(
            record
                .updated_at
                .is_some_and(|updated| updated >= created && updated < end)
        );
        for review in record.reviews.iter().flatten() {
            let at = review.submitted_at.expect("submitted");
            assert!(
                at.as_second() >= ready && at <= last && at < end,
                "{key} reviewed at {at}"
            );
        }
        for comment in record.comments.iter().flatten() {
            let at = comment.created_at.expect("created");
            assert!(
                at >= created && at <= last && at < end,
                "{key} commented at {at}"
            );
        }
        let commits = record.commits.as_deref().unwrap_or_default();
        assert!(!commits.is_empty(), "{key} has no commits");
        let dates: Vec<_> = commits
            .iter()
            .filter_map(|commit| commit.authored_at)
            .collect();
        assert!(
            dates.is_sorted() && dates[0] <= created && dates[dates.len() - 1] <= last,
            "{key}"
        );
    }
}

#[test]
fn documents_agree_with_totals() {
    for (record, _) in RECORDS.iter() {
        let files = record.files.as_deref().unwrap_or_default();
        let paths: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(
            paths.len(),
            files.len(),
            "{} names a file twice",
            record.key()
        );
        assert_eq!(record.changed_files, Some(files.len() as u64));
        assert!(
            record.size_lines().is_some_and(|lines| lines > 0),
            "{}",
            record.key()
        );
        assert!(
            !record.title.is_empty() && !record.title.contains('{'),
            "{}",
            record.title
        );
        assert!(
            !record.body.as_deref().unwrap_or_default().contains('{'),
            "{}",
            record.key()
        );
    }
}

#[test]
fn nobody_reviews_their_own_work_but_the_agent() {
    for (record, truth) in RECORDS.iter() {
        for review in record.reviews.iter().flatten() {
            if review.is_bot == Some(false) {
                assert_ne!(review.author, truth.person, "{}", record.key());
            }
        }
    }
}

#[test]
fn every_lifecycle_occurs() {
    let count =
        |wanted: fn(&PullRequest) -> bool| RECORDS.iter().filter(|(r, _)| wanted(r)).count();
    let event = |record: &PullRequest| {
        record
            .events
            .iter()
            .flatten()
            .any(|event| event.event == "ready_for_review")
    };
    assert!(RECORDS.iter().filter(|(record, _)| event(record)).count() > 150);
    assert!(count(|r| r.closed_at.is_none()) > 20, "open ones");
    assert!(
        count(|r| r.closed_at.is_some() && r.merged_at.is_none()) > 150,
        "closed unmerged"
    );
    assert!(count(|r| r.merged_at.is_some()) > 2_000, "merged");
    assert!(count(|r| r.title.starts_with("Revert \"")) > 10, "reverts");
    assert!(count(|r| r.draft == Some(true)) < 20, "drafts");
    let conventional = count(|r| {
        r.title.split(['(', ':']).next().is_some_and(|word| {
            ["feat", "fix", "refactor", "perf", "test", "docs", "chore"].contains(&word)
        })
    });
    assert!(
        (800..2_400).contains(&conventional),
        "{conventional} conventional titles"
    );
}

#[test]
fn texts_vary() {
    let titles: BTreeSet<&str> = RECORDS
        .iter()
        .map(|(record, _)| record.title.as_str())
        .collect();
    assert!(
        titles.len() * 10 > RECORDS.len() * 7,
        "{} titles",
        titles.len()
    );
    let bodies: BTreeSet<&str> = RECORDS
        .iter()
        .filter_map(|(record, _)| record.body.as_deref())
        .collect();
    assert!(
        bodies.len() * 10 > RECORDS.len() * 8,
        "{} bodies",
        bodies.len()
    );
}

#[test]
fn review_tools_come_and_go_with_their_installation() {
    let months = |slug: &str| -> BTreeSet<&str> {
        RECORDS
            .iter()
            .filter(|(_, truth)| truth.review_ai.iter().any(|tool| tool == slug))
            .map(|(_, truth)| truth.month.as_str())
            .collect()
    };
    for installation in SUMMARY
        .installations
        .iter()
        .filter(|each| each.role == Role::Reviewed)
    {
        let seen = months(&installation.tool);
        assert_eq!(
            seen.first().copied(),
            Some(installation.from.as_str()),
            "{installation:?}"
        );
        match &installation.until {
            Some(until) => assert!(seen.last().is_some_and(|last| last < &until.as_str())),
            None => assert_eq!(seen.last().copied(), Some("2026-11"), "{installation:?}"),
        }
    }
    let removed = SUMMARY
        .installations
        .iter()
        .filter(|each| each.until.is_some());
    let removed: Vec<(&str, Role)> = removed
        .map(|each| (each.tool.as_str(), each.role))
        .collect();
    assert_eq!(
        removed,
        [("windsurf", Role::Authored), ("cubic", Role::Reviewed)]
    );
}

#[test]
fn traces_say_what_is_visible() {
    for (record, truth) in RECORDS.iter() {
        let visible = truth.visible.as_ref().map_or(0, Vec::len);
        assert_eq!(
            truth.trace == Some(Trace::Signed),
            visible > 0,
            "{}",
            record.key()
        );
        assert_eq!(truth.ai_authored, truth.trace.is_some());
        assert_eq!(truth.ai_authored, truth.agent != "none");
        assert!(!(truth.ai_authored && (truth.trap.is_some() || truth.plain_bot)));
        assert_eq!(truth.visible.is_some(), truth.ai_authored);
    }
}

#[test]
fn any_day_will_do() {
    for today in [date(2026, 3, 1), date(2031, 12, 2)] {
        let organisation = Organisation::new(SEED, today);
        let end = super::super::calendar::moment(super::super::calendar::midnight(today));
        let mut count = 0;
        for (record, _) in organisation.pull_requests() {
            assert!(
                record.updated_at.is_some_and(|at| at < end),
                "{}",
                record.key()
            );
            count += 1;
        }
        assert!(
            (2_600..3_300).contains(&count),
            "{count} pull requests up to {today}"
        );
    }
}
