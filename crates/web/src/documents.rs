//! The documents that verbs print with `--json` and that the API answers with: one shape for both.

use std::borrow::Cow;

use insights::adoption::{Adoption, NamedGroup, ToolChange, ToolMonth, ToolShare};
use insights::effects::{Comparison, Exposure};
use jiff::Timestamp;
use model::{Confidence, Origin, Role, Signal, Verdict};
use names::Names;
use schemars::JsonSchema;
use serde::Serialize;
use store::{Coverage, EvidenceCount, VerdictRecord};

/// Adoption by a clock: `adoption --json`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AdoptionDocument")]
pub struct AdoptionDocument<'a> {
    /// The version of this shape.
    pub version: u32,
    /// Which moment puts a pull request into a month: `created_at` or `merged_at`.
    pub clock: &'static str,
    /// The numbers.
    #[serde(flatten)]
    pub adoption: &'a Adoption,
}

/// Comparisons by one use of AI: `effects --json`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "EffectsDocument")]
pub struct EffectsDocument<'a> {
    /// The version of this shape.
    pub version: u32,
    /// Which use of AI is compared.
    pub exposure: Exposure,
    /// Which calendar the clocks go by, where it is not all time.
    pub calendar: Option<String>,
    /// By metric: all together first, then the teams.
    pub comparisons: Vec<&'a Comparison>,
}

/// Coverage, and the versions it holds for: `coverage --json`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CoverageDocument")]
pub struct CoverageDocument {
    /// The version of this shape.
    pub version: u32,
    /// The counts and shares.
    #[serde(flatten)]
    pub coverage: Coverage,
    /// Pieces of evidence by kind, role and confidence.
    pub evidence: Vec<EvidenceCount>,
    /// The version of the prompt that counts as current.
    pub prompt_version: String,
    /// The version of the answer's schema that counts as current.
    pub schema_version: String,
}

/// What has to be said beside figures from corrections.
pub const CORRECTIONS_CAUTION: &str = "corrections are made where errors are seen, so these rates are worse than those of all verdicts; only a random sample tells those";

/// The teams of a scope.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "TeamsDocument")]
pub struct TeamsDocument<'a> {
    /// The version of this shape.
    pub version: u32,
    /// In order of name.
    pub teams: &'a [NamedGroup],
}

/// The tools of a scope, by month of opening.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ToolsDocument")]
pub struct ToolsDocument<'a> {
    /// The version of this shape.
    pub version: u32,
    /// Tools that wrote or helped to write, most frequent first.
    pub author_tools: &'a [ToolShare],
    /// Tools that reviewed, most frequent first.
    pub review_tools: &'a [ToolShare],
    /// By tool and month.
    pub tool_months: &'a [ToolMonth],
    /// Tools that a team took up or gave up, oldest first.
    pub tool_changes: &'a [ToolChange],
}

/// What is said of one pull request: a line of `verdicts --json`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "VerdictDocument")]
pub struct VerdictDocument<'a> {
    /// The repository, `owner/name`.
    pub repo: &'a str,
    /// The number within the repository.
    pub number: u64,
    /// The team of the repository.
    pub team: &'a str,
    /// Where the change came from, as far as the evidence reaches.
    pub origin: Origin,
    /// True for agent or assisted, false for none detected, null for unknown.
    pub ai_authored: Option<bool>,
    /// Whether an AI tool reviewed, commented or summarised.
    pub ai_reviewed: bool,
    /// Slugs of the tools behind the origin, sorted.
    pub author_tools: &'a [String],
    /// Slugs of the tools that reviewed, sorted.
    pub review_tools: &'a [String],
    /// Opened by plain automation: in no share.
    pub plain_bot: bool,
    /// Confidence in the origin, 0 to 1.
    pub confidence: f64,
    /// The hits behind it, in reading order.
    pub evidence: Vec<EvidenceDocument<'a>>,
    /// Where evidence and model disagree, or why a claim was set aside.
    #[serde(default, skip_serializing_if = "<[String]>::is_empty")]
    pub notes: Cow<'a, [String]>,
    /// Whether the pull request is still the one the verdict was drawn from.
    pub content_is_current: bool,
    /// By which correction it holds; absent where it is the automatic one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrected: Option<CorrectedDocument<'a>>,
}

