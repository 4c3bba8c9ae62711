//! What an answer about a pull request must be, and where it goes.

use std::sync::Arc;

use analysis::{ContextBudget, parse_answer};
use batch::{
    Accepted, Answer, AnswerCheck, AnswerSink, Candidate, Doubt, Oversized, Shrunk, SinkError,
};
use detect::{Detector, disagreement};
use jiff::Timestamp;
use model::{AiClaim, PrKey};
use store::{AnalysisOrigin, AnalysisRecord, Store, VerdictWrite};

use crate::wiring::detection::{measured, verdict};
use crate::wiring::doubt::DoubtRules;

/// Checks answers and keeps them: analyses, and the verdicts that follow from them.
pub(crate) struct Answers {
    store: Arc<dyn Store>,
    detector: Arc<Detector>,
    doubts: Option<DoubtRules>,
}

impl Answers {
    /// Keeps answers in `store`; verdicts are drawn with `detector`. Answers are doubted by these rules,
    /// in runs that allow it.
    pub(crate) fn new(
        store: Arc<dyn Store>,
        detector: Arc<Detector>,
        doubts: Option<DoubtRules>,
    ) -> Self {
        Answers {
            store,
            detector,
            doubts,
        }
    }

    /// Whether a claim about a pull request contradicts what the signatures say of it. What cannot be
    /// read contradicts nothing: a doubt is no reason to stop a run.
    fn contradicts_evidence(&self, subject: &str, claim: &AiClaim) -> bool {
        let Ok(key) = subject.parse::<PrKey>() else {
            return false;
        };
        match self.store.pull_request(&key) {
            Ok(Some(stored)) => {
                let verdict = self.detector.verdict(&stored.pull_request);
                disagreement(&verdict, claim).is_some()
            }
            _ => false,
        }
    }

    /// Stores analyses and, where the content has not changed since, the joined verdicts.
    fn keep(&self, records: &[AnalysisRecord]) -> Result<(), SinkError> {
        self.store.put_analyses(records)?;
        let mut verdicts = Vec::with_capacity(records.len());
        for record in records {
            let Some(stored) = self.store.pull_request(&record.key)? else {
                continue;
            };
            verdicts.push(VerdictWrite {
                key: record.key.clone(),
                verdict: verdict(
                    &self.detector,
                    &stored.pull_request,
                    &stored.content_hash,
                    Some(record),
                ),
                measures: measured(&self.detector, &stored.pull_request),
                content_hash: stored.content_hash,
            });
        }
        self.store
            .put_verdicts(self.detector.version(), &verdicts)?;
        Ok(())
    }

    fn record(answer: &Answer) -> Result<AnalysisRecord, SinkError> {
        let key: PrKey = answer.subject.parse()?;
        let checked = parse_answer(&answer.json, &answer.payload.text())?;
        let usage = answer.usage.unwrap_or_default();
        Ok(AnalysisRecord {
            key,
            origin: AnalysisOrigin::Model,
            run_id: answer.run.to_string(),
            tier: answer.tier,
            provider: answer.model.provider.clone(),
            model: answer.model.model.clone(),
            attempt: answer.attempt,
            prompt_version: answer.prompt_version.clone(),
            schema_version: answer.schema_version.clone(),
            content_hash: answer.content_hash.clone(),
            finish_reason: answer.finish_reason.clone(),
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            cost_pico_usd: u64::try_from(answer.cost.picodollars()).unwrap_or(0),
            answered_at: Timestamp::now(),
            repaired: answer.repair.clone(),
            quote_supported: checked
                .analysis
                .ai
                .quote
                .is_some()
                .then_some(checked.quote_supported),
            answer: checked.analysis,
        })
    }
}

impl AnswerSink for Answers {
    fn store(&self, answers: &[Answer]) -> Result<(), SinkError> {
        let mut records = Vec::with_capacity(answers.len());
        for answer in answers {
            records.push(Self::record(answer)?);
        }
        self.keep(&records)
    }
}

impl AnswerCheck for Answers {
    fn check(&self, candidate: Candidate<'_>) -> Result<(), String> {
        parse_answer(candidate.json, &candidate.payload.text())
            .map(|_| ())
            .map_err(|error| error.to_string())
    }

    fn doubt(&self, accepted: Accepted<'_>) -> Option<Doubt> {
        let rules = self.doubts?;
        let candidate = accepted.candidate;
        let checked = parse_answer(candidate.json, &candidate.payload.text()).ok()?;
        rules.doubt(&checked, || {
            self.contradicts_evidence(candidate.subject, &checked.analysis.ai)
        })
    }

    fn shrink(&self, oversized: Oversized<'_>) -> Option<Shrunk> {
        shrink(&self.store, &self.detector, oversized)
    }
}

/// Writes a question that was too long anew from the document, with half the room.
pub(crate) fn shrink(
    store: &Arc<dyn Store>,
    detector: &Detector,
    oversized: Oversized<'_>,
) -> Option<Shrunk> {
    let key: PrKey = oversized.subject.parse().ok()?;
    let stored = store.pull_request(&key).ok().flatten()?;
    let evidence = detector.evidence(&stored.pull_request);
    let before = analysis::tokens::count(&oversized.payload.text());
    let budget = ContextBudget::default().halved();
    let context = analysis::build_context(&stored.pull_request, &evidence, &budget);
    let saved = before
        .checked_sub(context.total_tokens)
        .filter(|saved| *saved > 0)?;
    Some(Shrunk {
        payload: batch::Payload::user(&context.text),
        prompt_tokens: oversized
            .prompt_tokens
            .checked_sub(u32::try_from(saved).ok()?)?,
    })
}
