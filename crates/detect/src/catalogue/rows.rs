//! The shapes of the catalogue's tables, as they stand in TOML.
//!
//! Unknown keys are refused everywhere: a misspelt key must not silently weaken a signature.

use jiff::civil::Date;
use model::{Confidence, Role};
use serde::{Deserialize, Serialize};

/// What a product mainly is. Decides nothing about a verdict, only how tables group it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolKind {
    /// Writes changes.
    Agent,
    /// Reviews, comments or summarises.
    Reviewer,
    /// Records the sessions of other tools.
    Recorder,
}

/// One product. Signatures name it by its slug.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Lower-case slug, the name used in every output.
    pub slug: String,
    /// Name for people.
    pub name: String,
    /// What it mainly is.
    pub kind: ToolKind,
    /// Other names under which models, people and label files speak of it.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Slug of the vendor's review product, where that is a tool of its own.
    #[serde(default)]
    pub reviews_as: Option<String>,
}

/// What an account does, wherever it appears.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountRow {
    pub(crate) id: String,
    /// The tool when the account opens pull requests; absent for pure reviewers.
    pub(crate) author_tool: Option<String>,
    /// The tool when it is author, committer or co-author of a commit; `author_tool` by default.
    pub(crate) commit_tool: Option<String>,
    /// What being a commit's author means: an agent's own work, or help given to a person.
    #[serde(default = "authored")]
    pub(crate) commit_role: Role,
    /// The tool when it reviews or comments on another's pull request.
    pub(crate) review_tool: Option<String>,
    /// Logins as the REST API writes them, `[bot]` included.
    #[serde(default)]
    pub(crate) logins: Vec<String>,
    /// Numeric ids of the host.
    #[serde(default)]
    pub(crate) github_ids: Vec<u64>,
    /// Whether the login without `[bot]` identifies it.
    #[serde(default)]
    pub(crate) bare_login: BareLogin,
    /// Which of its comments are the author's own.
    #[serde(default)]
    pub(crate) own_comments: OwnComments,
    /// Whether being co-author of a commit also shows that it reviewed (accepted suggestions).
    #[serde(default)]
    pub(crate) co_author_is: CoAuthorMeaning,
    #[serde(default = "high")]
    pub(crate) confidence: Confidence,
    /// Confidence of its reviews where it differs.
    pub(crate) review_confidence: Option<Confidence>,
    pub(crate) dates: Option<Dates>,
    pub(crate) source: String,
    pub(crate) examples: Vec<String>,
    #[serde(default)]
    pub(crate) counter_examples: Vec<String>,
}

/// What a login without the `[bot]` suffix is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BareLogin {
    /// The name is the tool's own: the form GraphQL gives is enough.
    #[default]
    Identifies,
    /// A person could bear it: only with the host's word that it is a bot.
    NeedsBot,
}

/// Which comments of an account are the author's own rather than a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OwnComments {
    /// Those on changes which this account opened.
    #[default]
    OfAccount,
    /// Also those on changes that show any other evidence of its authoring tool.
    OfTool,
}

/// What a `Co-authored-by` of an account shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CoAuthorMeaning {
    /// Help with the change.
    #[default]
    Help,
    /// A suggestion taken from its review: help and review.
    Suggestion,
}

/// Plain automation: its pull requests leave numerator and denominator.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlainBotRow {
    pub(crate) id: String,
    pub(crate) logins: Vec<String>,
    #[serde(default)]
    pub(crate) github_ids: Vec<u64>,
    #[serde(default)]
    pub(crate) bare_login: BareLogin,
    pub(crate) source: String,
    pub(crate) examples: Vec<String>,
    #[serde(default)]
    pub(crate) counter_examples: Vec<String>,
}

/// Exact addresses with which a tool signs commits and trailers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddressRow {
    pub(crate) id: String,
    pub(crate) tool: String,
    /// Whole addresses; never a domain.
    pub(crate) addresses: Vec<String>,
    /// First words of the names that usually stand before it; empty when any name will do.
    #[serde(default)]
    pub(crate) names: Vec<String>,
    /// Confidence under another name than `names`.
    pub(crate) other_name: Option<Confidence>,
    pub(crate) confidence: Confidence,
    pub(crate) dates: Option<Dates>,
    pub(crate) source: String,
    pub(crate) examples: Vec<String>,
    #[serde(default)]
    pub(crate) counter_examples: Vec<String>,
}

/// Names with which a tool signs commits and trailers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NameRow {
    pub(crate) id: String,
    pub(crate) tool: String,
    pub(crate) names: Vec<String>,
    /// How a name must agree.
    pub(crate) matches: NameMatch,
    /// Which address must stand beside it.
    pub(crate) address: NameAddress,
    pub(crate) confidence: Confidence,
    pub(crate) source: String,
    pub(crate) examples: Vec<String>,
    #[serde(default)]
    pub(crate) counter_examples: Vec<String>,
}

/// How a signing name must agree with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NameMatch {
    /// The whole name.
    Whole,
    /// The first words of the name.
    FirstWords,
    /// The end of the name.
    Suffix,
}

