//! The loop: plan shards, submit, poll, collect, until every request has its outcome.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use jiff::SignedDuration;
use rand::RngExt;
use tokio::time::Instant;

use crate::engine::collect::Collected;
use crate::engine::plan::{ShardLimits, ShardPlan, tier_of};
use crate::engine::poll::{Moved, Watch};
use crate::engine::submit::Submitted;
use crate::engine::{Engine, EngineError, RunEnd, RunReport};
use crate::ledger::{
    Lease, LedgerError, ReadyGroup, RunId, RunState, Shard, ShardFilter, ShardId, ShardState,
    Takeover, Variant,
};
use crate::money::Money;
use crate::observer::{Event, Moment, Step};
use crate::outcome::{Failure, FailureKind};
use crate::policy::first_variant;
use crate::provider::ProviderError;
use crate::settings::Wait;
use crate::task::RunSpec;

/// Shards planned before the host is looked at again.
const SHARDS_PER_ROUND: usize = 16;

/// What is done with a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Work,
    Cancel,
}

/// One spell of work on a run.
pub(super) struct Session {
    pub(super) run: RunId,
    pub(super) spec: RunSpec,
    /// Shards that an earlier process left.
    pub(super) left: BTreeSet<ShardId>,
    pub(super) watches: HashMap<ShardId, Watch>,
    pub(super) outage_since: Option<Instant>,
    mode: Mode,
    started: Instant,
    /// The most tokens that may wait at a host for a model, as far as refusals have taught.
    token_caps: BTreeMap<String, u64>,
    /// No shard is planned before this.
    hold_until: Option<Instant>,
    /// Since when a group of requests waits to become a shard.
    waiting_since: HashMap<Variant, Instant>,
    /// Whether the first requests are still being cut into shards.
    filling: bool,
}

impl Session {
    pub(super) fn is_cancelling(&self) -> bool {
        self.mode == Mode::Cancel
    }
}

/// Why a step did not come to its end.
#[derive(Debug)]
pub(super) enum Halt {
    /// The interrupt token was cancelled.
    Interrupted,
    /// The host could not be reached or failed, after repeated tries.
    Outage(ProviderError),
    /// Anything that ends the spell.
    Error(EngineError),
}

impl From<EngineError> for Halt {
    fn from(error: EngineError) -> Halt {
        Halt::Error(error)
    }
}

impl From<LedgerError> for Halt {
    fn from(error: LedgerError) -> Halt {
        Halt::Error(error.into())
    }
}

impl Engine {
    /// A provider's error as the end of a step.
    #[expect(clippy::unused_self, reason = "reads as what the engine makes of an error")]
    pub(super) fn halt_of(&self, error: ProviderError) -> Halt {
        if error.kind.is_transient() {
            Halt::Outage(error)
        } else if error.kind.is_configuration() {
            Halt::Error(EngineError::Configuration {
                provider: error.provider,
                message: error.message,
            })
        } else {
            Halt::Error(EngineError::Provider(error))
        }
    }

    /// Waits for something, unless the user interrupts.
    pub(super) async fn or_interrupt<T>(&self, doing: impl Future<Output = T>) -> Result<T, Halt> {
        tokio::select! {
            biased;
            () = self.parts.interrupt.cancelled() => Err(Halt::Interrupted),
            done = doing => Ok(done),
        }
    }

    pub(super) async fn sleep(&self, pause: Duration) -> Result<(), Halt> {
        self.or_interrupt(tokio::time::sleep(pause)).await
    }

