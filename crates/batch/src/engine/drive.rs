//! The loop: plan shards, submit, poll, collect, until every request has its outcome.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use crate::chance;
use crate::engine::collect::Collected;
use crate::engine::poll::Moved;
use crate::engine::session::{Halt, Mode, Session};
use crate::engine::submit::Submitted;
use crate::engine::{Engine, EngineError, RunEnd, RunReport};
use crate::ledger::{ReadyGroup, RunId, RunState, Shard, ShardFilter, ShardState, Takeover};
use crate::observer::{Event, Moment, Step};
use crate::provider::ProviderError;
use crate::settings::Wait;
use crate::task::RunSpec;

impl Engine {
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
            (RunState::Finished, _) => {
                self.sweep(run).await;
                return self.report(run, RunEnd::Finished);
            }
            (RunState::Cancelled, Mode::Cancel) => {
                self.sweep(run).await;
                return self.report(run, RunEnd::Cancelled);
            }
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
        if let Ok(totals) = self.ledger().totals(run) {
            self.tell(&Event::Totals { run, totals });
        }
        self.tell(&Event::RunEnded {
            run,
            end: worked.as_ref().ok(),
        });
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
            token_limits: BTreeMap::new(),
            waiting_since: HashMap::new(),
            filling: true,
            in_doubt: BTreeSet::new(),
        };
        self.tell(&Event::RunStarted {
            run,
            totals: self.ledger().totals(run)?,
            summary: &self.ledger().summary(run)?,
        });
        let working = async {
            match mode {
                Mode::Work => self.drive(&mut session).await,
                Mode::Cancel => self.wind_up(&mut session).await,
            }
        };
        match self.keeping_lease(run, working).await {
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
                self.tell(&Event::Totals {
                    run: session.run,
                    totals: self.ledger().totals(session.run)?,
                });
            }
            let round = self.round(session).await?;
            if round.moved == Moved::Yes {
                moved = Moved::Yes;
            }
            if let Some(error) = round.outage {
                self.bear_outage(session, error)?;
            }
            let open = self.open_shards(session.run)?;
            let ready = self.ledger().ready_groups(session.run, 1)?;
            if open.is_empty() && ready.is_empty() {
                self.clean_up(session.run).await?;
                return Ok(RunEnd::Finished);
            }
            if open.is_empty() && planned.no_money && moved == Moved::No {
                self.clean_up(session.run).await?;
                return Ok(RunEnd::Budget);
            }
            let all_out = open.iter().all(|shard| {
                matches!(shard.state, ShardState::Created | ShardState::Ended)
                    || session.in_doubt.contains(&shard.id)
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

    /// Submits, polls and collects once. A host that fails one call may answer the others: an outage
    /// is told after everything was tried, so that one shard does not keep the others from their end.
    async fn round(&self, session: &mut Session) -> Result<Round, Halt> {
        let mut round = Round {
            moved: Moved::No,
            outage: None,
        };
        let submitted = self.submit_all(session).await;
        round.bear(submitted)?;
        if self.parts.settings.wait == Wait::SubmitOnly {
            return Ok(round);
        }
        let open = self.open_shards(session.run)?;
        let polled = self.poll(session, &open).await;
        if let Some(Moved::Yes) = round.bear(polled)? {
            round.moved = Moved::Yes;
        }
        self.collect_all(session, &mut round).await?;
        Ok(round)
    }

    /// Collects every shard that has ended.
    pub(super) async fn collect_all(
        &self,
        session: &mut Session,
        round: &mut Round,
    ) -> Result<(), Halt> {
        for shard in self.open_shards(session.run)? {
            if shard.state == ShardState::Ended {
                let collected = self.collect_one(session, &shard).await;
                if round.bear(collected)?.is_some() {
                    round.moved = Moved::Yes;
                }
            }
        }
        Ok(())
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
                Ok(Submitted::InDoubt { shard, batch }) => {
                    session.outage_since = None;
                    if session.in_doubt.insert(shard) {
                        self.warn(&format!(
                            "shard {shard}: batch {batch} may be its own, which shows when that ends; \
                             until then nothing is sent again"
                        ));
                    }
                }
                Ok(Submitted::TooManyTokens { shard, error }) => {
                    if session.can_wait_for_room(&shard, self.parts.settings.stall.after) {
                        self.cut_smaller(session, &shard).await?;
                    } else {
                        return Err(EngineError::Provider(error).into());
                    }
                }
                Ok(Submitted::Outdated { shard }) => self.replan(&shard).await?,
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
            Collected::Done => {
                session.found_room(shard);
                self.after_collect(session, shard).await
            }
            Collected::TooManyTokens => self.cut_smaller(session, shard).await,
            Collected::Configuration(error) => {
                self.after_collect(session, shard).await?;
                // What is wrong with the configuration no longer matters to a run that is cancelled.
                if session.is_cancelling() {
                    return Ok(());
                }
                Err(error.into())
            }
        }
    }

    /// Deletes what an ended run left at a host that would not delete it then.
    async fn sweep(&self, run: RunId) {
        match self.clean_up(run).await {
            Ok(()) | Err(Halt::Interrupted) => {}
            Err(Halt::Outage(error)) => self.warn(&error.to_string()),
            Err(Halt::Error(error)) => self.warn(&chain(&error)),
        }
    }

    pub(super) async fn after_collect(&self, session: &Session, shard: &Shard) -> Result<(), Halt> {
        self.tell(&Event::Totals {
            run: session.run,
            totals: self.ledger().totals(session.run)?,
        });
        self.delete_files(shard).await
    }

    /// Gives a shard up that was planned for a model which has given way to its successor.
    async fn replan(&self, shard: &Shard) -> Result<(), Halt> {
        self.warn(&format!(
            "shard {}: {} is no longer asked; its requests are planned anew",
            shard.id, shard.model
        ));
        self.ledger()
            .abandon_shard(shard.id, "its model gave way to another", self.now())?;
        self.delete_files(shard).await
    }

    pub(super) fn open_shards(&self, run: RunId) -> Result<Vec<Shard>, Halt> {
        let mut shards = self.ledger().shards(run, ShardFilter::Unfinished)?;
        shards
            .retain(|shard| !matches!(shard.state, ShardState::Collected | ShardState::Abandoned));
        Ok(shards)
    }

    /// A host that is away in the middle of a run is waited for, up to a point.
    pub(super) fn bear_outage(
        &self,
        session: &mut Session,
        error: ProviderError,
    ) -> Result<(), Halt> {
        let since = *session.outage_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= self.parts.settings.retry.outage {
            return Err(Halt::Outage(error));
        }
        self.warn(&error.to_string());
        Ok(())
    }

    pub(super) async fn wait(
        &self,
        session: &Session,
        pause: Duration,
        ready: &[ReadyGroup],
    ) -> Result<(), Halt> {
        let mut pause = pause.mul_f64(chance::factor(0.9, 1.1));
        let gather = self.parts.settings.shards.gather;
        for group in ready {
            if let Some(since) = session.waiting_since.get(&group.variant) {
                let left = gather.saturating_sub(since.elapsed());
                // A group that has waited long enough is held back by a limit, not by its wait.
                if !left.is_zero() {
                    pause = pause.min(left);
                }
            }
        }
        if let Some(deadline) = self.parts.settings.deadline {
            pause = pause.min(deadline.saturating_sub(session.started.elapsed()));
        }
        self.tell(&Event::Waiting { pause });
        self.sleep(pause).await
    }

    /// Deletes remote files that an earlier attempt left.
    pub(super) async fn clean_up(&self, run: RunId) -> Result<(), Halt> {
        for shard in self.ledger().shards(run, ShardFilter::Unfinished)? {
            if matches!(shard.state, ShardState::Collected | ShardState::Abandoned) {
                self.delete_files(&shard).await?;
            }
        }
        Ok(())
    }

    fn report(&self, run: RunId, end: RunEnd) -> Result<RunReport, EngineError> {
        Ok(RunReport {
            run,
            end,
            summary: self.ledger().summary(run)?,
        })
    }
}

/// What a round of submitting, polling and collecting came to.
pub(super) struct Round {
    pub(super) moved: Moved,
    /// The first outage, where there was one.
    pub(super) outage: Option<ProviderError>,
}

impl Round {
    /// Keeps an outage for the end of the round; every other halt ends it.
    pub(super) fn bear<T>(&mut self, done: Result<T, Halt>) -> Result<Option<T>, Halt> {
        match done {
            Ok(done) => Ok(Some(done)),
            Err(Halt::Outage(error)) => {
                self.outage.get_or_insert(error);
                Ok(None)
            }
            Err(halt) => Err(halt),
        }
    }
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
