//! Events for machines: one JSON object a line. The contract is in docs/events.md.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use batch::{FailureKind, RunId, ShardId, ShardProgress, Totals};
use jiff::Timestamp;
use serde::Serialize;

use super::board::{Board, Line};
use crate::output::json_line;

/// The version of the contract; it grows when a reader of an older one would be misled.
const VERSION: u32 = 1;

/// Where events go.
pub(super) struct Events {
    to: BufWriter<Box<dyn Write + Send>>,
}

/// One line.
#[derive(Serialize)]
struct Envelope<'a> {
    version: u32,
    event: &'a str,
    at: Timestamp,
    run: Option<RunId>,
    #[serde(flatten)]
    body: Body<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Body<'a> {
    Progress(Progress),
    Shard(Shard<'a>),
    Waiting { seconds: f64 },
    Warning { message: &'a str },
    Ended { end: &'a str },
}

/// Counts of the run and of its tiers.
#[derive(Serialize)]
struct Progress {
    requests: u64,
    answered: u64,
    failed: u64,
    waiting: u64,
    in_flight: u64,
    in_doubt: u64,
    cost_usd: f64,
    possible_cost_usd: f64,
    reserved_usd: f64,
    per_minute: Option<f64>,
    seconds_left: Option<u64>,
    tiers: Vec<Tier>,
}

#[derive(Serialize)]
struct Tier {
    tier: u32,
    model: String,
    shards_out: u64,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Serialize)]
struct Shard<'a> {
    shard: ShardId,
    tier: u32,
    model: &'a str,
    status: &'a str,
    #[serde(flatten)]
    counts: Counts,
    failures: BTreeMap<FailureKind, u64>,
}

#[derive(Serialize)]
struct Counts {
    requests: u64,
    done: u64,
    answered: u64,
    failed: u64,
    cost_usd: f64,
    per_minute: Option<f64>,
    seconds_left: Option<u64>,
}

impl Counts {
    fn of(line: &Line) -> Counts {
        Counts {
            requests: line.requests,
            done: line.done,
            answered: line.answered,
            failed: line.failed,
            cost_usd: line.cost.as_usd(),
            per_minute: line.per_minute,
            seconds_left: line.left.map(|left| left.as_secs()),
        }
    }
}

impl Events {
    /// Events into a file, which is made or emptied; `-` is stderr.
    pub(super) fn to(path: &Path) -> io::Result<Events> {
        let to: Box<dyn Write + Send> = if path == Path::new("-") {
            Box::new(io::stderr())
        } else {
            Box::new(File::create(path)?)
        };
        Ok(Events {
            to: BufWriter::new(to),
        })
    }

    pub(super) fn progress(&mut self, event: &str, board: &Board, now: Instant) {
        let totals: Totals = board.totals();
        let all = board.all(now);
        let tiers = board.tiers(now);
        self.write(
            event,
            board.run(),
            Body::Progress(Progress {
                requests: totals.requests,
                answered: totals.answered,
                failed: totals.failed,
                waiting: totals.waiting,
                in_flight: totals.in_flight,
                in_doubt: totals.in_doubt,
                cost_usd: totals.cost.as_usd(),
                possible_cost_usd: totals.possible_cost.as_usd(),
                reserved_usd: totals.reserved.as_usd(),
                per_minute: all.per_minute,
                seconds_left: all.left.map(|left| left.as_secs()),
                tiers: tiers
                    .into_iter()
                    .map(|tier| Tier {
                        tier: tier.tier,
                        model: tier.model,
                        shards_out: tier.shards_out,
                        counts: Counts::of(&tier.line),
                    })
                    .collect(),
            }),
        );
    }

    /// A shard, with the line that the board has of it; what has ended has none there.
    pub(super) fn shard(
        &mut self,
        run: Option<RunId>,
        shard: &ShardProgress<'_>,
        line: Option<&Line>,
    ) {
        let failed = shard.failed.iter().map(|(_, number)| number).sum();
        let ended = Line {
            requests: shard.requests,
            done: shard.host_done.min(shard.requests),
            answered: shard.answered,
            failed,
            cost: shard.cost,
            per_minute: None,
            left: None,
        };
        self.write(
            "shard",
            run,
            Body::Shard(Shard {
                shard: shard.shard,
                tier: shard.tier,
                model: shard.model,
                status: shard.status,
                counts: Counts::of(line.unwrap_or(&ended)),
                failures: shard.failed.iter().copied().collect(),
            }),
        );
    }

    pub(super) fn waiting(&mut self, run: Option<RunId>, seconds: f64) {
        self.write("waiting", run, Body::Waiting { seconds });
    }

    pub(super) fn warning(&mut self, run: Option<RunId>, message: &str) {
        self.write("warning", run, Body::Warning { message });
    }

    pub(super) fn ended(&mut self, run: Option<RunId>, end: &str) {
        self.write("ended", run, Body::Ended { end });
    }

    /// A reader that went away, or a full disk, must not stop a run that costs money.
    fn write(&mut self, event: &str, run: Option<RunId>, body: Body<'_>) {
        let envelope = Envelope {
            version: VERSION,
            event,
            at: Timestamp::now(),
            run,
            body,
        };
        if let Ok(line) = json_line(&envelope) {
            let _ = self.to.write_all(line.as_bytes());
        }
        let _ = self.to.flush();
    }
}