    pub(super) async fn work(
        &self,
        run: RunId,
        takeover: Takeover,
        mode: Mode,
    ) -> Result<RunReport, EngineError> {
        let stored = self.ledger().run(run)?;
        match (stored.state, mode) {
            (RunState::Finished, _) => return self.report(run, RunEnd::Finished),
            (RunState::Cancelled, Mode::Cancel) => return self.report(run, RunEnd::Cancelled),
            (RunState::Cancelled, Mode::Work) => {
                return Err(EngineError::State {
                    run,
                    state: stored.state,
                });
            }
            (RunState::Running | RunState::Stopped, _) => {}
        }
        self.lease(run, takeover)?;
        let worked = self.work_with_lease(run, stored.spec, mode).await;
        let at = self.now();
        self.step(Moment::Before, Step::Finish, None);
        let (state, note) = match &worked {
            Ok(RunEnd::Finished) => (RunState::Finished, None),
            Ok(RunEnd::Cancelled) => (RunState::Cancelled, None),
            Ok(RunEnd::Budget) => (RunState::Stopped, Some("the budget is used up".to_owned())),
            Ok(RunEnd::Interrupted) => (RunState::Stopped, Some("interrupted".to_owned())),
            Ok(RunEnd::Deadline) => (RunState::Stopped, Some("the deadline passed".to_owned())),
            Ok(RunEnd::Submitted) => (RunState::Stopped, Some("submitted".to_owned())),
            Err(error) => (RunState::Stopped, Some(chain(error))),
        };
        let noted = self
            .ledger()
            .set_run_state(run, state, note.as_deref(), at)
            .and_then(|()| self.ledger().release_run(run, &self.owner));
        // Why the work ended matters more than that this could not be written down.
        let end = worked?;
        noted?;
        self.step(Moment::After, Step::Finish, None);
        self.report(run, end)
    }

    async fn work_with_lease(
        &self,
        run: RunId,
        spec: RunSpec,
        mode: Mode,
    ) -> Result<RunEnd, EngineError> {
        self.ledger()
            .set_run_state(run, RunState::Running, None, self.now())?;
        let mut spec = spec;
        if mode == Mode::Work {
            let preflight = match self.or_interrupt(self.preflight(&spec.tiers)).await {
                Ok(preflight) => preflight?,
                Err(_) => return Ok(RunEnd::Interrupted),
            };
            for warning in &preflight.warnings {
                self.warn(warning);
            }
            if preflight.tiers != spec.tiers {
                spec.tiers = preflight.tiers;
                spec = self.priced(spec)?;
                self.ledger().set_run_spec(run, &spec)?;
            }
        }
        let unfinished = self.ledger().shards(run, ShardFilter::Unfinished)?;
        let mut session = Session {
            run,
            spec,
            left: unfinished.iter().map(|shard| shard.id).collect(),
            watches: HashMap::new(),
            outage_since: None,
            mode,
            started: Instant::now(),
            token_caps: BTreeMap::new(),
            hold_until: None,
            waiting_since: HashMap::new(),
            filling: true,
        };
        self.tell(&Event::RunStarted {
            run,
            totals: self.ledger().totals(run)?,
        });
        let end = match mode {
            Mode::Work => self.drive(&mut session).await,
            Mode::Cancel => self.wind_up(&mut session).await,
        };
        match end {
            Ok(end) => Ok(end),
            Err(Halt::Interrupted) => Ok(RunEnd::Interrupted),
            Err(Halt::Outage(error)) => Err(EngineError::Provider(error)),
            Err(Halt::Error(error)) => Err(error),
        }
    }

    async fn drive(&self, session: &mut Session) -> Result<RunEnd, Halt> {
        let mut pause = self.parts.settings.poll.initial;
        loop {
            self.lease(session.run, Takeover::WhenIdle)?;
            if self.parts.interrupt.is_cancelled() {
                return Ok(RunEnd::Interrupted);
            }
            let deadline = self.parts.settings.deadline;
            if deadline.is_some_and(|deadline| session.started.elapsed() >= deadline) {
                return Ok(RunEnd::Deadline);
            }
            let planned = self.plan_round(session)?;
            let mut moved = Moved::No;
            if planned.shards > 0 {
                moved = Moved::Yes;
            }
            match self.round(session).await {
                Ok(Moved::Yes) => moved = Moved::Yes,
                Ok(Moved::No) => {}
                Err(Halt::Outage(error)) => self.bear_outage(session, error)?,
                Err(halt) => return Err(halt),
            }
            let open = self.open_shards(session.run)?;
            let ready = self.ledger().ready_groups(session.run)?;
            if open.is_empty() && ready.is_empty() {
                self.clean_up(session).await?;
                return Ok(RunEnd::Finished);
            }
            if open.is_empty() && planned.no_money && moved == Moved::No {
                self.clean_up(session).await?;
                return Ok(RunEnd::Budget);
            }
            let all_out = open.iter().all(|shard| {
                matches!(shard.state, ShardState::Created | ShardState::Ended)
            });
            if self.parts.settings.wait == Wait::SubmitOnly && all_out && planned.shards == 0 {
                return Ok(RunEnd::Submitted);
            }
            if moved == Moved::Yes {
                pause = self.parts.settings.poll.initial;
            }
            // What was just collected can be planned at once.
            if moved == Moved::Yes && !ready.is_empty() && open.is_empty() {
                continue;
            }
            self.wait(session, pause, &ready).await?;
            let longer = pause.mul_f64(self.parts.settings.poll.factor.max(1.0));
            pause = longer.min(self.parts.settings.poll.max);
        }
    }

