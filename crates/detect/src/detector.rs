//! The detector: a catalogue, compiled.

use std::collections::HashSet;

use model::{Confidence, Evidence, PullRequest, Role, Verdict};

use crate::catalogue::rows::{
    AccountRow, Case, CoAuthorMeaning, CreditRow, CreditValue, Dates, OwnComments, Part, Place,
    TextRow,
};
use crate::catalogue::{Catalogue, CatalogueError, ToolKind, ToolNames};
use crate::collect::{Collector, Search};
use crate::identity::{AccountClaim, AccountIndex, SignerIndex};
use crate::join::{QuoteSupport, joined};
use crate::mentions::{Mention, Mentions};
use crate::text::engine::{Engine, IgnoreCase, PatternSpec, TextKind};
use crate::verdict::verdict_of;

/// A compiled catalogue. Build it once and share it: it is `Send + Sync` and keeps no state
/// between pull requests.
#[derive(Debug)]
pub struct Detector {
    pub(crate) engine: Engine,
    /// The first patterns of the engine.
    pub(crate) texts: Vec<TextRule>,
    /// The patterns that follow them.
    pub(crate) credits: Vec<CreditRow>,
    pub(crate) accounts: Vec<AccountRule>,
    pub(crate) account_index: AccountIndex,
    pub(crate) signer_index: SignerIndex,
    pub(crate) addresses: Vec<SignerRule>,
    pub(crate) names: Vec<SignerRule>,
    pub(crate) tool_names: ToolNames,
    /// Slugs of review products.
    reviewers: HashSet<String>,
    mentions: Mentions,
    version: String,
}

impl Detector {
    /// Compiles a catalogue; an error names the file and the row that cannot be used.
    pub fn new(catalogue: &Catalogue) -> Result<Self, CatalogueError> {
        let credit_patterns: Vec<String> = (catalogue.credits.iter())
            .map(|sourced| {
                let key = regex::escape(sourced.row.key.trim());
                format!(r"^[ \t]*{key}[ \t]*:")
            })
            .collect();
        let text_specs = catalogue.texts.iter().map(|sourced| PatternSpec {
            file: &sourced.file,
            id: &sourced.row.id,
            pattern: &sourced.row.pattern,
            anchor: sourced.row.anchor.as_deref(),
            ignore_case: match sourced.row.case {
                Case::Ignored => IgnoreCase::Yes,
                Case::Exact => IgnoreCase::No,
            },
            reads: (sourced.row.places.iter())
                .map(|place| kind_of(*place))
                .collect(),
        });
        let credit_specs =
            (catalogue.credits.iter())
                .zip(&credit_patterns)
                .map(|(sourced, pattern)| PatternSpec {
                    file: &sourced.file,
                    id: &sourced.row.id,
                    pattern,
                    anchor: None,
                    ignore_case: IgnoreCase::Yes,
                    reads: vec![TextKind::Prose],
                });
        let specs: Vec<PatternSpec<'_>> = text_specs.chain(credit_specs).collect();
        let signer = |id: &str, tool: &str, confidence, dates: Option<&Dates>| SignerRule {
            id: id.to_owned(),
            tool: tool.to_owned(),
            confidence,
            dates: dates.cloned(),
        };
        Ok(Detector {
            engine: Engine::compile(&specs)?,
            texts: (catalogue.texts.iter())
                .map(|sourced| TextRule::new(&sourced.row))
                .collect(),
            credits: (catalogue.credits.iter())
                .map(|sourced| sourced.row.clone())
                .collect(),
            accounts: (catalogue.accounts.iter())
                .map(|sourced| AccountRule::new(&sourced.row))
                .collect(),
            account_index: AccountIndex::new(catalogue),
            signer_index: SignerIndex::new(catalogue),
            addresses: (catalogue.addresses.iter())
                .map(|sourced| {
                    let row = &sourced.row;
                    signer(&row.id, &row.tool, row.confidence, row.dates.as_ref())
                })
                .collect(),
            names: (catalogue.names.iter())
                .map(|sourced| {
                    let row = &sourced.row;
                    signer(&row.id, &row.tool, row.confidence, None)
                })
                .collect(),
            tool_names: ToolNames::new(catalogue),
            reviewers: (catalogue.tools())
                .filter(|tool| tool.kind == ToolKind::Reviewer)
                .map(|tool| tool.slug.clone())
                .collect(),
            mentions: Mentions::compile(catalogue)?,
            version: catalogue.version().to_owned(),
        })
    }

    /// The version of the catalogue behind it, to be stored beside each verdict.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Every hit, in reading order: author, branch, title, body, labels, commits, events, reviews,
    /// comments. A signature that hits several times in one kind of place with one role is listed
    /// once, at its first or most certain hit, so that the list is bounded by the catalogue.
    pub fn evidence(&self, pull_request: &PullRequest) -> Vec<Evidence> {
        Collector::new(self, Search::Prefiltered)
            .run(pull_request)
            .evidence
    }

