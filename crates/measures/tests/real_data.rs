//! Merge rates, merge times and the first-review trap on real pull requests by agents.
//!
//! The expected numbers were computed with Python from the same file, by the rules of the AIDev study
//! (arXiv 2507.15003): hours from opened to merged (else closed); reviews by others than the author and
//! the agent's own accounts, at or after the opening; a bot is a login that ends in `[bot]`, `Copilot` or
//! `copilot-swe-agent`. The file holds a part of the study's pull requests, so its table differs; the
//! study's own figures are printed beside ours.

use std::collections::HashMap;
use std::path::PathBuf;

use measures::{Account, measure};
use model::{PullRequest, State};
use serde::Deserialize;

/// What is expected of one agent.
struct Expected {
    agent: &'static str,
    pull_requests: usize,
    merged: usize,
    merged_median_hours: f64,
    closed_median_hours: f64,
    anyone: (usize, f64),
    people: (usize, f64),
    bot_first_percent: f64,
    /// Merge rate, first review by anyone and by people as the study has them, for printing.
    study: &'static str,
}

const EXPECTED: [Expected; 5] = [
    Expected {
        agent: "OpenAI_Codex",
        pull_requests: 874,
        merged: 633,
        merged_median_hours: 0.103_611,
        closed_median_hours: 18.157_639,
        anyone: (240, 0.042_083),
        people: (91, 5.060_278),
        bot_first_percent: 87.5,
        study: "2,686 PRs, 65.3 % merged, 0.292 h; anyone 0.096 h, people 5.851 h, bot first 62.6 %",
    },
    Expected {
        agent: "Devin",
        pull_requests: 852,
        merged: 435,
        merged_median_hours: 1.985,
        closed_median_hours: 62.371_111,
        anyone: (323, 1.021_667),
        people: (285, 1.624_722),
        bot_first_percent: 14.9,
        study: "2,729 PRs, 48.9 % merged, 2.224 h; anyone 0.528 h, people 0.965 h, bot first 18.5 %",
    },
    Expected {
        agent: "Copilot",
        pull_requests: 452,
        merged: 166,
        merged_median_hours: 16.716_111,
        closed_median_hours: 4.749_167,
        anyone: (270, 0.971_806),
        people: (263, 1.22),
        bot_first_percent: 18.9,
        study: "1,462 PRs, 38.2 % merged, 17.197 h; anyone 0.849 h, people 1.142 h, bot first 18.1 %",
    },
    Expected {
        agent: "Cursor",
        pull_requests: 41,
        merged: 17,
        merged_median_hours: 1.0075,
        closed_median_hours: 70.324_306,
        anyone: (16, 0.060_278),
        people: (10, 3.300_694),
        bot_first_percent: 50.0,
        study: "144 PRs, 51.4 % merged, 2.408 h; anyone 0.171 h, people 8.017 h, bot first 42.7 %",
    },
    Expected {
        agent: "Claude_Code",
        pull_requests: 27,
        merged: 12,
        merged_median_hours: 7.855_972,
        closed_median_hours: 28.466_667,
        anyone: (10, 4.818_75),
        people: (6, 11.766_528),
        bot_first_percent: 50.0,
        study: "101 PRs, 52.5 % merged, 6.874 h; anyone 9.186 h, people 13.949 h, bot first 48.9 %",
    },
];

#[derive(Deserialize)]
struct Truth {
    repo: String,
    number: u64,
    agent: String,
}

/// What one agent's pull requests measure, in hours.
#[derive(Default)]
struct Found {
    pull_requests: usize,
    merged: Vec<f64>,
    closed: Vec<f64>,
    anyone: Vec<f64>,
    people: Vec<f64>,
    bot_first: usize,
}

fn data_file(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("TANDEM_DATA_DIR").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = folder.join(name);
    path.exists().then_some(path)
}

fn lines<T: serde::de::DeserializeOwned>(path: PathBuf) -> impl Iterator<Item = T> {
    intake::JsonLines::<T>::open(&intake::Source::Path(path), intake::Options::default())
        .expect("opens")
        .map(|line| line.expect("a line").value)
}