    /// Submits, polls and collects once.
    async fn round(&self, session: &mut Session) -> Result<Moved, Halt> {
        self.submit_all(session).await?;
        if self.parts.settings.wait == Wait::SubmitOnly {
            return Ok(Moved::No);
        }
        let open = self.open_shards(session.run)?;
        let mut moved = self.poll(session, &open).await?;
        for shard in self.open_shards(session.run)? {
            if shard.state == ShardState::Ended {
                self.collect_one(session, &shard).await?;
                moved = Moved::Yes;
            }
        }
        Ok(moved)
    }

    async fn submit_all(&self, session: &mut Session) -> Result<(), Halt> {
        let waiting: Vec<Shard> = self
            .open_shards(session.run)?
            .into_iter()
            .filter(|shard| matches!(shard.state, ShardState::Planned | ShardState::Uploaded))
            .collect();
        let concurrency = self.parts.settings.shards.submit_concurrency.max(1);
        let shared = &*session;
        let results: Vec<Result<Submitted, Halt>> = stream::iter(waiting)
            .map(|shard| self.submit_shard(shared, shard))
            .buffer_unordered(concurrency)
            .collect()
            .await;
        let mut first_halt = None;
        for result in results {
            match result {
                Ok(Submitted::Created) => session.outage_since = None,
                Ok(Submitted::TooManyTokens { shard }) => {
                    self.cut_smaller(session, &shard).await?;
                }
                // An error that needs the user goes before an outage.
                Err(halt @ Halt::Error(_)) => first_halt = Some(halt),
                Err(halt) => {
                    first_halt.get_or_insert(halt);
                }
            }
        }
        first_halt.map_or(Ok(()), Err)
    }

    async fn collect_one(&self, session: &mut Session, shard: &Shard) -> Result<(), Halt> {
        match self.collect(session, shard).await? {
            Collected::Done => self.after_collect(session, shard).await,
            Collected::TooManyTokens => self.cut_smaller(session, shard).await,
            Collected::Configuration(error) => {
                self.after_collect(session, shard).await?;
                Err(error.into())
            }
        }
    }

    async fn after_collect(&self, session: &Session, shard: &Shard) -> Result<(), Halt> {
        self.tell(&Event::Totals {
            run: session.run,
            totals: self.ledger().totals(session.run)?,
        });
        self.delete_files(shard).await
    }

    /// Gives a shard up that was too large for what waits at the host, and learns from it.
    async fn cut_smaller(&self, session: &mut Session, shard: &Shard) -> Result<(), Halt> {
        let cap = (shard.prompt_tokens / 2).max(1);
        self.warn(&format!(
            "shard {}: the host has too many tokens waiting; going on with shards of {cap} tokens",
            shard.id
        ));
        session.token_caps.insert(shard.model.to_string(), cap);
        session.hold_until = Some(Instant::now() + self.parts.settings.poll.max);
        self.ledger()
            .abandon_shard(shard.id, "too many tokens waiting at the host", self.now())?;
        let shard = self.ledger().shard(shard.id)?;
        self.delete_files(&shard).await
    }

    fn open_shards(&self, run: RunId) -> Result<Vec<Shard>, Halt> {
        let mut shards = self.ledger().shards(run, ShardFilter::Unfinished)?;
        shards.retain(|shard| {
            !matches!(shard.state, ShardState::Collected | ShardState::Abandoned)
        });
        Ok(shards)
    }

