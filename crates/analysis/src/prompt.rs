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

    /// Hashes of the released texts. When this fails, raise the version and put the new hash here:
    /// answers to another question must not count as answers to this one.
    #[test]
    fn a_change_of_prompt_or_schema_needs_a_new_version() {
        let hash = |text: &str| blake3::hash(text.as_bytes()).to_hex()[..16].to_owned();
        assert_eq!(
            (PROMPT_VERSION, hash(system_prompt()).as_str()),
            (1, "PROMPT_HASH")
        );
        assert_eq!(
            (
                crate::SCHEMA_VERSION,
                hash(crate::answer_schema_text()).as_str()
            ),
            (1, "SCHEMA_HASH")
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
