//! What was planted in each pull request.

use model::PullRequest;
use serde::{Deserialize, Serialize};

/// The planted truth of one pull request: a line of a truth file, and facts about its group.
///
/// The first nine fields are the shape that `tandem evaluate --truth` reads; the rest says how the
/// pull request was made and is ignored there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PlantedTruth {
    /// `owner/name`.
    pub(crate) repo: String,
    /// The number within the repository.
    pub(crate) number: u64,
    /// The authoring tool (`Claude_Code`, `OpenAI_Codex`, ...), or `none`.
    pub(crate) agent: String,
    /// Why this is the truth, in words.
    pub(crate) basis: String,
    /// Whether AI made the change or helped to.
    pub(crate) ai_authored: bool,
    /// Slugs of the AI tools that reviewed it.
    pub(crate) review_ai: Vec<String>,
    /// Which of `author`, `body`, `trailer`, `commit_login` and `branch` show the agent; `None`
    /// where there is no agent, empty where AI left no signature.
    pub(crate) visible: Option<Vec<String>>,
    /// Whether the truth is itself in doubt; never, here.
    pub(crate) weak: bool,
    /// Always `demo`.
    pub(crate) source: String,

    /// The team: the repository's owner.
    pub(crate) team: String,
    /// Month of creation, `2026-05`.
    pub(crate) month: String,
    /// Slug of the authoring tool; `None` for people and plain bots.
    pub(crate) tool: Option<String>,
    /// What the AI left behind; `None` for people and plain bots.
    pub(crate) trace: Option<Trace>,
    /// The probability of AI authorship that was drawn against; `None` for plain bots.
    pub(crate) planted_share: Option<f64>,
    /// Login of the person whose work it is, also where an agent opened it; `None` for plain bots.
    pub(crate) person: Option<String>,
    /// Name of the hard negative in it: something that looks like AI and is not.
    pub(crate) trap: Option<String>,
    /// Opened by plain automation.
    pub(crate) plain_bot: bool,
}

impl PlantedTruth {
    /// The truth of a pull request with which AI has nothing to do.
    pub(super) fn without_ai(team: &str, month: &str, record: &PullRequest) -> Self {
        PlantedTruth {
            repo: record.repo.clone(),
            number: record.number,
            agent: "none".to_owned(),
            basis: "planted: person".to_owned(),
            ai_authored: false,
            review_ai: Vec::new(),
            visible: None,
            weak: false,
            source: "demo".to_owned(),
            team: team.to_owned(),
            month: month.to_owned(),
            tool: None,
            trace: None,
            planted_share: None,
            person: None,
            trap: None,
            plain_bot: false,
        }
    }
}

/// What AI authorship left behind in a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trace {
    /// At least one signature that the catalogue holds.
    Signed,
    /// A sentence in the description; only a reader of prose can find it.
    Prose,
    /// Nothing: the reason that adoption is a lower bound.
    Silent,
}