/// Which address must stand beside a signing name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NameAddress {
    /// Any, or none: the name is unambiguous.
    Any,
    /// An address that some tool is known to sign with: the name then beats the address.
    OfSomeTool,
}

/// A text pattern.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TextRow {
    pub(crate) id: String,
    pub(crate) tool: String,
    pub(crate) role: Role,
    /// Where to look.
    pub(crate) places: Vec<Place>,
    /// A regular expression: case-insensitive, multi-line, CRLF-aware, Unicode.
    pub(crate) pattern: String,
    /// Overrides the derived literal of the prefilter.
    pub(crate) anchor: Option<String>,
    #[serde(default)]
    pub(crate) case: Case,
    /// In which parts of a text a match counts. Code and unticked boxes never count.
    #[serde(default = "prose_only")]
    pub(crate) within: Vec<Part>,
    /// Repositories of the tool itself, where the words mean the product.
    #[serde(default)]
    pub(crate) not_in_repos: Vec<String>,
    pub(crate) confidence: Confidence,
    pub(crate) dates: Option<Dates>,
    pub(crate) source: String,
    pub(crate) examples: Vec<String>,
    pub(crate) counter_examples: Vec<String>,
}

/// A place a text pattern can look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    /// The head branch's name.
    Branch,
    /// The title.
    Title,
    /// The description.
    Body,
    /// A label.
    Label,
    /// A commit message without its subject line.
    Commit,
    /// The subject line of a commit message.
    Subject,
    /// The text of a review or comment.
    Comment,
    /// The name of a timeline event.
    Event,
}

/// Whether letter case matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Case {
    /// It does not.
    #[default]
    Ignored,
    /// It does.
    Exact,
}

/// A part of a Markdown text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Part {
    /// What the writer says.
    Prose,
    /// A block quotation.
    Quote,
    /// An HTML comment: template text, or a tool's marker.
    Comment,
}

/// A trailer whose value names who helped.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreditRow {
    pub(crate) id: String,
    /// The trailer's key, for instance `Co-authored-by`.
    pub(crate) key: String,
    /// How the value is read.
    pub(crate) reads: CreditValue,
    /// The tool when the value names a model but no tool of the catalogue.
    pub(crate) unnamed_tool: String,
    /// Confidence of a value that is no known identity.
    pub(crate) confidence: Confidence,
    /// Names that people bear too: never enough alone.
    #[serde(default)]
    pub(crate) given_names: Vec<String>,
    /// First words of model names.
    #[serde(default)]
    pub(crate) models: Vec<String>,
    pub(crate) source: String,
    pub(crate) examples: Vec<String>,
    pub(crate) counter_examples: Vec<String>,
}

/// How the value of a credit trailer is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CreditValue {
    /// `Name <address>`.
    Person,
    /// `Name <address>`, `AGENT:MODEL`, or the name of a product.
    ToolOrModel,
}

/// Words that name a tool in prose: no evidence, but worth a model's reading.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MentionRow {
    pub(crate) id: String,
    /// The tool named; absent for AI in general.
    pub(crate) tool: Option<String>,
    pub(crate) pattern: String,
    pub(crate) anchor: Option<String>,
    pub(crate) examples: Vec<String>,
    pub(crate) counter_examples: Vec<String>,
}

/// When a signature means what it says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dates {
    /// First day (UTC) on which it can be meant.
    pub(crate) valid_from: Option<Date>,
    /// Last day (UTC) on which it can be meant.
    pub(crate) valid_until: Option<Date>,
    /// What a hit outside those days becomes.
    #[serde(default)]
    pub(crate) outside: Doubt,
    /// First day (UTC) of a span in which it was written without meaning.
    pub(crate) doubt_from: Option<Date>,
    /// Last day (UTC) of that span.
    pub(crate) doubt_until: Option<Date>,
    /// What a hit within the span becomes, unless other evidence of the same tool supports it.
    #[serde(default)]
    pub(crate) inside: Doubt,
}

/// What a doubtful hit becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Doubt {
    /// Nothing.
    #[default]
    Ignored,
    /// Evidence of low confidence.
    Low,
    /// Evidence of medium confidence.
    Medium,
}

/// A whole file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CatalogueFile {
    /// Ids of earlier rows to leave out.
    #[serde(default)]
    pub(crate) disable: Vec<String>,
    #[serde(default, rename = "tool")]
    pub(crate) tools: Vec<Tool>,
    #[serde(default, rename = "account")]
    pub(crate) accounts: Vec<AccountRow>,
    #[serde(default, rename = "plain_bot")]
    pub(crate) plain_bots: Vec<PlainBotRow>,
    #[serde(default, rename = "address")]
    pub(crate) addresses: Vec<AddressRow>,
    #[serde(default, rename = "name")]
    pub(crate) names: Vec<NameRow>,
    #[serde(default, rename = "text")]
    pub(crate) texts: Vec<TextRow>,
    #[serde(default, rename = "credit")]
    pub(crate) credits: Vec<CreditRow>,
    #[serde(default, rename = "mention")]
    pub(crate) mentions: Vec<MentionRow>,
}

fn authored() -> Role {
    Role::Authored
}

fn high() -> Confidence {
    Confidence::High
}

fn prose_only() -> Vec<Part> {
    vec![Part::Prose]
}
