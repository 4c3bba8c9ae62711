//! Cancels a run and keeps what was answered until then.

use crate::engine::adopt::Found;
use crate::engine::drive::Round;
use crate::engine::plan::named;
use crate::engine::poll::Moved;
use crate::engine::session::{Halt, Session};
use crate::engine::{Engine, RunEnd};
use crate::ledger::{Shard, ShardState, Takeover};
use crate::outcome::{Failure, FailureKind};

impl Engine {
    /// Cancels a run: nothing new is sent, what is out is stopped and collected.
    pub(super) async fn wind_up(&self, session: &mut Session) -> Result<RunEnd, Halt> {
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
            let mut round = Round {
                moved: Moved::No,
                outage: None,
            };
            let polled = self.poll(session, &open).await;
            round.bear(polled)?;
            self.collect_all(session, &mut round).await?;
            if let Some(error) = round.outage {
                self.bear_outage(session, error)?;
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
        self.clean_up(session.run).await?;
        Ok(RunEnd::Cancelled)
    }

    /// A shard without a known batch: its batch is looked for, else the shard is given up.
    async fn drop_unsent(&self, shard: &Shard) -> Result<(), Halt> {
        let provider = std::sync::Arc::clone(self.provider(&shard.model.provider)?);
        if shard.state == ShardState::Uploaded {
            match self.find_batch(&*provider, shard).await? {
                Found::Batch(batch) => return self.commit_created(shard, &batch),
                // It may be somebody else's, so it is not stopped.
                Found::Perhaps(batch) => self.warn(&format!(
                    "{}: batch {batch} may be its own and is left alone",
                    named(shard.id)
                )),
                Found::Nothing => {}
            }
        }
        self.ledger()
            .abandon_shard(shard.id, "the run was cancelled", self.now())?;
        Ok(())
    }
}
