//! The APIs that the emulator speaks.

/// Whose API a call or a batch belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Groq's files, batches and chat completions, which are OpenAI's in shape.
    Groq,
    /// Anthropic's message batches and messages.
    Anthropic,
    /// Mistral's files, batch jobs and chat completions.
    Mistral,
}

impl Dialect {
    /// Says whether a document that cannot be written is an error of the provider; elsewhere it is
    /// an answer that is cut or wrong.
    pub(crate) fn reports_failed_json(self) -> bool {
        self == Self::Groq
    }
}
