//! Real pull requests, where they are at hand: agreement, budget and speed.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::time::Instant;

use analysis::{ContextBudget, build_context, parse_answer, rules, system_prompt, tokens};
use flate2::read::GzDecoder;
use model::PullRequest;

fn data_dir() -> PathBuf {
    std::env::var_os("TANDEM_DATA_DIR").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    )
}

#[test]
fn contexts_of_real_pull_requests() {
    let path = data_dir().join("prs.jsonl.gz");
    let Ok(file) = std::fs::File::open(&path) else {
        println!("skipped: {} is not there", path.display());
        return;
    };
    let budget = ContextBudget::default();
    // Debug builds look at every ninth, which takes seconds.
    let step = if cfg!(debug_assertions) { 9 } else { 1 };
    let mut totals = Vec::new();
    let mut estimates_low = 0;
    let mut estimated = 0;
    let mut masked: BTreeMap<String, u64> = BTreeMap::new();
    let mut sections: BTreeMap<String, u64> = BTreeMap::new();
    let mut build_seconds = 0.0;
    let mut rules_seconds = 0.0;
    tokens::count("build the vocabulary before the clock starts");
    let reader = BufReader::new(GzDecoder::new(file));
    for line in reader.lines().step_by(step) {
        let line = line.expect("a line");
        let pull_request: PullRequest = serde_json::from_str(&line).expect("a record");
        let started = Instant::now();
        let context = build_context(&pull_request, &[], &budget);
        build_seconds += started.elapsed().as_secs_f64();
        let started = Instant::now();
        let answer = rules::analyse(&pull_request, &[]);
        rules_seconds += started.elapsed().as_secs_f64();
        let key = pull_request.key();
        assert_eq!(
            rules::analyse_context(&context.text),
            Some(answer.clone()),
            "{key}"
        );
        let json = serde_json::to_string(&answer).expect("JSON");
        parse_answer(&json, &context.text).unwrap_or_else(|error| panic!("{key}: {error}"));
        let exact = tokens::count(&context.text);
        assert!(exact <= budget.total_tokens + 120, "{key}: {exact} tokens");
        assert!(
            exact.abs_diff(context.total_tokens) <= 24,
            "{key}: {exact} != {}",
            context.total_tokens
        );
        let estimate = tokens::estimate_upper(&context.text);
        estimated += estimate;
        estimates_low += u64::from(estimate < exact);
        totals.push(exact);
        for (kind, count) in context.masked {
            *masked.entry(kind).or_default() += count;
        }
        for (section, count) in context.section_tokens {
            *sections.entry(section.name().to_owned()).or_default() += count;
        }
    }
    totals.sort_unstable();
    let count = totals.len();
    let at = |share: f64| totals[((count - 1) as f64 * share) as usize];
    let sum: u64 = totals.iter().sum();
    let prompt = tokens::count(system_prompt());
    println!(
        "{count} contexts, system prompt {prompt} tokens, schema {} tokens",
        tokens::count(analysis::answer_schema_text())
    );
    println!(
        "context tokens: mean {:.0}, median {}, p95 {}, max {}; request mean {:.0}, p95 {}",
        sum as f64 / count as f64,
        at(0.5),
        at(0.95),
        at(1.0),
        sum as f64 / count as f64 + prompt as f64,
        at(0.95) + prompt
    );
    println!(
        "tokens by section, mean: {:?}",
        sections
            .iter()
            .map(|(name, total)| (name, total / count as u64))
            .collect::<Vec<_>>()
    );
    println!(
        "build: {:.0} contexts/s; rules: {:.0}/s",
        count as f64 / build_seconds,
        count as f64 / rules_seconds
    );
    println!(
        "estimate: {:.2} of exact, too low for {estimates_low}; masked: {masked:?}",
        estimated as f64 / sum as f64
    );
    assert!(
        estimates_low * 200 <= count as u64,
        "{estimates_low} estimates below the exact count"
    );
    assert!(estimated < sum * 2);
}
