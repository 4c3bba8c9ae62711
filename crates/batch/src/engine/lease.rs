//! The right to work on a run, renewed as long as the work goes on.

use std::future::Future;
use std::time::Duration;

use jiff::SignedDuration;

use crate::engine::Engine;
use crate::engine::session::Halt;
use crate::ledger::{Lease, LedgerError, RunId, Takeover};

impl Engine {
    fn lease_length(&self) -> Duration {
        self.parts.settings.lease + self.parts.settings.poll.max
    }

    /// Renews the lease while something is done that may take longer than a lease: a large upload, or
    /// the pause a host asks for. Whoever loses it stops at once, because another process is at work.
    pub(super) async fn keeping_lease<T>(
        &self,
        run: RunId,
        doing: impl Future<Output = Result<T, Halt>>,
    ) -> Result<T, Halt> {
        let mut doing = std::pin::pin!(doing);
        let beat = (self.lease_length() / 3).max(Duration::from_secs(1));
        loop {
            tokio::select! {
                biased;
                done = &mut doing => return done,
                () = tokio::time::sleep(beat) => self.lease(run, Takeover::WhenIdle)?,
            }
        }
    }

    pub(super) fn lease(&self, run: RunId, takeover: Takeover) -> Result<(), LedgerError> {
        let now = self.now();
        let until = SignedDuration::try_from(self.lease_length())
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
}
