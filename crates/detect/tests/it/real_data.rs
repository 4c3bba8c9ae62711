//! The development data, where it is there: what the signatures must reach on it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use detect::evaluation::{Evaluation, Evaluator, TruthRecord};
use detect::{Catalogue, Detector};
use flate2::read::GzDecoder;
use model::PullRequest;

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

fn records(folder: &PathBuf) -> impl Iterator<Item = (PullRequest, TruthRecord)> {
    let pull_requests = lines(folder.join("prs.jsonl.gz"))
        .map(|line| serde_json::from_str::<PullRequest>(&line).expect("a pull request"));
    let truths = lines(folder.join("truth.jsonl"))
        .map(|line| serde_json::from_str::<TruthRecord>(&line).expect("a truth record"));
    pull_requests.zip(truths)
}

fn evaluate(folder: &PathBuf, change: impl Fn(PullRequest) -> PullRequest) -> Evaluation {
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
    println!(
        "{}",
        serde_json::to_string_pretty(&evaluation.review_tools).expect("json")
    );
    println!(
        "{}",
        serde_json::to_string_pretty(&evaluation.tools).expect("json")
    );
    println!(
        "{:?} {:?} {:?}",
        evaluation.authored, evaluation.visible, evaluation.review_overall
    );
    println!(
        "{:?} {:?} {:?}",
        evaluation.excluded, evaluation.unmapped_names, evaluation.false_positives
    );
}