    /// Cuts waiting requests into shards as far as limits and budget allow.
    fn plan_round(&self, session: &mut Session) -> Result<PlannedRound, Halt> {
        let mut round = PlannedRound::default();
        if session
            .hold_until
            .is_some_and(|until| Instant::now() < until)
        {
            return Ok(round);
        }
        let groups = self.ledger().ready_groups(session.run)?;
        let open = self.open_shards(session.run)?;
        session
            .waiting_since
            .retain(|variant, _| groups.iter().any(|group| group.variant == *variant));
        let start = session
            .spec
            .tiers
            .first()
            .map(|first| first_variant(1, first));
        if !groups.iter().any(|group| Some(group.variant) == start) {
            session.filling = false;
        }
        let mut free = self.free_money(session)?;
        let mut open_count = open.len();
        for group in &groups {
            let since = *session
                .waiting_since
                .entry(group.variant)
                .or_insert_with(Instant::now);
            let is_filling = session.filling && Some(group.variant) == start;
            let is_due = is_filling || self.is_due(*group, &groups, &open, since);
            let tier = tier_of(&session.spec, group.variant.tier)?;
            let provider = self.provider(&tier.reference.provider)?;
            let limits = provider.limits();
            let max_requests =
                u64::from(self.parts.settings.shards.max_requests.max(1)).min(limits.max_lines);
            let model = tier.reference.to_string();
            let token_cap = match (limits.max_enqueued_tokens, session.token_caps.get(&model)) {
                (Some(limit), Some(cap)) => limit.min(*cap),
                (Some(limit), None) => limit,
                (None, Some(cap)) => *cap,
                (None, None) => u64::MAX,
            };
            let mut waiting_tokens: u64 = open
                .iter()
                .filter(|shard| shard.model == tier.reference)
                .map(|shard| shard.prompt_tokens)
                .sum();
            let mut left = group.requests;
            while left > 0 && (is_due || left >= max_requests) {
                let is_full = open_count >= self.parts.settings.shards.max_open as usize
                    || round.shards >= SHARDS_PER_ROUND
                    || (waiting_tokens > 0 && waiting_tokens >= token_cap);
                if is_full {
                    break;
                }
                let planned = self.plan_shard(
                    session.run,
                    &session.spec,
                    *group,
                    ShardLimits {
                        max_requests,
                        max_bytes: limits.max_bytes,
                        max_tokens: token_cap - waiting_tokens.min(token_cap),
                        money: free,
                    },
                )?;
                match planned {
                    ShardPlan::Planned {
                        requests,
                        reserved,
                        prompt_tokens,
                    } => {
                        free = free.less(reserved);
                        waiting_tokens = waiting_tokens.saturating_add(prompt_tokens);
                        left = left.saturating_sub(requests);
                        open_count += 1;
                        round.shards += 1;
                    }
                    ShardPlan::NoMoney => {
                        round.no_money = true;
                        break;
                    }
                }
            }
        }
        Ok(round)
    }

    /// Whether a group that is not full goes out all the same: nothing that is out or waits could still
    /// add to it, or it has waited long enough.
    fn is_due(
        &self,
        group: ReadyGroup,
        groups: &[ReadyGroup],
        open: &[Shard],
        since: Instant,
    ) -> bool {
        let may_grow = open
            .iter()
            .any(|shard| shard.variant.tier <= group.variant.tier)
            || groups
                .iter()
                .any(|other| other.variant.tier < group.variant.tier);
        !may_grow || since.elapsed() >= self.parts.settings.shards.gather
    }

    fn free_money(&self, session: &Session) -> Result<Money, Halt> {
        let Some(budget) = session.spec.budget else {
            return Ok(Money::MAX);
        };
        let totals = self.ledger().totals(session.run)?;
        Ok(budget.less(totals.cost + totals.possible_cost + totals.reserved))
    }

    /// A host that is away in the middle of a run is waited for, up to a point.
    fn bear_outage(&self, session: &mut Session, error: ProviderError) -> Result<(), Halt> {
        let since = *session.outage_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= self.parts.settings.retry.outage {
            return Err(Halt::Outage(error));
        }
        self.warn(&error.to_string());
        Ok(())
    }

