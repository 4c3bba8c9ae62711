//! Asks the caller whether an accepted answer is doubted, and decides where a doubted one goes.

use crate::engine::Engine;
use crate::engine::session::Session;
use crate::ledger::{Member, Next, Shard, Variant, Verdict};
use crate::policy::first_variant;
use crate::sink::{Accepted, Candidate, Doubt};

/// Longest reason that is kept.
const REASON_CHARACTERS: usize = 40;

/// A doubt, and the settings with which the next tier is asked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Doubted {
    pub(super) doubt: Doubt,
    variant: Variant,
}

impl Engine {
    /// The doubt about an accepted answer, where the run allows doubts, the caller has one, and there
    /// is somebody left to ask.
    pub(super) fn doubt(
        &self,
        session: &Session,
        shard: &Shard,
        member: &Member,
        candidate: Candidate<'_>,
    ) -> Option<Doubted> {
        session.spec.doubt.as_ref()?;
        let tier = shard.variant.tier;
        let next_tier = session.spec.tiers.get(tier as usize)?;
        // What is being cancelled, or was tried often enough, keeps the answer it has.
        if session.is_cancelling() || member.attempt >= self.parts.settings.attempts.per_run {
            return None;
        }
        let doubt = self.parts.check.doubt(Accepted { candidate, tier })?;
        let reason = doubt
            .reason
            .chars()
            .filter(|character| !character.is_control())
            .take(REASON_CHARACTERS)
            .collect();
        let score = if doubt.score.is_finite() {
            doubt.score.clamp(0.0, 1.0)
        } else {
            0.0
        };
        Some(Doubted {
            doubt: Doubt { reason, score },
            variant: first_variant(tier + 1, next_tier),
        })
    }
}

/// What the ledger is told of an accepted answer.
pub(super) fn verdict(repair: Option<String>, doubted: Option<Doubted>) -> (Verdict, Next) {
    match doubted {
        None => (Verdict::Answered { repair }, Next::Done),
        Some(Doubted { doubt, variant }) => (
            Verdict::Doubted { repair, doubt },
            Next::Again {
                variant,
                shrunk: None,
            },
        ),
    }
}
