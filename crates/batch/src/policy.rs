//! What happens after a failure: one row for each kind.

use crate::ledger::{Member, Next, Variant};
use crate::outcome::FailureKind;
use crate::settings::AttemptSettings;
use crate::sink::Shrunk;
use crate::tier::{Effort, TierSpec};

/// One row of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyRow {
    /// The kind of failure.
    pub kind: FailureKind,
    /// What is tried first. When it cannot be tried (again), the next tier is asked; when there is
    /// none, the request ends without an answer.
    pub first: Remedy,
    /// Whether the host bills the failure.
    pub billed: Billed,
}

/// What is tried after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// The same tier with a larger cap and low effort, once: where the effort can still be lowered, or
    /// where there is no next tier. A tier that was asked at low effort already has had the cheap
    /// remedy, and another pass of a batch costs hours: then the next tier, with a larger cap.
    MoreTokens,
    /// The same tier as before, up to the attempts a tier has.
    SameTier,
    /// The same tier with a shorter prompt, as long as the caller can shorten it.
    Shrink,
    /// The next tier.
    NextTier,
    /// Nothing: the run stops and the user is told.
    StopRun,
}

impl Remedy {
    /// The words of the table in the README.
    pub fn as_str(self) -> &'static str {
        match self {
            Remedy::MoreTokens => "same tier, more tokens",
            Remedy::SameTier => "same tier",
            Remedy::Shrink => "same tier, shorter prompt",
            Remedy::NextTier => "next tier",
            Remedy::StopRun => "nothing: the run stops",
        }
    }
}

/// Whether the host bills a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Billed {
    /// By the usage it tells.
    Yes,
    /// Perhaps: counted as possible cost when it tells no usage.
    Possible,
    /// No.
    No,
}

impl Billed {
    /// The words of the table in the README.
    pub fn as_str(self) -> &'static str {
        match self {
            Billed::Yes => "by usage",
            Billed::Possible => "possibly",
            Billed::No => "no",
        }
    }
}

const fn row(kind: FailureKind, first: Remedy, billed: Billed) -> PolicyRow {
    PolicyRow {
        kind,
        first,
        billed,
    }
}

/// The policy.
pub const POLICY: [PolicyRow; 13] = [
    row(FailureKind::Budget, Remedy::MoreTokens, Billed::Possible),
    row(FailureKind::Truncated, Remedy::MoreTokens, Billed::Yes),
    row(FailureKind::JsonText, Remedy::NextTier, Billed::Possible),
    row(FailureKind::Parse, Remedy::NextTier, Billed::Yes),
    row(FailureKind::Schema, Remedy::NextTier, Billed::Yes),
    row(FailureKind::Refusal, Remedy::NextTier, Billed::Yes),
    row(FailureKind::Expired, Remedy::SameTier, Billed::No),
    row(FailureKind::Missing, Remedy::SameTier, Billed::Possible),
    row(FailureKind::Provider, Remedy::SameTier, Billed::No),
    row(FailureKind::OverLength, Remedy::Shrink, Billed::No),
    row(FailureKind::Rejected, Remedy::NextTier, Billed::No),
    row(FailureKind::Config, Remedy::StopRun, Billed::No),
    row(FailureKind::Cancelled, Remedy::StopRun, Billed::No),
];

/// The row of a kind.
pub fn policy_of(kind: FailureKind) -> PolicyRow {
    POLICY
        .into_iter()
        .find(|row| row.kind == kind)
        .unwrap_or(row(kind, Remedy::NextTier, Billed::Possible))
}

/// The settings a tier starts with.
pub fn first_variant(tier: u32, spec: &TierSpec) -> Variant {
    Variant {
        tier,
        max_completion_tokens: spec.max_completion_tokens,
        effort: spec.reasoning_effort,
    }
}

