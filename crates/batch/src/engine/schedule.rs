//! Decides which waiting requests become shards now.

use tokio::time::Instant;

use crate::engine::Engine;
use crate::engine::plan::{ShardLimits, ShardPlan, tier_of};
use crate::engine::session::{Halt, Session};
use crate::ledger::{ReadyGroup, Shard};
use crate::money::Money;
use crate::policy::first_variant;

/// Shards planned before the host is looked at again.
const SHARDS_PER_ROUND: usize = 16;

/// What one round of planning did.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PlannedRound {
    pub(super) shards: usize,
    pub(super) no_money: bool,
}

impl Engine {
    /// Cuts waiting requests into shards as far as limits and budget allow.
    pub(super) fn plan_round(&self, session: &mut Session) -> Result<PlannedRound, Halt> {
        let mut round = PlannedRound::default();
        // More than one round can plan need not be counted.
        let most =
            SHARDS_PER_ROUND as u64 * u64::from(self.parts.settings.shards.max_requests.max(1));
        let groups = self.ledger().ready_groups(session.run, most)?;
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
            if session.is_held(&model) {
                continue;
            }
            let known_limit = limits.max_enqueued_tokens.unwrap_or(u64::MAX);
            let token_cap = session
                .token_limits
                .get(&model)
                .map_or(known_limit, |limit| limit.cap.min(known_limit));
            let mut waiting_tokens: u64 = open
                .iter()
                .filter(|shard| shard.model == tier.reference)
                .map(|shard| shard.prompt_tokens)
                .sum();
            let mut at_host = open
                .iter()
                .filter(|shard| shard.model.provider == tier.reference.provider)
                .count();
            let most_at_host = limits.max_open_batches.unwrap_or(usize::MAX);
            let mut left = group.requests;
            while left > 0 && (is_due || left >= max_requests) {
                let room = token_cap - waiting_tokens.min(token_cap);
                // Little room is left to grow: many small shards would take longer than to wait.
                let is_tight = waiting_tokens > 0 && room < token_cap / 4 + 1;
                let is_full = open_count >= self.parts.settings.shards.max_open as usize
                    || round.shards >= SHARDS_PER_ROUND
                    || at_host >= most_at_host
                    || is_tight;
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
                        max_tokens: room,
                        // The host decides about a single large request, once nothing else waits.
                        is_alone: waiting_tokens == 0,
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
                        at_host += 1;
                        round.shards += 1;
                    }
                    ShardPlan::NoRoom => break,
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
}
