//! From a pull request to a request of the cascade.

use analysis::{
    Context, ContextBudget, PROMPT_VERSION, SCHEMA_NAME, SCHEMA_VERSION, answer_schema,
    answer_schema_text, build_context, system_prompt, tokens,
};
use batch::{AnswerSchema, NewRequest, Payload, Task};
use detect::Detector;
use model::PrKey;
use store::{StoredPullRequest, Versions};

/// The task under which pull requests are claimed in the ledger.
pub(crate) const TASK: &str = "pull_request_analysis";

/// Completion tokens of a usual answer, hidden reasoning included: what the specification's own
/// runs came to.
const USUAL_OUTPUT_TOKENS: u32 = 840;

/// What an analysis must have been made with to be current, beside the content.
pub(crate) fn current_versions() -> Versions {
    Versions {
        prompt: PROMPT_VERSION.to_string(),
        schema: SCHEMA_VERSION.to_string(),
    }
}

/// What every request has in common.
pub(crate) fn task() -> Task {
    let versions = current_versions();
    Task {
        name: TASK.to_owned(),
        system: system_prompt().to_owned(),
        schema: AnswerSchema {
            name: SCHEMA_NAME.to_owned(),
            schema: answer_schema(),
        },
        prompt_version: versions.prompt,
        schema_version: versions.schema,
        expected_output_tokens: USUAL_OUTPUT_TOKENS,
    }
}

/// Writes questions about pull requests.
pub(crate) struct Questions<'a> {
    detector: &'a Detector,
    budget: ContextBudget,
    /// Tokens that every request has.
    system_tokens: u64,
    schema_tokens: u64,
}

impl<'a> Questions<'a> {
    /// Questions with the default budget, evidence by `detector`.
    pub(crate) fn new(detector: &'a Detector) -> Self {
        Questions {
            detector,
            budget: ContextBudget::default(),
            system_tokens: tokens::count(system_prompt()),
            schema_tokens: tokens::count(answer_schema_text()),
        }
    }

    /// Tokens of the system prompt.
    pub(crate) fn system_tokens(&self) -> u64 {
        self.system_tokens
    }

    /// Tokens of the answer schema.
    pub(crate) fn schema_tokens(&self) -> u64 {
        self.schema_tokens
    }

    /// The question about one pull request, and what it was made of.
    pub(crate) fn ask(&self, stored: &StoredPullRequest) -> (NewRequest, Context) {
        let evidence = self.detector.evidence(&stored.pull_request);
        let context = build_context(&stored.pull_request, &evidence, &self.budget);
        let key = stored.pull_request.key();
        let prompt_tokens = self.system_tokens + self.schema_tokens + context.total_tokens;
        let request = NewRequest {
            custom_id: custom_id(&key, &stored.content_hash),
            subject: key.to_string(),
            group: stored.team.clone(),
            content_hash: stored.content_hash.clone(),
            payload: Payload::user(&context.text),
            prompt_tokens: u32::try_from(prompt_tokens).unwrap_or(u32::MAX),
        };
        (request, context)
    }
}

/// An id that is legal everywhere, says nothing of the pull request to the provider, and is the same
/// for the same question.
fn custom_id(key: &PrKey, content_hash: &str) -> String {
    let text = format!("{key}\n{content_hash}\n{PROMPT_VERSION}\n{SCHEMA_VERSION}");
    let hash = blake3::hash(text.as_bytes()).to_hex();
    format!("pr-{}", &hash[..32])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_legal_stable_and_tell_questions_apart() {
        let key = PrKey {
            repo: "a/b".to_owned(),
            number: 7,
        };
        let id = custom_id(&key, "hash");
        assert!(batch::is_legal_custom_id(&id), "{id}");
        assert_eq!(id, custom_id(&key, "hash"));
        assert_ne!(id, custom_id(&key, "other"));
        assert!(!id.contains("a/b"));
    }
}
