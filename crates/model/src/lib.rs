#![doc = include_str!("../README.md")]

mod analysis;
mod correction;
mod evidence;
mod pull_request;
mod shown;
mod verdict;

pub use analysis::{
    AiClaim, Analysis, ChangeType, ClaimedRole, FrictionLevel, Health, RiskLevel, Scope, Summary,
    Tech, TechCategory,
};
pub use correction::Correction;
pub use evidence::{Confidence, Evidence, Role, Signal};
pub use pull_request::{
    Actor, Comment, CommentKind, Commit, Event, ExpectedCounts, FileChange, Gap, Label, NotAKey,
    PrKey, PullRequest, Review, ReviewState, State,
};
pub use shown::{acts, escaped_json, is_blank, visible, visible_line};
pub use verdict::{Origin, Verdict};
