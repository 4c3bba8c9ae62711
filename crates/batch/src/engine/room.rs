//! Room at a host: what its refusals teach of the tokens that may wait there for a model.

use std::time::Duration;

use tokio::time::Instant;

use crate::engine::Engine;
use crate::engine::session::{Halt, Session};
use crate::ledger::{Shard, ShardState};

/// The code of hosts that have too many tokens waiting.
pub(super) const TOKEN_LIMIT: &str = "token_limit_exceeded";

/// What a host's refusals have taught of its limit on waiting tokens for a model.
#[derive(Debug, Clone, Copy)]
pub(super) struct TokenLimit {
    /// The most tokens that are sent to wait.
    pub(super) cap: u64,
    /// Since when every shard has been refused.
    pub(super) refused_since: Option<Instant>,
    /// How long the last pause after a refusal is.
    pub(super) hold: Duration,
    /// No shard is planned before this.
    pub(super) hold_until: Instant,
}

impl Session {
    /// Whether shards of a model wait because the host had too many tokens waiting.
    pub(super) fn is_held(&self, model: &str) -> bool {
        self.token_limits
            .get(model)
            .is_some_and(|limit| Instant::now() < limit.hold_until)
    }

    /// Whether a shard that the host has no room for goes back to wait: it can be cut smaller, or the
    /// host has not refused for so long that nothing but the request itself can be too large.
    pub(super) fn can_wait_for_room(&self, shard: &Shard, patience: Duration) -> bool {
        let refused_since = self
            .token_limits
            .get(&shard.model.to_string())
            .and_then(|limit| limit.refused_since);
        shard.requests > 1 || refused_since.is_none_or(|since| since.elapsed() < patience)
    }

    /// The host has taken a shard of this model again.
    pub(super) fn found_room(&mut self, shard: &Shard) {
        if !is_token_limit(shard)
            && let Some(limit) = self.token_limits.get_mut(&shard.model.to_string())
        {
            limit.refused_since = None;
            limit.hold = Duration::ZERO;
        }
    }
}

impl Engine {
    /// Gives a shard up that was too large for what waits at the host, and learns from it: what of
    /// ours waits there has room, and the half of what was refused may have. The pauses between
    /// refusals grow, because others may fill the host as well.
    pub(super) async fn cut_smaller(
        &self,
        session: &mut Session,
        shard: &Shard,
    ) -> Result<(), Halt> {
        let waiting: u64 = self
            .open_shards(session.run)?
            .iter()
            .filter(|other| other.state == ShardState::Created && other.model == shard.model)
            .map(|other| other.prompt_tokens)
            .sum();
        let cap = waiting.max(shard.prompt_tokens / 2).max(1);
        self.warn(&format!(
            "shard {}: the host has too many tokens waiting; going on with at most {cap} at once",
            shard.id
        ));
        let now = Instant::now();
        let limit = session
            .token_limits
            .entry(shard.model.to_string())
            .or_insert(TokenLimit {
                cap,
                refused_since: None,
                hold: Duration::ZERO,
                hold_until: now,
            });
        limit.cap = cap;
        limit.refused_since.get_or_insert(now);
        // Shards that were refused together are one refusal.
        if limit.hold_until <= now {
            let settings = &self.parts.settings;
            limit.hold = limit.hold.saturating_mul(2).clamp(
                settings.poll.max,
                settings.retry.outage.max(settings.poll.max),
            );
            limit.hold_until = now + limit.hold;
        }
        self.ledger()
            .abandon_shard(shard.id, "too many tokens waiting at the host", self.now())?;
        let shard = self.ledger().shard(shard.id)?;
        self.delete_files(&shard).await
    }
}

/// Whether the host refused the whole batch because too many tokens wait.
pub(super) fn is_token_limit(shard: &Shard) -> bool {
    shard.output_file_id.is_none()
        && shard
            .batch_errors
            .iter()
            .any(|error| error.code.as_deref() == Some(TOKEN_LIMIT))
}
