//! Question 14: can the detection be trusted? What it rests on, and what was left out.

use measures::Observations;
use model::Origin;
use serde::Serialize;

/// Pull requests with AI by the confidence of their verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ConfidenceTiers {
    /// At least 0.95: an account, an exact trailer.
    pub hard: u64,
    /// From 0.8 to 0.95.
    pub firm: u64,
    /// Below 0.8: a model's word, or a soft sign.
    pub soft: u64,
}

/// What detection rests on. Precision and recall need a truth: `tandem evaluate`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct DetectionCard {
    /// Pull requests by people and agents in which AI was found.
    pub with_ai: ConfidenceTiers,
    /// Those in whose complete record nothing was found: not "human".
    pub none_detected: u64,
    /// Those whose record is not complete enough to tell.
    pub unknown: u64,
    /// Those that detection has not seen.
    pub not_detected_yet: u64,
    /// Opened by plain bots: left out everywhere.
    pub plain_bots: u64,
    /// Not measured by the present definitions: left out of all clocks.
    pub not_measured: u64,
    /// Whose person is not known: clustered by repository.
    pub without_person: u64,
}

pub(super) fn detection(observations: &Observations) -> DetectionCard {
    let mut card = DetectionCard::default();
    for row in &observations.rows {
        card.not_measured += u64::from(!row.measured);
        if row.plain_bot {
            card.plain_bots += 1;
            continue;
        }
        card.without_person += u64::from(row.person.index().is_none());
        match row.origin {
            Some(Origin::Agent | Origin::Assisted) => match row.confidence_percent {
                95.. => card.with_ai.hard += 1,
                80..95 => card.with_ai.firm += 1,
                ..80 => card.with_ai.soft += 1,
            },
            Some(Origin::NoneDetected) => card.none_detected += 1,
            Some(Origin::Unknown) => card.unknown += 1,
            None => card.not_detected_yet += 1,
        }
    }
    card
}