fn hours_between(start: Option<jiff::Timestamp>, end: Option<jiff::Timestamp>) -> Option<f64> {
    Some((end?.as_second() - start?.as_second()) as f64 / 3600.0)
}

fn by_the_studys_rules(agent: &str, mut record: PullRequest) -> PullRequest {
    let own: &[&str] = match agent {
        "Copilot" => &["copilot", "copilot-swe-agent", "copilot-swe-agent[bot]"],
        "Devin" => &["devin-ai-integration[bot]"],
        _ => &[],
    };
    if let Some(reviews) = &mut record.reviews {
        reviews.retain(|review| {
            let login = review
                .author
                .as_deref()
                .unwrap_or_default()
                .to_ascii_lowercase();
            !own.contains(&login.as_str())
        });
    }
    // The study looks at reviews only, from the opening on, and knows no requesters.
    PullRequest {
        comments: None,
        events: None,
        commits: None,
        body: None,
        draft: None,
        ..record
    }
}

#[test]
fn merge_times_and_the_first_review_trap() {
    let (Some(records), Some(truth)) = (data_file("prs.jsonl.gz"), data_file("truth.jsonl")) else {
        eprintln!("skipped: no data folder; TANDEM_DATA_DIR names it");
        return;
    };
    let agents: HashMap<(String, u64), String> = lines::<Truth>(truth)
        .map(|truth| ((truth.repo, truth.number), truth.agent))
        .collect();
    let is_bot =
        |account: Account<'_>| matches!(account.login, Some("Copilot" | "copilot-swe-agent"));
    let mut all: HashMap<String, Found> = HashMap::new();
    for record in lines::<PullRequest>(records) {
        let Some(agent) = agents.get(&(record.repo.clone(), record.number)) else {
            continue;
        };
        let record = by_the_studys_rules(agent, record);
        let measures = measure(&record, &is_bot);
        let found = all.entry(agent.clone()).or_default();
        found.pull_requests += 1;
        let opened = record.created_at;
        if record.merged_at.is_some() {
            found.merged.extend(hours_between(opened, record.merged_at));
        } else if record.state == State::Closed {
            found.closed.extend(hours_between(opened, record.closed_at));
        }
        let anyone = hours_between(opened, measures.reviews.anyone_from_open_at);
        let people = hours_between(opened, measures.reviews.human_from_open_at);
        found.anyone.extend(anyone);
        found.people.extend(people);
        found.bot_first +=
            usize::from(anyone.is_some_and(|first| people.is_none_or(|person| first < person)));
    }
    for expected in &EXPECTED {
        let found = all.remove(expected.agent).expect("the agent is there");
        let median = |values: &[f64]| stats::median(values).expect("values");
        let bot_first_percent = 100.0 * found.bot_first as f64 / found.anyone.len() as f64;
        println!(
            "{}: {} PRs, {:.1} % merged, {:.3} h, closed {:.3} h; first review by anyone {:.3} h (n {}), by people {:.3} h (n {}), bot first {bot_first_percent:.1} % | the study: {}",
            expected.agent,
            found.pull_requests,
            100.0 * found.merged.len() as f64 / found.pull_requests as f64,
            median(&found.merged),
            median(&found.closed),
            median(&found.anyone),
            found.anyone.len(),
            median(&found.people),
            found.people.len(),
            expected.study,
        );
        let near = |found: f64, expected: f64| (found - expected).abs() < 1e-6;
        assert_eq!(found.pull_requests, expected.pull_requests);
        assert_eq!(found.merged.len(), expected.merged);
        assert!(near(median(&found.merged), expected.merged_median_hours));
        assert!(near(median(&found.closed), expected.closed_median_hours));
        assert_eq!(found.anyone.len(), expected.anyone.0);
        assert!(near(median(&found.anyone), expected.anyone.1));
        assert_eq!(found.people.len(), expected.people.0);
        assert!(near(median(&found.people), expected.people.1));
        assert!((bot_first_percent - expected.bot_first_percent).abs() < 0.05);
        assert!(median(&found.anyone) < median(&found.people), "the trap");
    }
}
