//! The AI tools of the demo: what each is called, who it is on the host, and which marks it leaves.

/// A tool that makes changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Tool {
    Aider,
    ClaudeCode,
    Codex,
    /// The coding agent, which opens pull requests under its own account.
    CopilotAgent,
    /// The assistant in editor or terminal, which only adds a co-author.
    CopilotAssistant,
    Cursor,
    Devin,
    Jules,
    OpenCode,
    Windsurf,
}

/// A mark that a tool may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// The pull request is opened by the tool's account.
    Author,
    /// The head branch carries the tool's prefix.
    Branch,
    /// A line of the description says so.
    Body,
    /// A co-author trailer.
    CoAuthor,
    /// Another trailer, for instance a link to the session.
    Trailer,
    /// Commits are made under the tool's name, address or account.
    Commit,
}

impl Mark {
    /// The word for the place in a truth file.
    pub(super) fn place(self) -> &'static str {
        match self {
            Mark::Author => "author",
            Mark::Branch => "branch",
            Mark::Body => "body",
            Mark::CoAuthor | Mark::Trailer => "trailer",
            Mark::Commit => "commit_login",
        }
    }
}

/// An account or commit identity of a tool.
#[derive(Debug, Clone, Copy)]
pub(super) struct Identity {
    /// Login without the `[bot]` suffix.
    pub(super) login: &'static str,
    /// Whether the REST form of the login ends in `[bot]`.
    pub(super) suffixed: bool,
    /// Account id, where it is known.
    pub(super) id: Option<u64>,
    /// Name in commits.
    pub(super) name: &'static str,
    /// Address in commits.
    pub(super) email: &'static str,
}

impl Tool {
    /// The slug, as in verdicts.
    pub(super) fn slug(self) -> &'static str {
        match self {
            Tool::Aider => "aider",
            Tool::ClaudeCode => "claude_code",
            Tool::Codex => "codex",
            Tool::CopilotAgent | Tool::CopilotAssistant => "copilot",
            Tool::Cursor => "cursor",
            Tool::Devin => "devin",
            Tool::Jules => "jules",
            Tool::OpenCode => "opencode",
            Tool::Windsurf => "windsurf",
        }
    }

    /// The name in truth files.
    pub(super) fn agent(self) -> &'static str {
        match self {
            Tool::Aider => "Aider",
            Tool::ClaudeCode => "Claude_Code",
            Tool::Codex => "OpenAI_Codex",
            Tool::CopilotAgent | Tool::CopilotAssistant => "Copilot",
            Tool::Cursor => "Cursor",
            Tool::Devin => "Devin",
            Tool::Jules => "Jules",
            Tool::OpenCode => "OpenCode",
            Tool::Windsurf => "Windsurf",
        }
    }

    /// What people call it in a sentence.
    pub(super) fn spoken_name(self) -> &'static str {
        match self {
            Tool::Aider => "Aider",
            Tool::ClaudeCode => "Claude Code",
            Tool::Codex => "Codex",
            Tool::CopilotAgent | Tool::CopilotAssistant => "Copilot",
            Tool::Cursor => "Cursor",
            Tool::Devin => "Devin",
            Tool::Jules => "Jules",
            Tool::OpenCode => "OpenCode",
            Tool::Windsurf => "Windsurf",
        }
    }

    /// Whether the tool opens pull requests under its own account.
    pub(super) fn opens_pull_requests(self) -> bool {
        matches!(self, Tool::CopilotAgent | Tool::Devin | Tool::Jules)
    }

    /// The marks it may leave, each with its probability. The first is left when chance picks none.
    pub(super) fn marks(self) -> &'static [(Mark, f64)] {
        match self {
            Tool::Aider => &[
                (Mark::Commit, 0.75),
                (Mark::CoAuthor, 0.5),
                (Mark::Branch, 0.2),
            ],
            Tool::ClaudeCode => &[
                (Mark::CoAuthor, 0.85),
                (Mark::Body, 0.65),
                (Mark::Branch, 0.3),
                (Mark::Trailer, 0.15),
            ],
            Tool::Codex => &[
                (Mark::Branch, 0.8),
                (Mark::Body, 0.5),
                (Mark::CoAuthor, 0.35),
            ],
            Tool::CopilotAgent => &[
                (Mark::Author, 1.0),
                (Mark::Branch, 1.0),
                (Mark::Commit, 1.0),
                (Mark::Body, 0.8),
                (Mark::Trailer, 0.4),
            ],
            Tool::Cursor => &[
                (Mark::CoAuthor, 0.55),
                (Mark::Branch, 0.5),
                (Mark::Commit, 0.5),
                (Mark::Trailer, 0.25),
                (Mark::Body, 0.1),
            ],
            Tool::Devin => &[(Mark::Author, 1.0), (Mark::Commit, 1.0), (Mark::Body, 0.95)],
            Tool::Jules => &[
                (Mark::Author, 1.0),
                (Mark::Commit, 1.0),
                (Mark::Branch, 1.0),
                (Mark::Body, 0.95),
            ],
            Tool::OpenCode => &[(Mark::CoAuthor, 0.8), (Mark::Body, 0.6)],
            Tool::CopilotAssistant | Tool::Windsurf => &[(Mark::CoAuthor, 1.0)],
        }
    }

    /// The account under which the tool opens pull requests or commits, if it has one.
    pub(super) fn identity(self) -> Option<Identity> {
        match self {
            Tool::CopilotAgent => Some(Identity {
                login: "Copilot",
                suffixed: false,
                id: Some(198_982_749),
                name: "copilot-swe-agent[bot]",
                email: "198982749+Copilot@users.noreply.github.com",
            }),
            Tool::Cursor => Some(Identity {
                login: "cursoragent",
                suffixed: false,
                id: None,
                name: "Cursor Agent",
                email: "cursoragent@cursor.com",
            }),
            Tool::Devin => Some(Identity {
                login: "devin-ai-integration",
                suffixed: true,
                id: Some(158_243_242),
                name: "Devin AI",
                email: "158243242+devin-ai-integration[bot]@users.noreply.github.com",
            }),
            Tool::Jules => Some(Identity {
                login: "google-labs-jules",
                suffixed: true,
                id: Some(161_369_871),
                name: "google-labs-jules[bot]",
                email: "161369871+google-labs-jules[bot]@users.noreply.github.com",
            }),
            _ => None,
        }
    }
}