/// Decides what happens to a request after a failure.
///
/// `shrunk` is the caller's shorter form of the request where the failure is over-length.
pub fn next_step(
    kind: FailureKind,
    variant: Variant,
    member: &Member,
    tiers: &[TierSpec],
    limits: &AttemptSettings,
    shrunk: Option<Shrunk>,
) -> Next {
    let again = |variant: Variant| Next::Again {
        variant,
        shrunk: None,
    };
    // Nothing is wrong with the request itself: it waits as it is until the run goes on.
    if kind == FailureKind::Config {
        return again(variant);
    }
    if kind == FailureKind::Cancelled {
        return Next::Failed;
    }
    let attempts_here = member.tier_attempts.saturating_add(1);
    if member.attempt >= limits.per_run {
        return Next::Quarantined;
    }
    let spec = tiers.get((variant.tier as usize).saturating_sub(1));
    let next_tier = tiers.get(variant.tier as usize);
    let same_tier_allowed = attempts_here < limits.per_tier;
    let effort_can_be_lowered = variant.effort.is_some_and(|effort| effort != Effort::Low);
    match policy_of(kind).first {
        Remedy::MoreTokens
            if same_tier_allowed && (effort_can_be_lowered || next_tier.is_none()) =>
        {
            if let Some(raised) = spec.and_then(|spec| with_more_tokens(variant, spec)) {
                return again(raised);
            }
        }
        Remedy::SameTier if same_tier_allowed => return again(variant),
        Remedy::Shrink if same_tier_allowed => {
            if shrunk.is_some() {
                return Next::Again { variant, shrunk };
            }
        }
        Remedy::MoreTokens
        | Remedy::SameTier
        | Remedy::Shrink
        | Remedy::NextTier
        | Remedy::StopRun => {}
    }
    if let Some(next) = next_tier {
        let mut start = first_variant(variant.tier + 1, next);
        if policy_of(kind).first == Remedy::MoreTokens {
            // What was too small once is not tried again elsewhere.
            start.max_completion_tokens = start
                .max_completion_tokens
                .max(variant.max_completion_tokens.saturating_mul(2))
                .min(next.max_output_tokens.max(start.max_completion_tokens));
        }
        return again(start);
    }
    let attempts_ever = member.attempt.saturating_add(member.prior_attempts);
    if tiers.len() > 1 || attempts_ever >= limits.quarantine_after {
        Next::Quarantined
    } else {
        Next::Failed
    }
}