    /// What the signatures say of a pull request.
    pub fn verdict(&self, pull_request: &PullRequest) -> Verdict {
        let findings = Collector::new(self, Search::Prefiltered).run(pull_request);
        verdict_of(pull_request, findings, |tool| self.reviewers.contains(tool))
    }

    /// Whether the catalogue knows an account as plain automation or as a tool's. A known number
    /// decides alone; `is_bot` is the host's flag.
    pub fn is_automation(
        &self,
        id: Option<u64>,
        login: Option<&str>,
        is_bot: Option<bool>,
    ) -> bool {
        let claim = AccountClaim { id, login, is_bot };
        self.account_index.find(claim).is_some()
    }

    /// Where prose names a tool or AI in general. No evidence; but a pull request that the
    /// signatures leave undecided is then worth a model's reading. Each kind of mention is listed
    /// once, at its first place.
    pub fn mentions(&self, pull_request: &PullRequest) -> Vec<Mention> {
        self.mentions.of(pull_request, &self.account_index)
    }

    /// Joins a verdict and a model's claim by the table of [`crate::join()`], with this catalogue's
    /// names of tools.
    pub fn join(&self, verdict: Verdict, claim: &model::AiClaim, quote: QuoteSupport) -> Verdict {
        joined(verdict, claim, quote, &self.tool_names)
    }

    /// The evidence found by running every pattern on every text, for comparison.
    #[cfg(test)]
    pub(crate) fn evidence_one_by_one(&self, pull_request: &PullRequest) -> Vec<Evidence> {
        Collector::new(self, Search::OneByOne)
            .run(pull_request)
            .evidence
    }
}

/// A text row, ready for use.
#[derive(Debug)]
pub(crate) struct TextRule {
    pub(crate) id: String,
    pub(crate) tool: String,
    pub(crate) role: Role,
    pub(crate) confidence: Confidence,
    pub(crate) dates: Option<Dates>,
    not_in_repos: Vec<String>,
    places: Vec<Place>,
    within: Vec<Part>,
}

impl TextRule {
    fn new(row: &TextRow) -> Self {
        TextRule {
            id: row.id.clone(),
            tool: row.tool.clone(),
            role: row.role,
            confidence: row.confidence,
            dates: row.dates.clone(),
            not_in_repos: row.not_in_repos.clone(),
            places: row.places.clone(),
            within: row.within.clone(),
        }
    }

    pub(crate) fn looks_at(&self, place: Place) -> bool {
        self.places.contains(&place)
    }

    pub(crate) fn counts_in(&self, part: Part) -> bool {
        self.within.contains(&part)
    }

    pub(crate) fn applies_to_repo(&self, repo: &str) -> bool {
        !self
            .not_in_repos
            .iter()
            .any(|own| own.eq_ignore_ascii_case(repo))
    }
}

/// An account row, ready for use.
#[derive(Debug)]
pub(crate) struct AccountRule {
    pub(crate) id: String,
    pub(crate) author_tool: Option<String>,
    /// The tool and what it did when the account stands in a commit.
    pub(crate) commit: Option<(String, Role)>,
    pub(crate) review_tool: Option<String>,
    pub(crate) own_comments: OwnComments,
    pub(crate) co_author_is: CoAuthorMeaning,
    pub(crate) confidence: Confidence,
    pub(crate) review_confidence: Confidence,
    pub(crate) dates: Option<Dates>,
}

impl AccountRule {
    fn new(row: &AccountRow) -> Self {
        let writes = row.commit_tool.as_ref().or(row.author_tool.as_ref());
        // A pure reviewer in a commit is a suggestion that someone took.
        let (commit, co_author_is) = match (writes, &row.review_tool) {
            (Some(tool), _) => (Some((tool.clone(), row.commit_role)), row.co_author_is),
            (None, Some(tool)) => (
                Some((tool.clone(), Role::Assisted)),
                CoAuthorMeaning::Suggestion,
            ),
            (None, None) => (None, row.co_author_is),
        };
        AccountRule {
            id: row.id.clone(),
            author_tool: row.author_tool.clone(),
            commit,
            review_tool: row.review_tool.clone(),
            own_comments: row.own_comments,
            co_author_is,
            confidence: row.confidence,
            review_confidence: row.review_confidence.unwrap_or(row.confidence),
            dates: row.dates.clone(),
        }
    }
}

/// An address or name row, ready for use.
#[derive(Debug)]
pub(crate) struct SignerRule {
    pub(crate) id: String,
    pub(crate) tool: String,
    pub(crate) confidence: Confidence,
    pub(crate) dates: Option<Dates>,
}

/// What the texts of a place are like.
pub(crate) fn kind_of(place: Place) -> TextKind {
    match place {
        Place::Branch | Place::Title | Place::Label | Place::Event => TextKind::Name,
        Place::Body | Place::Commit | Place::Subject | Place::Comment => TextKind::Prose,
    }
}

/// Whether a credit trailer may name a product or a model besides a person.
pub(crate) fn reads_products(row: &CreditRow) -> bool {
    row.reads == CreditValue::ToolOrModel
}
