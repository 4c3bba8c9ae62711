//! The fault matrix: every kind of failure, at either tier, with a kill before and after every step.
//!
//! The rows come from the tables: a kind without a fault that brings it about, or a remedy without a
//! promise, does not compile.

mod common;

use std::collections::BTreeMap;

use batch::ledger::{ShardFilter, ShardState, Takeover};
use batch::policy::{Remedy, policy_of};
use batch::{EngineError, FailureKind, Moment, RunEnd, RunId, RunReport, Step};
use common::{KillAt, LARGE, SMALL, World};

const REQUESTS: u64 = 8;
/// The requests that fail; the others are answered at the first tier.
const AFFLICTED: [u64; 2] = [1, 5];
const MODELS: [&str; 2] = ["openai/gpt-oss-20b", "openai/gpt-oss-120b"];

/// The emulator's faults that bring a kind about.
fn faults_of(kind: FailureKind) -> &'static [&'static str] {
    match kind {
        FailureKind::Budget => &["json_empty", "json_max_tokens", "max_tokens_message"],
        FailureKind::Truncated => &["truncated", "truncated_parseable"],
        FailureKind::JsonText => &["json_partial"],
        FailureKind::Parse => &["broken_json"],
        FailureKind::Schema => &[
            "schema_mismatch",
            "json_mismatch",
            "empty_object",
            "null_values",
        ],
        FailureKind::Refusal => &["refusal", "content_filter", "empty_content", "null_content"],
        FailureKind::Expired => &["batch_expired"],
        FailureKind::Missing => &["missing", "null_id", "garbage"],
        FailureKind::Provider => &[
            "server_error",
            "rate_limited",
            "status_zero",
            "connection_error",
            "bare_error",
            "body_list",
            "body_number",
        ],
        FailureKind::OverLength => &["context_length_exceeded"],
        FailureKind::Rejected => &["rejected"],
        FailureKind::Config => &["model_not_found"],
        // Brought about by cancelling the run while the batch is out.
        FailureKind::Cancelled => &["(cancelled by the user)"],
    }
}

/// An attempt: the tier, and how many times the tier's own cap was allowed.
type Attempt = (u32, u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    AnsweredAt(u32),
    Quarantined,
    Failed,
}

/// What the policy promises to a request that fails in this way whenever it is asked at this tier (with
/// a wrong configuration only once, because the user mends it).
fn promise(kind: FailureKind, tier: u32, attempts_per_tier: u32) -> (Vec<Attempt>, Ends) {
    let remedy = policy_of(kind).first;
    // To get to the second tier, a request fails at the first.
    let mut attempts: Vec<Attempt> = if tier == 2 { vec![(1, 1)] } else { vec![] };
    let is_last = tier == 2;
    match remedy {
        // Low effort is where a tier starts, so only the last tier raises its cap.
        Remedy::MoreTokens if is_last => attempts.extend([(tier, 1), (tier, 2)]),
        Remedy::MoreTokens | Remedy::NextTier => attempts.push((tier, 1)),
        Remedy::SameTier => attempts.extend((0..attempts_per_tier).map(|_| (tier, 1))),
        // As it was, and shortened once.
        Remedy::Shrink => attempts.extend([(tier, 1), (tier, 1)]),
        Remedy::StopRun if kind == FailureKind::Cancelled => {
            attempts.push((tier, 1));
            return (attempts, Ends::Failed);
        }
        Remedy::StopRun => {
            attempts.extend([(tier, 1), (tier, 1)]);
            return (attempts, Ends::AnsweredAt(tier));
        }
    }
    if is_last {
        return (attempts, Ends::Quarantined);
    }
    // What was too small at the first tier is not tried again at the second.
    let factor = if remedy == Remedy::MoreTokens { 2 } else { 1 };
    attempts.push((2, factor));
    (attempts, Ends::AnsweredAt(2))
}

/// One cell of the matrix.
#[derive(Debug, Clone, Copy)]
struct Cell {
    kind: FailureKind,
    fault: &'static str,
    tier: u32,
    kill: Option<KillAt>,
}

