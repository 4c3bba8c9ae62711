//! Throughput on one thread, in bytes of text per second.
//!
//! `cargo bench -p detect`: on text made here, and on the development data where it is there.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::sync::LazyLock;

use detect::{Catalogue, Detector};
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use flate2::read::GzDecoder;
use model::PullRequest;
use serde_json::json;

fn main() {
    divan::main();
}

static DETECTOR: LazyLock<Detector> = LazyLock::new(|| {
    let catalogue = Catalogue::builtin().expect("the built-in catalogue is valid");
    Detector::new(&catalogue).expect("it compiles")
});

/// Sentences such as pull requests are made of, some of them non-ASCII, some naming tools.
const SENTENCES: [&str; 12] = [
    "This change sorts the list by name before it is rendered, so that the order is stable. ",
    "The cursor of the previous page is kept; see `conn.cursor()` in the adapter.\n",
    "- [x] I have added tests that prove my fix is effective or that my feature works\n",
    "Fixes #1234, follow-up of https://github.com/example/project/pull/1200.\n",
    "Größe und Reihenfolge bleiben gleich — naïve Fälle sind abgedeckt.\n",
    "```rust\nlet names: Vec<&str> = rows.iter().map(|row| row.name).collect();\n```\n",
    "The author of the session task generated a summary of the description with this request. ",
    "GitHub Actions runs the whole suite on three platforms; nothing else changed.\n",
    "## How to test\n\n1. Open the page\n2. Sort by name\n3. Reload\n\n",
    "<!-- Please describe your change. Delete what does not apply. -->\n",
    "Reviewed the generated code by hand, with a co-author, and updated the overview. ",
    "Signed-off-by: Ada L <ada@example.org>\n",
];

const CLOSINGS: [&str; 4] = [
    "\n🤖 Generated with [Claude Code](https://claude.ai/code)\n",
    "\nCo-authored-by: Grace H <grace@example.org>\n",
    "\nhttps://chatgpt.com/codex/tasks/task_e_0123\n",
    "\n",
];

/// Pull requests of about 3 kB of text: body, two commits, three comments.
static MADE: LazyLock<Vec<PullRequest>> = LazyLock::new(|| {
    let mut state = 7_u64;
    let mut draw = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % below
    };
    let mut prose = |count: usize| {
        (0..count)
            .map(|_| SENTENCES[draw(SENTENCES.len())])
            .collect::<String>()
    };
    (0..200)
        .map(|index| {
            let closing = CLOSINGS[index % CLOSINGS.len()];
            let record = json!({
                "repo": "example/project", "number": index, "title": "Sort the list by name",
                "body": prose(14) + closing, "author": {"login": "ada"}, "head_ref": "sort-by-name",
                "commits": [
                    {"message": prose(3), "author_login": "ada"},
                    {"message": prose(3), "author_login": "grace", "author_email": "grace@example.org"},
                ],
                "comments": [
                    {"author": "grace", "body": prose(4)},
                    {"author": "coderabbitai[bot]", "body": prose(6)},
                    {"author": "ada", "body": prose(2)},
                ],
            });
            serde_json::from_value(record).expect("a record")
        })
        .collect()
});

/// A tenth of the development data, or nothing: a sample short enough to fit between two switches of
/// a busy machine, so that the fastest one tells the speed.
static REAL: LazyLock<Vec<PullRequest>> = LazyLock::new(|| {
    let folder = std::env::var_os("TANDEM_DATA_DIR").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let Ok(file) = File::open(folder.join("prs.jsonl.gz")) else {
        eprintln!("there is no development data beside the workspace");
        return Vec::new();
    };
    BufReader::new(GzDecoder::new(file))
        .lines()
        .step_by(10)
        .map(|line| serde_json::from_str(&line.expect("a line of UTF-8")).expect("a record"))
        .collect()
});

/// Bytes of the texts that are read: title, body, messages, reviews, comments.
fn text_bytes(pull_request: &PullRequest) -> usize {
    let commits = pull_request
        .commits
        .iter()
        .flatten()
        .map(|commit| commit.message.len());
    let reviews = pull_request
        .reviews
        .iter()
        .flatten()
        .filter_map(|review| review.body.as_deref());
    let comments = pull_request
        .comments
        .iter()
        .flatten()
        .map(|comment| comment.body.len());
    pull_request.title.len()
        + pull_request.body.as_deref().map_or(0, str::len)
        + commits.sum::<usize>()
        + reviews.map(str::len).sum::<usize>()
        + comments.sum::<usize>()
}

fn run(
    bencher: Bencher<'_, '_>,
    pull_requests: &[PullRequest],
    work: impl Fn(&PullRequest) + Sync,
) {
    let bytes: usize = pull_requests.iter().map(text_bytes).sum();
    LazyLock::force(&DETECTOR);
    bencher
        .counter(BytesCount::new(bytes))
        .counter(ItemsCount::new(pull_requests.len()))
        .bench(|| pull_requests.iter().for_each(&work));
}

#[divan::bench]
fn verdicts_of_made_text(bencher: Bencher<'_, '_>) {
    run(bencher, &MADE, |record| {
        divan::black_box(DETECTOR.verdict(record));
    });
}

#[divan::bench]
fn verdicts_of_real_data(bencher: Bencher<'_, '_>) {
    run(bencher, &REAL, |record| {
        divan::black_box(DETECTOR.verdict(record));
    });
}

/// Titles and bodies alone: what a search of texts costs without accounts and conversations.
#[divan::bench]
fn evidence_in_real_bodies(bencher: Bencher<'_, '_>) {
    let bodies: Vec<PullRequest> = (REAL.iter())
        .map(|full| PullRequest {
            commits: None,
            reviews: None,
            comments: None,
            events: None,
            ..full.clone()
        })
        .collect();
    run(bencher, &bodies, |record| {
        divan::black_box(DETECTOR.evidence(record));
    });
}

#[divan::bench]
fn mentions_of_real_data(bencher: Bencher<'_, '_>) {
    run(bencher, &REAL, |record| {
        divan::black_box(DETECTOR.mentions(record));
    });
}

#[divan::bench]
fn compiling_the_catalogue(bencher: Bencher<'_, '_>) {
    bencher.bench(|| {
        let catalogue = Catalogue::builtin().expect("the built-in catalogue is valid");
        Detector::new(&catalogue).expect("it compiles")
    });
}