    async fn wait(
        &self,
        session: &Session,
        pause: Duration,
        ready: &[ReadyGroup],
    ) -> Result<(), Halt> {
        let mut pause = pause.mul_f64(rand::rng().random_range(0.9..=1.1));
        let gather = self.parts.settings.shards.gather;
        for group in ready {
            if let Some(since) = session.waiting_since.get(&group.variant) {
                let left = gather.saturating_sub(since.elapsed());
                pause = pause.min(left.max(Duration::from_millis(10)));
            }
        }
        if let Some(deadline) = self.parts.settings.deadline {
            pause = pause.min(deadline.saturating_sub(session.started.elapsed()));
        }
        self.tell(&Event::Waiting { pause });
        self.sleep(pause).await
    }

    /// Deletes remote files that an earlier attempt left.
    async fn clean_up(&self, session: &Session) -> Result<(), Halt> {
        for shard in self
            .ledger()
            .shards(session.run, ShardFilter::Unfinished)?
        {
            if matches!(shard.state, ShardState::Collected | ShardState::Abandoned) {
                self.delete_files(&shard).await?;
            }
        }
        Ok(())
    }

    /// Cancels a run: nothing new is sent, what is out is stopped and collected.
    async fn wind_up(&self, session: &mut Session) -> Result<RunEnd, Halt> {
        for shard in self.open_shards(session.run)? {
            if matches!(shard.state, ShardState::Planned | ShardState::Uploaded) {
                self.drop_unsent(&shard).await?;
            }
        }
        let mut pause = self.parts.settings.poll.initial;
        loop {
            self.lease(session.run, Takeover::WhenIdle)?;
            let open = self.open_shards(session.run)?;
            if open.is_empty() {
                break;
            }
            let polled = self.poll(session, &open).await;
            match polled {
                Ok(_) => {}
                Err(Halt::Outage(error)) => self.bear_outage(session, error)?,
                Err(halt) => return Err(halt),
            }
            for shard in self.open_shards(session.run)? {
                if shard.state == ShardState::Ended {
                    self.collect(session, &shard).await?;
                    self.after_collect(session, &shard).await?;
                }
            }
            if !self.open_shards(session.run)?.is_empty() {
                self.wait(session, pause, &[]).await?;
                let longer = pause.mul_f64(self.parts.settings.poll.factor.max(1.0));
                pause = longer.min(self.parts.settings.poll.max);
            }
        }
        let failure = Failure::new(FailureKind::Cancelled, "the run was cancelled");
        self.ledger()
            .end_ready_requests(session.run, &failure, self.now())?;
        self.clean_up(session).await?;
        Ok(RunEnd::Cancelled)
    }

    /// A shard without a known batch: its batch is looked for, else the shard is given up.
    async fn drop_unsent(&self, shard: &Shard) -> Result<(), Halt> {
        let provider = std::sync::Arc::clone(self.provider(&shard.model.provider)?);
        if shard.state == ShardState::Uploaded
            && let Some(batch) = self.find_batch(&*provider, shard).await?
        {
            return self.commit_created(shard, &batch);
        }
        self.ledger()
            .abandon_shard(shard.id, "the run was cancelled", self.now())?;
        Ok(())
    }

    fn lease(&self, run: RunId, takeover: Takeover) -> Result<(), LedgerError> {
        let now = self.now();
        let length = self.parts.settings.lease + self.parts.settings.poll.max;
        let until = SignedDuration::try_from(length)
            .ok()
            .and_then(|length| now.checked_add(length).ok())
            .unwrap_or(now);
        self.ledger().lease_run(
            run,
            &Lease {
                owner: self.owner.clone(),
                now,
                until,
                takeover,
            },
        )
    }

    fn report(&self, run: RunId, end: RunEnd) -> Result<RunReport, EngineError> {
        Ok(RunReport {
            run,
            end,
            summary: self.ledger().summary(run)?,
        })
    }
}

/// What one round of planning did.
#[derive(Debug, Clone, Copy, Default)]
struct PlannedRound {
    shards: usize,
    no_money: bool,
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(": ");
        words.push_str(&error.to_string());
        cause = error.source();
    }
    words
}
