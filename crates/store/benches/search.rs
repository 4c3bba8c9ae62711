//! Searches over a large database: `TANDEM_BENCH_DB=tandem.db cargo bench -p store --bench search`.
//!
//! Works on the database itself (it writes the searched columns): give it a copy. Prints how long the
//! writing took, then for each query the median and the 99th percentile of a page and of a count, by one
//! client and by eight at once.

use std::path::Path;
use std::time::{Duration, Instant};

use measures::SizeBucket;
use model::{Origin, Signal};
use store::{
    Direction, OpenOptions, Outcome, PullRequestQuery, Sort, SortBy, SqliteStore, Store, TimeSpan,
};

type AnyError = Box<dyn std::error::Error>;

const PAGE_ROWS: usize = 50;
const ROUNDS: usize = 12;
const CLIENTS: usize = 8;

fn main() -> Result<(), AnyError> {
    let Some(path) = std::env::var_os("TANDEM_BENCH_DB") else {
        eprintln!("skipped: TANDEM_BENCH_DB names no database");
        return Ok(());
    };
    let path = Path::new(&path);
    let begin = Instant::now();
    let store = SqliteStore::open(path, &OpenOptions::write("bench"))?;
    println!("{:<44} {:>9.2} s", "open", begin.elapsed().as_secs_f64());
    let begin = Instant::now();
    let refreshed = store.refresh_search()?;
    println!(
        "{:<44} {:>9.2} s  {refreshed} pull requests",
        "write the searched columns",
        begin.elapsed().as_secs_f64()
    );
    let store = SqliteStore::open(path, &OpenOptions::read("bench"))?;
    let begin = Instant::now();
    store.search(&PullRequestQuery::default(), None, PAGE_ROWS)?;
    println!("{:<44} {:>9.2?}", "the first page, cold", begin.elapsed());
    for (name, query) in queries(&store)? {
        let page = || -> Result<(), AnyError> {
            store.search(&query, None, PAGE_ROWS)?;
            Ok(())
        };
        let count = || -> Result<(), AnyError> {
            store.count_found(&query)?;
            Ok(())
        };
        let found = store.count_found(&query)?;
        println!(
            "{name:<44} {found:>9} found; page {}, count {}; {CLIENTS} clients: page {}, count {}",
            alone(page)?,
            alone(count)?,
            together(&page),
            together(&count),
        );
    }
    Ok(())
}

fn queries(store: &SqliteStore) -> Result<Vec<(&'static str, PullRequestQuery)>, AnyError> {
    let teams = store.teams()?;
    let team = |place: usize| teams.get(place).map(|team| team.team.clone());
    let all = PullRequestQuery::default;
    let sorted = |by, direction| PullRequestQuery {
        sort: Sort { by, direction },
        ..all()
    };
    let author = store
        .search(&all(), None, 1)?
        .rows
        .first()
        .and_then(|row| row.author.clone());
    let month = store
        .statistics()?
        .latest
        .and_then(|at| TimeSpan::month(&at.to_string()[..7]))
        .unwrap_or_default();
    Ok(vec![
        ("all, latest first", all()),
        (
            "all, largest first",
            sorted(SortBy::Size, Direction::Descending),
        ),
        (
            "all, shortest pickup first",
            sorted(SortBy::Pickup, Direction::Ascending),
        ),
        (
            "all, longest cycle first",
            sorted(SortBy::Cycle, Direction::Descending),
        ),
        (
            "one team",
            PullRequestQuery {
                team: team(0),
                ..all()
            },
        ),
        (
            "one team, agents, huge, by cycle",
            PullRequestQuery {
                team: team(1),
                origins: vec![Origin::Agent],
                sizes: vec![SizeBucket::Xxl],
                ..sorted(SortBy::Cycle, Direction::Descending)
            },
        ),
        (
            "a month, merged, not reviewed",
            PullRequestQuery {
                opened: month,
                outcomes: vec![Outcome::Merged],
                merged_without_human_review: Some(true),
                ..all()
            },
        ),
        (
            "a tool, evidence in a trailer, by size",
            PullRequestQuery {
                tool: Some("claude_code".into()),
                signal: Some(Signal::CoAuthor),
                ..sorted(SortBy::Size, Direction::Ascending)
            },
        ),
        ("an author", PullRequestQuery { author, ..all() }),
        (
            "nothing has it: a label, in doubt",
            PullRequestQuery {
                signal: Some(Signal::Label),
                confidence_percent: Some(1..=29),
                ..all()
            },
        ),
        (
            "a frequent word",
            PullRequestQuery {
                title: Some("fix".into()),
                ..all()
            },
        ),
        (
            "two words, by agents",
            PullRequestQuery {
                title: Some("add support".into()),
                origins: vec![Origin::Agent, Origin::Assisted],
                ..all()
            },
        ),
    ])
}

/// The median and the 99th percentile; of one client also the mean time of a processor, which others on
/// the machine do not add to.
struct Times {
    times: Vec<Duration>,
    busy: Option<f64>,
}

impl std::fmt::Display for Times {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut sorted = self.times.clone();
        sorted.sort_unstable();
        let at = |share: f64| {
            let place = (sorted.len() as f64 * share) as usize;
            sorted[place.min(sorted.len() - 1)].as_secs_f64() * 1e3
        };
        write!(formatter, "{:.1}/{:.1} ms", at(0.5), at(0.99))?;
        match self.busy {
            Some(busy) => write!(formatter, " (busy {busy:.1})"),
            None => Ok(()),
        }
    }
}

fn alone(work: impl Fn() -> Result<(), AnyError>) -> Result<Times, AnyError> {
    let mut times = Vec::with_capacity(ROUNDS);
    let busy = busy_milliseconds();
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        work()?;
        times.push(begin.elapsed());
    }
    let busy = busy_milliseconds()
        .zip(busy)
        .map(|(after, before)| (after - before) / ROUNDS as f64);
    Ok(Times { times, busy })
}

fn together(work: &(impl Fn() -> Result<(), AnyError> + Sync)) -> Times {
    let times = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| {
                    (0..ROUNDS)
                        .map(|_| {
                            let begin = Instant::now();
                            // What fails alone has been told already.
                            let _ = work();
                            begin.elapsed()
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        clients
            .into_iter()
            .flat_map(|client| client.join().unwrap_or_default())
            .collect()
    });
    Times { times, busy: None }
}

/// How long this thread has had a processor, where Linux tells.
fn busy_milliseconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    Some(nanoseconds / 1e6)
}