/// By which correction a verdict holds, and what holds without it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CorrectedDocument")]
pub struct CorrectedDocument<'a> {
    /// Who decided; null where names of people are not shown.
    pub by: Option<&'a str>,
    /// When.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// Why.
    pub note: Cow<'a, str>,
    /// What signatures and models say.
    pub automatic: Said<'a>,
}

/// What a verdict says, without its evidence.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Said")]
pub struct Said<'a> {
    /// Where the change came from.
    pub origin: Origin,
    /// True for agent or assisted, false for none detected, null for unknown.
    pub ai_authored: Option<bool>,
    /// Whether an AI tool reviewed.
    pub ai_reviewed: bool,
    /// Slugs of the tools behind the origin.
    pub author_tools: &'a [String],
    /// Slugs of the tools that reviewed.
    pub review_tools: &'a [String],
}

impl<'a> Said<'a> {
    /// What this verdict says.
    pub fn by(verdict: &'a Verdict) -> Self {
        Said {
            origin: verdict.origin,
            ai_authored: verdict.ai_authored,
            ai_reviewed: verdict.ai_reviewed,
            author_tools: &verdict.author_tools,
            review_tools: &verdict.review_tools,
        }
    }
}

/// One piece of evidence.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "EvidenceDocument")]
pub struct EvidenceDocument<'a> {
    /// The tool's slug.
    pub tool: &'a str,
    /// What it did.
    pub role: Role,
    /// The kind of place.
    pub signal: Signal,
    /// The place, for instance `commits[2].message`.
    pub field: &'a str,
    /// The text that matched.
    pub quote: Cow<'a, str>,
    /// The signature's id.
    pub rule: &'a str,
    /// How sure the signature is.
    pub confidence: Confidence,
}

impl VerdictDocument<'_> {
    /// The same without the name of the person who corrected it, and with the people in its texts hidden;
    /// as it is where they are shown.
    pub(crate) fn without_people(mut self, names: &Names) -> Self {
        if names.are_shown() {
            return self;
        }
        if let Some(corrected) = &mut self.corrected {
            corrected.by = None;
            corrected.note = Cow::Owned(names.without_people(&corrected.note));
        }
        for hit in &mut self.evidence {
            hit.quote = Cow::Owned(names.without_people(&hit.quote));
        }
        for note in self.notes.to_mut() {
            *note = names.without_people(note);
        }
        self
    }
}

impl<'a> From<&'a VerdictRecord> for VerdictDocument<'a> {
    fn from(record: &'a VerdictRecord) -> Self {
        let Verdict {
            origin,
            ai_authored,
            ai_reviewed,
            author_tools,
            review_tools,
            plain_bot,
            confidence,
            evidence,
            notes,
        } = &record.verdict;
        VerdictDocument {
            repo: &record.key.repo,
            number: record.key.number,
            team: &record.team,
            origin: *origin,
            ai_authored: *ai_authored,
            ai_reviewed: *ai_reviewed,
            author_tools,
            review_tools,
            plain_bot: *plain_bot,
            confidence: *confidence,
            evidence: evidence
                .iter()
                .map(|hit| EvidenceDocument {
                    tool: &hit.tool,
                    role: hit.role,
                    signal: hit.signal,
                    field: &hit.field,
                    quote: Cow::Borrowed(&hit.quote),
                    rule: &hit.rule,
                    confidence: hit.confidence,
                })
                .collect(),
            notes: Cow::Borrowed(notes),
            content_is_current: record.content_is_current,
            corrected: record
                .corrected
                .as_ref()
                .map(|corrected| CorrectedDocument {
                    by: Some(&corrected.record.by),
                    at: corrected.record.at,
                    note: Cow::Borrowed(&corrected.record.note),
                    automatic: Said::by(&corrected.automatic),
                }),
        }
    }
}