/// A tool that reviews.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reviewer {
    CodeRabbit,
    CodexReview,
    CopilotReview,
    Cubic,
    GeminiCodeAssist,
    Greptile,
}

impl Reviewer {
    /// The slug, as in verdicts and truth files.
    pub(super) fn slug(self) -> &'static str {
        match self {
            Reviewer::CodeRabbit => "coderabbit",
            Reviewer::CodexReview => "codex_review",
            Reviewer::CopilotReview => "copilot_review",
            Reviewer::Cubic => "cubic",
            Reviewer::GeminiCodeAssist => "gemini_code_assist",
            Reviewer::Greptile => "greptile",
        }
    }

    /// The account: login without suffix, and id.
    pub(super) fn account(self) -> (&'static str, u64) {
        match self {
            Reviewer::CodeRabbit => ("coderabbitai", 136_622_811),
            Reviewer::CodexReview => ("chatgpt-codex-connector", 199_175_422),
            Reviewer::CopilotReview => ("copilot-pull-request-reviewer", 175_728_472),
            Reviewer::Cubic => ("cubic-dev-ai", 191_113_872),
            Reviewer::GeminiCodeAssist => ("gemini-code-assist", 176_961_590),
            Reviewer::Greptile => ("greptile-apps", 165_735_046),
        }
    }

    /// The heading it writes over its summary in a description, if it does.
    pub(super) fn summary_heading(self) -> Option<&'static str> {
        match self {
            Reviewer::CodeRabbit => Some("## Summary by CodeRabbit"),
            Reviewer::Cubic => Some("## Summary by cubic"),
            _ => None,
        }
    }
}

/// How a repository's records name bots: as REST does, or as GraphQL does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoginForm {
    /// `coderabbitai[bot]`, with numeric ids.
    Rest,
    /// `coderabbitai`, without ids.
    GraphQl,
}

impl LoginForm {
    /// The login of a GitHub App in this form.
    pub(super) fn app_login(self, login: &str) -> String {
        match self {
            LoginForm::Rest => format!("{login}[bot]"),
            LoginForm::GraphQl => login.to_owned(),
        }
    }

    /// The numeric id, where this form carries it.
    pub(super) fn id(self, id: Option<u64>) -> Option<u64> {
        match self {
            LoginForm::Rest => id,
            LoginForm::GraphQl => None,
        }
    }
}
