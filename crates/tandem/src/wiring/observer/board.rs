//! What is known of a run while it goes on: counts, rates and money, by shard, by tier and in all.
//!
//! Times come in from outside, so that what is shown can be tested.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use batch::ledger::RunSummary;
use batch::{Money, RunId, ShardId, ShardProgress, Totals};

/// Statuses after which a shard says nothing more.
const ENDED: [&str; 2] = ["collected", "abandoned"];
/// A rate over less time than this says nothing.
const LEAST_TIME: Duration = Duration::from_millis(500);

/// A run as far as it was heard of.
#[derive(Debug)]
pub(super) struct Board {
    run: Option<RunId>,
    totals: Totals,
    rate: Rate,
    tiers: BTreeMap<u32, Tier>,
    shards: BTreeMap<ShardId, Shard>,
}

/// One line: a shard, a tier, or the whole run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// Requests that came to it.
    pub(super) requests: u64,
    /// Requests it is done with, as far as the host's counters can be trusted.
    pub(super) done: u64,
    /// Answers.
    pub(super) answered: u64,
    /// Failures.
    pub(super) failed: u64,
    /// Known cost.
    pub(super) cost: Money,
    /// Requests done in a minute, once that can be said.
    pub(super) per_minute: Option<f64>,
    /// How long the rest takes at this rate.
    pub(super) left: Option<Duration>,
}

/// The line of a tier.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TierLine {
    /// The tier, from 1.
    pub(super) tier: u32,
    /// Its model.
    pub(super) model: String,
    /// Shards that are out.
    pub(super) shards_out: u64,
    /// Its counts.
    pub(super) line: Line,
}

#[derive(Debug)]
struct Tier {
    model: String,
    /// What shards that have ended came to.
    requests: u64,
    answered: u64,
    failed: u64,
    cost: Money,
    rate: Rate,
}

#[derive(Debug)]
struct Shard {
    tier: u32,
    requests: u64,
    done: u64,
    answered: u64,
    failed: u64,
    cost: Money,
    rate: Rate,
}

/// How fast something goes since it was first heard of.
#[derive(Debug, Clone, Copy)]
struct Rate {
    since: Instant,
    done_then: u64,
}

impl Rate {
    fn starting(now: Instant, done_then: u64) -> Rate {
        Rate {
            since: now,
            done_then,
        }
    }

    fn per_second(self, done: u64, now: Instant) -> Option<f64> {
        let time = now.duration_since(self.since);
        let new = done.saturating_sub(self.done_then);
        (time >= LEAST_TIME && new > 0).then(|| new as f64 / time.as_secs_f64())
    }
}

impl Board {
    pub(super) fn new(now: Instant) -> Board {
        Board {
            run: None,
            totals: Totals::default(),
            rate: Rate::starting(now, 0),
            tiers: BTreeMap::new(),
            shards: BTreeMap::new(),
        }
    }

    /// Takes over what earlier spells of work on a run came to.
    pub(super) fn prime(&mut self, summary: &RunSummary, now: Instant) {
        for tier in &summary.tiers {
            let closed = tier
                .shards
                .iter()
                .filter(|shard| ENDED.contains(&shard.state.as_str()));
            let mut known = Tier::new(&tier.model, now);
            for shard in closed {
                known.requests += shard.requests;
                known.answered += shard.answered;
                known.failed += shard.failed.values().sum::<u64>();
                known.cost += shard.cost_usd;
            }
            known.rate = Rate::starting(now, known.answered + known.failed);
            if known.requests > 0 {
                self.tiers.insert(tier.tier, known);
            }
        }
    }

    pub(super) fn start(&mut self, run: RunId, totals: Totals, now: Instant) {
        self.run = Some(run);
        self.totals = totals;
        self.rate = Rate::starting(now, totals.answered + totals.failed);
    }

    pub(super) fn count(&mut self, totals: Totals) {
        self.totals = totals;
    }

