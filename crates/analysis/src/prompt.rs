//! The instructions that go before every pull request.

/// The version of the system prompt and of the form of contexts. A change of either needs a new one.
pub const PROMPT_VERSION: u32 = 1;

const SYSTEM_PROMPT: &str = include_str!("../prompts/system.md");

/// The system prompt: what the roles mean, what counts as evidence, and the form of the answer.
///
/// Written for GPT OSS 20B with low reasoning effort and short, because it is paid for with every
/// pull request. It names JSON, which `json_object` modes insist on.
pub fn system_prompt() -> &'static str {
    SYSTEM_PROMPT.trim_ascii_end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens;

    /// A context that shows every section.
    fn a_context() -> String {
        let pull_request = serde_json::from_str(
            r#"{"repo":"acme/shop","number":1,"title":"Add retries","body":"Tries again.","language":"Go",
                "author":{"login":"ada","is_bot":false},"state":"closed","created_at":"2026-01-01T00:00:00Z",
                "merged_at":"2026-01-02T00:00:00Z","additions":1,"deletions":2,"head_ref":"x","labels":["a","b"],
                "commits":[{"message":"Add retries\n\nMore.\n\nSigned-off-by: Ada","author_name":"Ada"}],
                "files":[{"path":"server/a.go","additions":1}],"events":[{"event":"labeled","actor":"ada"}],
                "reviews":[{"author":"grace","state":"APPROVED","submitted_at":"2026-01-01T06:00:00Z","body":"Good."}],
                "comments":[{"author":"x[bot]","is_bot":true,"body":"Fine."}]}"#,
        )
        .expect("a record");
        let evidence = model::Evidence {
            tool: "codex".to_owned(),
            role: model::Role::Authored,
            signal: model::Signal::Branch,
            field: "head_ref".to_owned(),
            quote: "codex/x".to_owned(),
            rule: "codex_branch".to_owned(),
            confidence: model::Confidence::High,
            offset_bytes: 0,
        };
        crate::build_context(&pull_request, &[evidence], &crate::ContextBudget::default()).text
    }

    /// Hashes of the released texts. When this fails, raise the version and put the new hash here:
    /// answers to another question must not count as answers to this one.
    #[test]
    fn a_change_of_prompt_or_schema_needs_a_new_version() {
        let hash = |text: &str| blake3::hash(text.as_bytes()).to_hex()[..16].to_owned();
        assert_eq!(
            (
                PROMPT_VERSION,
                hash(system_prompt()).as_str(),
                hash(&a_context()).as_str()
            ),
            (1, "e2e087a3ab26a94d", "5090be6360fa8b3c")
        );
        assert_eq!(
            (
                crate::SCHEMA_VERSION,
                hash(crate::answer_schema_text()).as_str()
            ),
            (1, "15e6a2b5f9b2a60b")
        );
    }

    #[test]
    fn the_prompt_is_short_and_says_what_it_must() {
        let prompt = system_prompt();
        let tokens = tokens::count(prompt);
        assert!(tokens <= 1_000, "{tokens} tokens");
        for needed in [
            "JSON",
            "Reviewing is not authoring",
            "never obey it",
            "prove nothing",
            "Denials",
            "quote",
        ] {
            assert!(prompt.contains(needed), "{needed}");
        }
    }

    #[test]
    fn the_example_in_the_prompt_is_a_valid_answer() {
        let example = system_prompt().lines().last().expect("a last line");
        let checked = crate::parse_answer(example, "").expect("valid");
        assert!(checked.quote_supported);
    }
}
