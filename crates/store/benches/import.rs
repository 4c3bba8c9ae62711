//! Figures of the store on real records: `cargo bench -p store`.
//!
//! Reads the file named by `TANDEM_BENCH_FILE`, or the development data, and prints one line for each
//! step. A step runs once, since what it measures is the first time.

use std::path::{Path, PathBuf};
use std::time::Instant;

use intake::{Options, Reader, Source};
use model::{Origin, PrKey, PullRequest, Verdict};
use store::{
    CandidateQuery, Clock, Cursor, OpenOptions, Selection, SqliteStore, Store, VerdictWrite,
    Versions,
};

type AnyError = Box<dyn std::error::Error>;

/// How many records the command line gives to the store at once.
const CALL_ROWS: usize = 1_000;
/// How many facts are read at once.
const PAGE_ROWS: usize = 10_000;

fn main() -> Result<(), AnyError> {
    let Some(path) = file() else {
        eprintln!("skipped: the development data is not here, and TANDEM_BENCH_FILE is not set");
        return Ok(());
    };
    let source = Source::Path(path);
    let rows = step("read the file", || each_call(&source, |_| Ok(())))?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("tandem.db");
    let store = SqliteStore::open(&path, &OpenOptions::write("bench"))?;
    let import = |records: Vec<PullRequest>| -> Result<(), AnyError> {
        store.upsert_pull_requests(&records)?;
        Ok(())
    };
    step("read and import", || each_call(&source, import))?;
    step("import again", || each_call(&source, import))?;
    step("read documents", || documents(&store))?;
    step("read documents, store verdicts", || verdicts(&store))?;
    step("scan facts", || facts(&store))?;
    step("look for what has no verdict", || {
        store.undetected("bench", &Selection::all(), None, CALL_ROWS)?;
        Ok(rows)
    })?;
    step("read candidates, newest first", || candidates(&store))?;
    step("count adoption", || {
        store.adoption(Clock::Created, &Selection::all())?;
        Ok(rows)
    })?;
    step("count coverage", || {
        store.coverage(&versions(), &Selection::all())?;
        Ok(rows)
    })?;
    let statistics = store.statistics()?;
    println!(
        "{:<34} {:>9} rows  {:>7.1} MB",
        "the database",
        statistics.pull_requests,
        statistics.size_bytes as f64 / 1e6
    );
    Ok(())
}

fn file() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("TANDEM_BENCH_FILE") {
        return Some(PathBuf::from(path));
    }
    let folder = std::env::var_os("TANDEM_DATA_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = folder.join("prs.jsonl.gz");
    path.exists().then_some(path)
}

fn step(name: &str, work: impl FnOnce() -> Result<u64, AnyError>) -> Result<u64, AnyError> {
    let started = Instant::now();
    let rows = work()?;
    let seconds = started.elapsed().as_secs_f64();
    let rate = rows as f64 / seconds;
    println!("{name:<34} {rows:>9} rows  {seconds:>7.2} s  {rate:>10.0} rows/s");
    Ok(rows)
}

fn each_call(
    source: &Source,
    mut work: impl FnMut(Vec<PullRequest>) -> Result<(), AnyError>,
) -> Result<u64, AnyError> {
    let mut rows = 0;
    let mut call = Vec::with_capacity(CALL_ROWS);
    for record in Reader::open(source, Options::default())? {
        call.push(record?.pull_request);
        rows += 1;
        if call.len() == CALL_ROWS {
            work(std::mem::take(&mut call))?;
        }
    }
    work(call)?;
    Ok(rows)
}

fn documents(store: &dyn Store) -> Result<u64, AnyError> {
    let mut after: Option<PrKey> = None;
    let mut rows = 0;
    loop {
        let page = store.pull_requests(&Selection::all(), after.as_ref(), CALL_ROWS)?;
        let Some(last) = page.last() else {
            return Ok(rows);
        };
        after = Some(last.pull_request.key());
        rows += page.len() as u64;
    }
}

fn verdicts(store: &dyn Store) -> Result<u64, AnyError> {
    let mut after: Option<PrKey> = None;
    let mut rows = 0;
    loop {
        let page = store.undetected("bench", &Selection::all(), after.as_ref(), CALL_ROWS)?;
        let Some(last) = page.last() else {
            return Ok(rows);
        };
        after = Some(last.pull_request.key());
        let writes: Vec<VerdictWrite> = page
            .into_iter()
            .map(|stored| VerdictWrite {
                key: stored.pull_request.key(),
                content_hash: stored.content_hash.clone(),
                verdict: Verdict {
                    origin: Origin::Agent,
                    ai_authored: Some(true),
                    ai_reviewed: false,
                    author_tools: vec!["codex".into()],
                    review_tools: Vec::new(),
                    plain_bot: false,
                    confidence: 0.99,
                    evidence: Vec::new(),
                    notes: Vec::new(),
                },
                measures: measures::measure(&stored.pull_request, &|_| false),
            })
            .collect();
        rows += store.put_verdicts("bench", &writes)?.stored;
    }
}

fn facts(store: &dyn Store) -> Result<u64, AnyError> {
    let mut after: Option<PrKey> = None;
    let mut rows = 0;
    loop {
        let page = store.facts(&Selection::all(), after.as_ref(), PAGE_ROWS)?;
        let Some(last) = page.last() else {
            return Ok(rows);
        };
        after = Some(last.key());
        rows += page.len() as u64;
    }
}

fn candidates(store: &dyn Store) -> Result<u64, AnyError> {
    let query = CandidateQuery::missing(versions());
    let mut after: Option<Cursor> = None;
    let mut rows = 0;
    loop {
        let page = store.candidates(&query, after.as_ref(), CALL_ROWS)?;
        let Some(last) = page.last() else {
            return Ok(rows);
        };
        after = Some(last.cursor());
        rows += page.len() as u64;
    }
}

fn versions() -> Versions {
    Versions {
        prompt: "1".into(),
        schema: "1".into(),
    }
}