/// The settings with a larger cap and low effort; `None` when they are raised already or cannot be.
fn with_more_tokens(variant: Variant, spec: &TierSpec) -> Option<Variant> {
    let raised = variant
        .max_completion_tokens
        .saturating_mul(2)
        .min(spec.max_output_tokens);
    let is_first_raise =
        variant.max_completion_tokens < spec.max_completion_tokens.saturating_mul(2);
    (is_first_raise && raised > variant.max_completion_tokens).then(|| Variant {
        max_completion_tokens: raised,
        effort: variant.effort.map(|_| Effort::Low),
        ..variant
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Catalogue;
    use crate::settings::Settings;
    use crate::task::Payload;

    fn tiers(count: usize) -> Vec<TierSpec> {
        ["groq:openai/gpt-oss-20b", "groq:openai/gpt-oss-120b"]
            .iter()
            .take(count)
            .map(|text| TierSpec::parse(text, &Catalogue::embedded()).unwrap())
            .collect()
    }

    fn member(attempt: u32, tier_attempts: u32, prior_attempts: u32) -> Member {
        Member {
            seq: 1,
            custom_id: "a".to_owned(),
            attempt,
            tier_attempts,
            prior_attempts,
            prompt_tokens: 10,
            recorded: None,
        }
    }

    fn step(kind: FailureKind, variant: Variant, member: &Member, tiers: &[TierSpec]) -> Next {
        let limits = Settings::production().attempts;
        next_step(kind, variant, member, tiers, &limits, None)
    }

    #[test]
    fn every_kind_has_one_row() {
        for (kind, row) in FailureKind::ALL.into_iter().zip(POLICY) {
            assert_eq!(kind, row.kind);
        }
    }

    /// The first failure at tier 1 of two: where the request goes.
    #[test]
    fn first_failure_of_each_kind() {
        let tiers = tiers(2);
        let start = first_variant(1, &tiers[0]);
        let second = first_variant(2, &tiers[1]);
        for kind in FailureKind::ALL {
            let got = step(kind, start, &member(1, 0, 0), &tiers);
            let go = |variant| Next::Again {
                variant,
                shrunk: None,
            };
            let expect = match kind {
                FailureKind::Budget | FailureKind::Truncated => go(Variant {
                    max_completion_tokens: second.max_completion_tokens * 2,
                    ..second
                }),
                FailureKind::Expired
                | FailureKind::Missing
                | FailureKind::Provider
                | FailureKind::Config => go(start),
                FailureKind::Cancelled => Next::Failed,
                FailureKind::JsonText
                | FailureKind::Parse
                | FailureKind::Schema
                | FailureKind::Refusal
                | FailureKind::Rejected
                | FailureKind::OverLength => go(second),
            };
            assert_eq!(got, expect, "{kind}");
        }
    }

    /// Where the first tier thinks hard, thinking less is tried there first.
    #[test]
    fn effort_is_lowered_once_then_the_next_tier_keeps_a_larger_cap() {
        let mut tiers = tiers(2);
        tiers[0].reasoning_effort = Some(Effort::Medium);
        let start = first_variant(1, &tiers[0]);
        let raised = again(step(FailureKind::Budget, start, &member(1, 0, 0), &tiers));
        assert_eq!((raised.tier, raised.effort), (1, Some(Effort::Low)));
        assert_eq!(
            raised.max_completion_tokens,
            start.max_completion_tokens * 2
        );
        let next = again(step(FailureKind::Budget, raised, &member(2, 1, 0), &tiers));
        assert_eq!(next.tier, 2);
        assert_eq!(next.max_completion_tokens, raised.max_completion_tokens * 2);
    }

    #[test]
    fn without_a_next_tier_the_cap_is_raised_once() {
        let tiers = tiers(1);
        let start = first_variant(1, &tiers[0]);
        let raised = again(step(FailureKind::Budget, start, &member(1, 0, 0), &tiers));
        assert_eq!(
            (raised.tier, raised.max_completion_tokens),
            (1, start.max_completion_tokens * 2)
        );
        let end = step(FailureKind::Budget, raised, &member(2, 1, 0), &tiers);
        assert_eq!(end, Next::Failed);
    }

    fn again(next: Next) -> Variant {
        match next {
            Next::Again { variant, .. } => variant,
            other => panic!("not asked again: {other:?}"),
        }
    }

    #[test]
    fn requests_end_after_the_last_tier() {
        let two = tiers(2);
        let second = first_variant(2, &two[1]);
        assert_eq!(
            step(FailureKind::Parse, second, &member(2, 0, 0), &two),
            Next::Quarantined
        );
        let one = tiers(1);
        let only = first_variant(1, &one[0]);
        assert_eq!(
            step(FailureKind::Parse, only, &member(1, 0, 0), &one),
            Next::Failed
        );
        // The fourth run that fails is the last.
        assert_eq!(
            step(FailureKind::Parse, only, &member(1, 0, 3), &one),
            Next::Quarantined
        );
        // Nothing goes on for ever, whatever the kind.
        for kind in FailureKind::ALL {
            if matches!(kind, FailureKind::Config | FailureKind::Cancelled) {
                continue;
            }
            let mut variant = first_variant(1, &two[0]);
            let mut tier_attempts = 0;
            let mut attempt = 0;
            loop {
                attempt += 1;
                assert!(attempt <= 8, "{kind}");
                match step(kind, variant, &member(attempt, tier_attempts, 0), &two) {
                    Next::Again { variant: next, .. } => {
                        tier_attempts = if next.tier == variant.tier {
                            tier_attempts + 1
                        } else {
                            0
                        };
                        variant = next;
                    }
                    Next::Quarantined => break,
                    other => panic!("{kind}: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn over_length_takes_the_callers_shorter_form() {
        let tiers = tiers(1);
        let start = first_variant(1, &tiers[0]);
        let shrunk = Some(Shrunk {
            payload: Payload::user("short"),
            prompt_tokens: 3,
        });
        let limits = Settings::production().attempts;
        let next = next_step(
            FailureKind::OverLength,
            start,
            &member(1, 0, 0),
            &tiers,
            &limits,
            shrunk.clone(),
        );
        assert_eq!(
            next,
            Next::Again {
                variant: start,
                shrunk
            }
        );
    }
}