    /// Hears of a shard; says whether it has ended.
    pub(super) fn shard(&mut self, progress: &ShardProgress<'_>, now: Instant) -> bool {
        let tier = self
            .tiers
            .entry(progress.tier)
            .or_insert_with(|| Tier::new(progress.model, now));
        // A successor may have taken the place of the model that was planned.
        progress.model.clone_into(&mut tier.model);
        let failed = progress.failed.iter().map(|(_, number)| number).sum();
        let shard = self.shards.entry(progress.shard).or_insert_with(|| Shard {
            tier: progress.tier,
            requests: 0,
            done: 0,
            answered: 0,
            failed: 0,
            cost: Money::ZERO,
            rate: Rate::starting(now, progress.host_done),
        });
        shard.requests = progress.requests;
        shard.done = progress.host_done.min(progress.requests);
        shard.answered = progress.answered;
        shard.failed = failed;
        shard.cost = progress.cost;
        let has_ended = ENDED.contains(&progress.status);
        if has_ended {
            if progress.status == "collected" {
                tier.requests += progress.requests;
                tier.answered += progress.answered;
                tier.failed += failed;
                tier.cost += progress.cost;
            }
            self.shards.remove(&progress.shard);
        }
        has_ended
    }

    pub(super) fn run(&self) -> Option<RunId> {
        self.run
    }

    pub(super) fn totals(&self) -> Totals {
        self.totals
    }

    /// The line of the whole run.
    pub(super) fn all(&self, now: Instant) -> Line {
        let totals = self.totals;
        let out: Money = self.shards.values().map(|shard| shard.cost).sum();
        line(
            totals.requests,
            totals.answered + totals.failed,
            (totals.answered, totals.failed),
            totals.cost.max(out),
            self.rate,
            now,
        )
    }

    /// The lines of the tiers that anything came to.
    pub(super) fn tiers(&self, now: Instant) -> Vec<TierLine> {
        let mut lines = Vec::with_capacity(self.tiers.len());
        for (number, tier) in &self.tiers {
            let out = self.shards.values().filter(|shard| shard.tier == *number);
            let (mut requests, mut done) = (tier.requests, tier.answered + tier.failed);
            let (mut answered, mut failed, mut cost) = (tier.answered, tier.failed, tier.cost);
            let mut shards_out = 0;
            for shard in out {
                shards_out += 1;
                requests += shard.requests;
                done += shard.done;
                answered += shard.answered;
                failed += shard.failed;
                cost += shard.cost;
            }
            if *number == 1 {
                // Every request comes to the first tier, planned or not.
                requests = requests.max(self.totals.requests);
            }
            lines.push(TierLine {
                tier: *number,
                model: tier.model.clone(),
                shards_out,
                line: line(requests, done, (answered, failed), cost, tier.rate, now),
            });
        }
        lines
    }

    /// The line of a shard that is out.
    pub(super) fn line_of(&self, shard: ShardId, now: Instant) -> Option<Line> {
        let shard = self.shards.get(&shard)?;
        let counts = (shard.answered, shard.failed);
        Some(line(
            shard.requests,
            shard.done,
            counts,
            shard.cost,
            shard.rate,
            now,
        ))
    }
}

impl Tier {
    fn new(model: &str, now: Instant) -> Tier {
        Tier {
            model: model.to_owned(),
            requests: 0,
            answered: 0,
            failed: 0,
            cost: Money::ZERO,
            rate: Rate::starting(now, 0),
        }
    }
}

fn line(
    requests: u64,
    done: u64,
    (answered, failed): (u64, u64),
    cost: Money,
    rate: Rate,
    now: Instant,
) -> Line {
    let per_second = rate.per_second(done, now);
    let rest = requests.saturating_sub(done);
    Line {
        requests,
        done,
        answered,
        failed,
        cost,
        per_minute: per_second.map(|rate| rate * 60.0),
        left: per_second
            .and_then(|rate| Duration::try_from_secs_f64(rest as f64 / rate).ok())
            .map(|left| Duration::from_secs(left.as_secs())),
    }
}