impl Cell {
    fn world(&self) -> World {
        let mut toml = String::new();
        for number in AFFLICTED {
            let id = format!("request-{number:04}");
            if self.tier == 2 {
                toml += &format!(
                    "[[faults]]\nkind = \"schema_mismatch\"\nmodel = \"{}\"\ncustom_id = \"{id}\"\n",
                    MODELS[0]
                );
            }
            let model = MODELS[self.tier as usize - 1];
            let once = match self.kind {
                // The first batch of a tier is the tier's number in all.
                FailureKind::Config => format!("batches = [{}]\n", self.tier),
                FailureKind::Cancelled => continue,
                _ => String::new(),
            };
            toml += &format!(
                "[[faults]]\nkind = \"{}\"\nmodel = \"{model}\"\ncustom_id = \"{id}\"\n{once}",
                self.fault
            );
        }
        let mut settings = vec![
            "models.\"openai/gpt-oss-20b\".failure_rate=0.0",
            "server.unreached_lines=false",
        ];
        if self.kind == FailureKind::Cancelled {
            // The tier's batch is still waiting for its turn when the user has had enough.
            settings.push("timing.validating_ms=3600000");
        }
        World::new(&toml, &settings)
    }

    /// Plays the cell; `true` when the kill came.
    async fn play(&self) -> bool {
        let world = self.world();
        let run = world.plan(&[SMALL, LARGE], REQUESTS).run;
        if self.kind == FailureKind::Cancelled {
            let created = KillAt {
                step: Step::CommitCreate,
                moment: Moment::After,
                time: self.tier,
            };
            assert!(world.run_killed(run, created).await.is_none());
        }
        let mut was_killed = false;
        if let Some(kill) = self.kill {
            was_killed = match self.kind {
                FailureKind::Cancelled => world.cancel_killed(run, kill).await.is_none(),
                _ => world.run_killed(run, kill).await.is_none(),
            };
        }
        let report = self.finish(&world, run).await;
        self.check(&world, &report).await;
        was_killed
    }

    /// Works on the run to its end. Where the configuration is wrong, the user mends it and goes on.
    async fn finish(&self, world: &World, run: RunId) -> RunReport {
        if self.kind == FailureKind::Cancelled {
            let report = world.engine(None).cancel(run, Takeover::Now).await;
            let report = report.expect("cancels");
            assert_eq!(report.end, RunEnd::Cancelled);
            return report;
        }
        let mut stops = 0;
        loop {
            match world.engine(None).resume(run, Takeover::Now).await {
                Ok(report) => {
                    assert_eq!(report.end, RunEnd::Finished);
                    // A kill may swallow the stop, but nothing else stops.
                    let expected = u32::from(self.kind == FailureKind::Config);
                    assert!(stops <= expected, "{stops}");
                    assert!(stops == expected || self.kill.is_some());
                    return report;
                }
                Err(EngineError::Configuration { .. }) => stops += 1,
                Err(error) => panic!("{error:?}"),
            }
        }
    }

    async fn check(&self, world: &World, report: &RunReport) {
        // Ids in are ids out, each once.
        let mut out: Vec<String> = world.stored().into_keys().collect();
        let failures = world.failures(report.run);
        out.extend(failures.iter().map(|request| request.custom_id.clone()));
        out.sort();
        let ids: Vec<String> = (1..=REQUESTS)
            .map(|number| format!("request-{number:04}"))
            .collect();
        assert_eq!(out, ids);

        // Each took the way that the policy promises.
        let limits = &world.settings.attempts;
        let (attempts, ends) = promise(self.kind, self.tier, limits.per_tier);
        let ways = ways(world, report);
        let answers = world.stored();
        for number in 1..=REQUESTS {
            let id = format!("request-{number:04}");
            let is_afflicted = AFFLICTED.contains(&number);
            let is_caught = self.kind == FailureKind::Cancelled && self.tier == 1;
            let (attempts, ends) = if is_afflicted || is_caught {
                (attempts.clone(), ends)
            } else {
                (vec![(1, 1)], Ends::AnsweredAt(1))
            };
            assert_eq!(ways[&id], attempts, "{id}");
            let answered = answers.get(&id).map(|answer| answer.tier);
            let failed = failures.iter().find(|request| request.custom_id == id);
            match ends {
                Ends::AnsweredAt(tier) => assert_eq!(answered, Some(tier), "{id}"),
                Ends::Quarantined | Ends::Failed => {
                    let failed = failed.expect("failed");
                    assert_eq!(failed.kind, self.kind);
                    assert_eq!(failed.quarantined, ends == Ends::Quarantined);
                }
            }
        }

        // Every attempt at the tier failed in the way it should.
        let failed_there: u64 = report.summary.tiers[self.tier as usize - 1]
            .shards
            .iter()
            .filter_map(|shard| shard.failed.get(&self.kind))
            .sum();
        let is_caught = self.kind == FailureKind::Cancelled && self.tier == 1;
        let afflicted = if is_caught {
            REQUESTS
        } else {
            AFFLICTED.len() as u64
        };
        let at_tier = attempts
            .iter()
            .filter(|(tier, _)| *tier == self.tier)
            .count() as u64;
        let mended = u64::from(ends == Ends::AnsweredAt(self.tier));
        assert_eq!(failed_there, afflicted * (at_tier - mended));

        // The money is the host's, and the host was asked for nothing twice.
        world.check_books(report);
        world.check_batches(report).await;
    }
}

