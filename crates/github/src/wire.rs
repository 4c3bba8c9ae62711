//! GraphQL's answers as GitHub shapes them. What an error left out is null.

use jiff::Timestamp;
use serde::Deserialize;

/// A page of a list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Connection<T> {
    #[serde(alias = "filteredCount", default)]
    pub(crate) total_count: u64,
    #[serde(default)]
    pub(crate) page_info: PageInfo,
    pub(crate) nodes: Option<Vec<Option<T>>>,
}

impl<T> Connection<T> {
    /// Where the next page begins, when there is one.
    pub(crate) fn next(&self) -> Option<String> {
        self.page_info
            .end_cursor
            .clone()
            .filter(|_| self.page_info.has_next_page)
    }

    /// The items that are there.
    pub(crate) fn items(self) -> impl Iterator<Item = T> {
        self.nodes.unwrap_or_default().into_iter().flatten()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageInfo {
    pub(crate) has_next_page: bool,
    pub(crate) end_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RateLimit {
    pub(crate) cost: u64,
    pub(crate) limit: u64,
    pub(crate) remaining: u64,
    pub(crate) reset_at: Timestamp,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ViewerData {
    pub(crate) rate_limit: Option<RateLimit>,
    pub(crate) viewer: Option<Login>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Login {
    pub(crate) login: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnerData {
    pub(crate) repository_owner: Option<Owner>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Owner {
    pub(crate) repositories: Connection<RepositoryLine>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RepositoryData {
    pub(crate) repository: Option<RepositoryLine>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct KnownData {
    pub(crate) nodes: Vec<Option<MaybeRepository>>,
}

/// A node that is a repository, or nothing of ours.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum MaybeRepository {
    Repository(Box<RepositoryLine>),
    Other(serde::de::IgnoredAny),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RepositoryLine {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) database_id: Option<u64>,
    pub(crate) name_with_owner: String,
    #[serde(default)]
    pub(crate) is_archived: bool,
    #[serde(default)]
    pub(crate) is_fork: bool,
    #[serde(default)]
    pub(crate) is_private: bool,
    pub(crate) pull_requests: Option<Connection<Updated>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Updated {
    pub(crate) updated_at: Timestamp,
}

#[derive(Debug, Deserialize)]
pub(crate) struct NodeData<T> {
    pub(crate) node: Option<T>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChangesNode {
    pub(crate) pull_requests: Option<Connection<Changed>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Changed {
    pub(crate) id: String,
    pub(crate) number: u64,
    pub(crate) updated_at: Timestamp,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PresentNode {
    pub(crate) pull_requests: Option<Connection<Number>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Number {
    pub(crate) number: u64,
}

/// By the places of the query: `n0`, `n1`, ...
#[derive(Debug, Deserialize)]
pub(crate) struct NumbersNode {
    #[serde(flatten)]
    pub(crate) places: std::collections::HashMap<String, Option<Changed>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WholeData {
    pub(crate) nodes: Vec<Option<PullRequestNode>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PullRequestNode {
    pub(crate) id: Option<String>,
    pub(crate) number: Option<u64>,
    pub(crate) title: Option<String>,
    pub(crate) body: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) is_draft: Option<bool>,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) updated_at: Option<Timestamp>,
    pub(crate) closed_at: Option<Timestamp>,
    pub(crate) merged_at: Option<Timestamp>,
    pub(crate) additions: Option<u64>,
    pub(crate) deletions: Option<u64>,
    pub(crate) changed_files: Option<u64>,
    pub(crate) head_ref_name: Option<String>,
    pub(crate) base_ref_name: Option<String>,
    pub(crate) author: Option<Who>,
    pub(crate) merged_by: Option<Who>,
    pub(crate) auto_merge_request: Option<serde::de::IgnoredAny>,
    pub(crate) status_check_rollup: Option<Rollup>,
    pub(crate) repository: Option<RepositoryName>,
    #[serde(flatten)]
    pub(crate) lists: Lists,
}

/// The lists of a pull request, as far as they were asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Lists {
    pub(crate) commits: Option<Connection<CommitNode>>,
    pub(crate) files: Option<Connection<FileNode>>,
    pub(crate) reviews: Option<Connection<ReviewNode>>,
    pub(crate) comments: Option<Connection<CommentNode>>,
    pub(crate) review_threads: Option<Connection<ThreadNode>>,
    pub(crate) labels: Option<Connection<LabelNode>>,
    pub(crate) review_requests: Option<Connection<RequestNode>>,
    pub(crate) closing_issues_references: Option<Connection<IssueNode>>,
    pub(crate) timeline_items: Option<Connection<TimelineNode>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MoreNode {
    pub(crate) updated_at: Option<Timestamp>,
    #[serde(flatten)]
    pub(crate) lists: Lists,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ThreadCommentsNode {
    pub(crate) comments: Option<Connection<CommentNode>>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Who {
    #[serde(rename = "__typename")]
    pub(crate) kind: Option<String>,
    pub(crate) login: Option<String>,
    #[serde(rename = "databaseId")]
    pub(crate) database_id: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Rollup {
    pub(crate) state: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RepositoryName {
    pub(crate) name_with_owner: String,
    #[serde(default)]
    pub(crate) primary_language: Option<Named>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Named {
    pub(crate) name: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct CommitNode {
    pub(crate) commit: Option<CommitBody>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CommitBody {
    pub(crate) oid: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) authored_date: Option<Timestamp>,
    pub(crate) author: Option<GitActor>,
    pub(crate) committer: Option<GitActor>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct GitActor {
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) user: Option<Login>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct FileNode {
    pub(crate) path: String,
    pub(crate) additions: Option<u64>,
    pub(crate) deletions: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReviewNode {
    pub(crate) author: Option<Who>,
    #[serde(default)]
    pub(crate) state: model::ReviewState,
    pub(crate) submitted_at: Option<Timestamp>,
    pub(crate) body: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CommentNode {
    pub(crate) author: Option<Who>,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) path: Option<String>,
    pub(crate) body: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ThreadNode {
    pub(crate) id: String,
    pub(crate) comments: Option<Connection<CommentNode>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct LabelNode {
    pub(crate) name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestNode {
    pub(crate) requested_reviewer: Option<Reviewer>,
}

/// An account or a team.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reviewer {
    pub(crate) login: Option<String>,
    pub(crate) combined_slug: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct IssueNode {
    pub(crate) number: u64,
    pub(crate) repository: RepositoryName,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TimelineNode {
    #[serde(rename = "__typename")]
    pub(crate) kind: String,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) actor: Option<Who>,
    pub(crate) label: Option<LabelNode>,
    pub(crate) assignee: Option<Reviewer>,
    pub(crate) requested_reviewer: Option<Reviewer>,
}
