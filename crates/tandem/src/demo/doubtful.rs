//! Answers that are wrong on purpose, for trying out what is done about wrong answers.

use model::{Analysis, ClaimedRole};

/// How sure a right answer says it is: mostly very, sometimes little.
const RIGHT: [f64; 10] = [0.98, 0.97, 0.96, 0.95, 0.93, 0.92, 0.9, 0.88, 0.82, 0.6];
/// How sure a wrong answer says it is: mostly little, sometimes very.
const WRONG: [f64; 10] = [0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.78, 0.92];

/// Answers of which a share is wrong. What is wrong, and how sure each answer is, follows from the model
/// and the question alone, so that runs repeat.
pub(crate) struct Doubtful<'a> {
    /// The model that answers.
    pub(crate) model: &'a str,
    /// The share of wrong answers, from 0 to 1.
    pub(crate) wrong_rate: f64,
}

impl Doubtful<'_> {
    /// The answer as this model gives it: with a confidence that goes along with being right, and turned
    /// into its opposite where this one is to be wrong.
    pub(crate) fn spoil(&self, question: &str, mut analysis: Analysis) -> Analysis {
        let text = format!("{}\n{question}", self.model);
        let hash = blake3::hash(text.as_bytes());
        let draw = |place: usize| -> u64 {
            let bytes = hash.as_bytes().iter().skip(place * 8).take(8);
            bytes.fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
        };
        let is_wrong = (draw(0) as f64 / u64::MAX as f64) < self.wrong_rate;
        let confidences = if is_wrong { WRONG } else { RIGHT };
        let place = usize::try_from(draw(1) % 10).unwrap_or(0);
        analysis.ai.confidence = confidences.get(place).copied().unwrap_or(0.5);
        if !is_wrong {
            return analysis;
        }
        let claim = &mut analysis.ai;
        if claim.is_assisted {
            claim.is_assisted = false;
            claim.role = ClaimedRole::None;
            claim.tools.clear();
            claim.quote = None;
        } else {
            claim.is_assisted = true;
            claim.role = ClaimedRole::Assisted;
            claim.tools = vec!["copilot".to_owned()];
            // The title stands in the question, so that the quote alone does not give it away.
            claim.quote = Some(analysis.summary.title.clone());
        }
        analysis
    }
}
