//! The hits of one walk, each kind once.

use model::{Confidence, Evidence, Role, Signal};

use crate::catalogue::rows::Dates;
use crate::dates::{Worth, worth};

/// The hits so far. Bounded by the catalogue: rule, role and signal together occur once.
#[derive(Default)]
pub(crate) struct Hits {
    hits: Vec<Hit>,
}

struct Hit {
    evidence: Evidence,
    /// The full confidence of a hit that other evidence can support.
    doubted: Option<Confidence>,
    /// A doubtful hit that counts for nothing unless it is supported.
    is_void: bool,
}

/// What a row says of a hit.
#[derive(Clone, Copy)]
pub(crate) struct Claimed<'a> {
    pub(crate) rule: &'a str,
    pub(crate) tool: &'a str,
    pub(crate) role: Role,
    pub(crate) signal: Signal,
    pub(crate) confidence: Confidence,
    pub(crate) dates: Option<&'a Dates>,
    pub(crate) time: Option<jiff::Timestamp>,
}

/// Where a hit stands: field, quote, byte offset.
pub(crate) struct Spot {
    pub(crate) field: String,
    pub(crate) quote: String,
    pub(crate) offset_bytes: u64,
}

impl Hits {
    /// Adds a hit, or raises the one that is already there. `spot` is asked only when needed.
    pub(crate) fn add(&mut self, claimed: Claimed<'_>, spot: impl FnOnce() -> Spot) {
        let (confidence, doubted, is_void) = match worth(claimed.dates, claimed.time) {
            Worth::Full => (claimed.confidence, None, false),
            Worth::Reduced(less) => (less.min(claimed.confidence), None, false),
            Worth::Doubtful(Some(less)) => (
                less.min(claimed.confidence),
                Some(claimed.confidence),
                false,
            ),
            Worth::Doubtful(None) => (Confidence::Low, Some(claimed.confidence), true),
            Worth::Nothing => return,
        };
        let known = self.hits.iter().position(|hit| {
            hit.evidence.rule == claimed.rule
                && hit.evidence.role == claimed.role
                && hit.evidence.signal == claimed.signal
        });
        if let Some(hit) = known.and_then(|index| self.hits.get_mut(index)) {
            let is_better = (confidence, !is_void) > (hit.evidence.confidence, !hit.is_void);
            if !is_better {
                return;
            }
            let spot = spot();
            hit.evidence.field = spot.field;
            hit.evidence.quote = spot.quote;
            hit.evidence.offset_bytes = spot.offset_bytes;
            hit.evidence.confidence = confidence;
            hit.doubted = doubted;
            hit.is_void = is_void;
            return;
        }
        let spot = spot();
        self.hits.push(Hit {
            evidence: Evidence {
                tool: claimed.tool.to_owned(),
                role: claimed.role,
                signal: claimed.signal,
                field: spot.field,
                quote: spot.quote,
                rule: claimed.rule.to_owned(),
                confidence,
                offset_bytes: spot.offset_bytes,
            },
            doubted,
            is_void,
        });
    }

    /// Whether a hit of this kind is there already, as certain as its row can be.
    pub(crate) fn has_at_best(&self, claimed: &Claimed<'_>) -> bool {
        self.hits.iter().any(|hit| {
            hit.doubted.is_none()
                && hit.evidence.confidence == claimed.confidence
                && hit.evidence.role == claimed.role
                && hit.evidence.signal == claimed.signal
                && hit.evidence.rule == claimed.rule
        })
    }

    /// Whether firm evidence says that a tool made the change.
    pub(crate) fn authored_by(&self, tool: &str) -> bool {
        self.hits.iter().any(|hit| {
            hit.evidence.role == Role::Authored
                && hit.evidence.tool == tool
                && hit.evidence.confidence >= Confidence::Medium
        })
    }

    /// The evidence: doubtful hits raised where a firm one of the same tool supports them, and
    /// void ones dropped where none does.
    pub(crate) fn into_evidence(mut self) -> Vec<Evidence> {
        let firm: Vec<String> = (self.hits.iter())
            .filter(|hit| {
                hit.doubted.is_none()
                    && hit.evidence.role != Role::Reviewed
                    && hit.evidence.confidence >= Confidence::Medium
            })
            .map(|hit| hit.evidence.tool.clone())
            .collect();
        for hit in &mut self.hits {
            if let Some(full) = hit.doubted
                && firm.contains(&hit.evidence.tool)
            {
                hit.evidence.confidence = full;
                hit.is_void = false;
            }
        }
        (self.hits.into_iter())
            .filter(|hit| !hit.is_void)
            .map(|hit| hit.evidence)
            .collect()
    }
}