/// A duration as people say it: `45 s`, `3 min`, `2 h 5 min`.
pub(super) fn spoken(time: Duration) -> String {
    let minutes = time.as_secs().div_ceil(60);
    match time.as_secs() {
        seconds @ 0..=89 => format!("{seconds} s"),
        90..=5_399 => format!("{minutes} min"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use batch::FailureKind;

    use super::*;

    fn shard<'a>(
        shard: i64,
        tier: u32,
        status: &'a str,
        host_done: u64,
        failed: &'a [(FailureKind, u64)],
    ) -> ShardProgress<'a> {
        let has_outcomes = status == "collected";
        let failures: u64 = failed.iter().map(|(_, number)| number).sum();
        ShardProgress {
            shard: ShardId(shard),
            tier,
            model: if tier == 1 { "small" } else { "large" },
            status,
            requests: 100,
            host_done,
            answered: if has_outcomes { 100 - failures } else { 0 },
            failed,
            cost: Money::from_picodollars(if has_outcomes { 500 } else { 0 }),
        }
    }

    #[test]
    fn rates_and_the_rest_follow_from_what_was_heard() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut board = Board::new(start);
        let totals = Totals {
            requests: 300,
            answered: 0,
            waiting: 300,
            ..Totals::default()
        };
        board.start(RunId(1), totals, at(0));
        assert!(!board.shard(&shard(1, 1, "planned", 0, &[]), at(0)));
        let line = board.line_of(ShardId(1), at(10)).expect("is out");
        assert_eq!((line.per_minute, line.left), (None, None));

        board.shard(&shard(1, 1, "in_progress", 50, &[]), at(10));
        let line = board.line_of(ShardId(1), at(10)).expect("is out");
        assert_eq!((line.requests, line.done), (100, 50));
        assert_eq!(line.per_minute, Some(300.0));
        assert_eq!(line.left, Some(Duration::from_secs(10)));
        let tiers = board.tiers(at(10));
        assert_eq!(tiers.len(), 1);
        // All 300 come to the first tier, whether or not they are in a shard yet.
        assert_eq!((tiers[0].line.requests, tiers[0].line.done), (300, 50));
        assert_eq!(tiers[0].line.left, Some(Duration::from_secs(50)));
        // The host's counters say nothing of outcomes.
        assert_eq!(board.all(at(10)).done, 0);

        let failed = [(FailureKind::Parse, 4)];
        assert!(board.shard(&shard(1, 1, "collected", 100, &failed), at(20)));
        assert_eq!(board.line_of(ShardId(1), at(20)), None);
        board.count(Totals {
            answered: 96,
            waiting: 204,
            cost: Money::from_picodollars(500),
            ..totals
        });
        board.shard(&shard(2, 2, "created", 0, &[]), at(20));
        let tiers = board.tiers(at(20));
        let told: Vec<(u32, &str, u64, u64, u64)> = tiers
            .iter()
            .map(|tier| {
                let line = &tier.line;
                (
                    tier.tier,
                    tier.model.as_str(),
                    line.answered,
                    line.failed,
                    tier.shards_out,
                )
            })
            .collect();
        assert_eq!(told, [(1, "small", 96, 4, 0), (2, "large", 0, 0, 1)]);
        let all = board.all(at(24));
        assert_eq!((all.done, all.cost.picodollars()), (96, 500));
        assert_eq!(all.per_minute, Some(240.0));
        assert_eq!(all.left, Some(Duration::from_secs(51)));
        // What was given up goes back to waiting and is counted nowhere.
        board.shard(&shard(2, 2, "abandoned", 0, &[]), at(25));
        assert_eq!(board.tiers(at(25))[1].line.requests, 0);
    }

    #[test]
    fn times_read_as_people_say_them() {
        let spoken = |seconds| spoken(Duration::from_secs(seconds));
        assert_eq!(spoken(45), "45 s");
        assert_eq!(spoken(170), "3 min");
        assert_eq!(spoken(7_500), "2 h 5 min");
    }
}