/// The attempts of each request, in order.
fn ways(world: &World, report: &RunReport) -> BTreeMap<String, Vec<Attempt>> {
    let tiers = &world.ledger.run(report.run).expect("reads").spec.tiers;
    let mut ways: BTreeMap<String, Vec<Attempt>> = BTreeMap::new();
    let shards = world.ledger.shards(report.run, ShardFilter::All);
    for shard in shards.expect("lists") {
        if shard.state != ShardState::Collected {
            continue;
        }
        let tier = shard.variant.tier;
        let own_cap = tiers[tier as usize - 1].max_completion_tokens;
        let factor = shard.variant.max_completion_tokens / own_cap;
        let members = world.ledger.members(shard.id, None, 1000).expect("lists");
        for member in members {
            ways.entry(member.custom_id)
                .or_default()
                .push((tier, factor));
        }
    }
    ways
}

/// Every kind by every fault at every tier, and the first fault of each with every kill.
fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for kind in FailureKind::ALL {
        for tier in [1, 2] {
            let faults = faults_of(kind);
            for fault in faults {
                cells.push(Cell {
                    kind,
                    fault,
                    tier,
                    kill: None,
                });
            }
            for step in Step::ALL {
                for moment in [Moment::Before, Moment::After] {
                    for time in [1, 2] {
                        cells.push(Cell {
                            kind,
                            fault: faults[0],
                            tier,
                            kill: Some(KillAt { step, moment, time }),
                        });
                    }
                }
            }
        }
    }
    cells
}

#[test]
fn every_failure_at_every_tier_with_every_kill_keeps_what_the_policy_promises() {
    let cells = cells();
    let played = common::parallel::play_all(&cells, |cell| {
        let cell = *cell;
        async move { cell.play().await }
    });
    let mut failed = Vec::new();
    let mut killed: BTreeMap<(&str, &str, &str), u32> = BTreeMap::new();
    for (cell, was_killed) in cells.iter().zip(played) {
        match (was_killed, cell.kill) {
            (None, _) => failed.push(cell),
            (Some(true), Some(kill)) => {
                let key = (cell.kind.as_str(), kill.step.as_str(), kill.moment.as_str());
                *killed.entry(key).or_default() += 1;
            }
            _ => {}
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {}: {failed:#?}",
        failed.len(),
        cells.len()
    );
    println!("{} cells, {} kinds with kills", cells.len(), killed.len());
    // No kill may be a dead letter: each point is reached with each kind. A run that is cancelled sends
    // nothing any more, and has no answer to store; one that stops does not come to its end.
    for kind in FailureKind::ALL {
        for step in Step::ALL {
            for moment in [Moment::Before, Moment::After] {
                let is_reached = match kind {
                    FailureKind::Cancelled => !matches!(
                        step,
                        Step::Plan
                            | Step::Upload
                            | Step::CommitUpload
                            | Step::Create
                            | Step::CommitCreate
                            | Step::StoreAnswers
                    ),
                    FailureKind::Config => (step, moment) != (Step::Finish, Moment::After),
                    _ => true,
                };
                let key = (kind.as_str(), step.as_str(), moment.as_str());
                assert_eq!(killed.contains_key(&key), is_reached, "{key:?}");
            }
        }
    }
}
