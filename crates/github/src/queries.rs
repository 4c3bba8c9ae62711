//! The queries, as they stand in `queries/`. Each is one document: the query and the fragments it uses.

/// A query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The name of the operation.
    pub name: &'static str,
    /// The document.
    pub text: String,
}

/// The timeline events that clocks and signatures need.
pub const TIMELINE_TYPES: &[&str] = &[
    "READY_FOR_REVIEW_EVENT",
    "CONVERT_TO_DRAFT_EVENT",
    "CLOSED_EVENT",
    "REOPENED_EVENT",
    "MERGED_EVENT",
    "HEAD_REF_FORCE_PUSHED_EVENT",
    "AUTO_MERGE_ENABLED_EVENT",
    "LABELED_EVENT",
    "UNLABELED_EVENT",
    "ASSIGNED_EVENT",
    "REVIEW_REQUESTED_EVENT",
    "REVIEW_REQUEST_REMOVED_EVENT",
    "REVIEW_DISMISSED_EVENT",
];

/// Places of the query [`numbers`]; those that are not needed repeat a number.
pub const NUMBERS_AT_ONCE: usize = 20;

const FRAGMENTS: &str = include_str!("../queries/fragments.graphql");
const REPOSITORY_LINE: &str = include_str!("../queries/repository_line.graphql");

macro_rules! queries {
    ($($(#[doc = $doc:literal])+ $function:ident = $name:literal, $file:literal;)+) => {
        $($(#[doc = $doc])+
        pub fn $function() -> Query {
            compose($name, include_str!(concat!("../queries/", $file, ".graphql")))
        })+

        /// Every query.
        pub fn all() -> Vec<Query> {
            vec![$($function()),+]
        }
    };
}

queries! {
    /// Whose token this is.
    viewer = "Viewer", "viewer";
    /// The repositories of an owner.
    repositories = "Repositories", "repositories";
    /// One repository by its name.
    repository = "OneRepository", "repository";
    /// Repositories by their ids.
    known_repositories = "KnownRepositories", "known_repositories";
    /// Which pull requests changed, last first.
    changes = "Changes", "changes";
    /// The numbers of all pull requests that are there.
    present = "Present", "present";
    /// The ids of up to [`NUMBERS_AT_ONCE`] pull requests by their numbers.
    numbers = "Numbers", "numbers";
    /// The newest pull request of a repository, with one item of each list.
    probe = "Probe", "probe";
    /// Whole pull requests by their ids.
    whole = "Whole", "whole";
    /// The next pages of the lists of one pull request.
    more = "More", "more";
    /// The next page of the comments of one review thread.
    thread = "Thread", "thread";
}

/// The query with the fragments it uses, directly or through others: an unused one is an error.
fn compose(name: &'static str, text: &str) -> Query {
    let mut document = text.to_owned();
    let fragments: Vec<&str> = FRAGMENTS
        .split("\n\n")
        .chain([REPOSITORY_LINE])
        .map(|block| {
            block
                .split_once("fragment ")
                .map_or(block, |(_, rest)| rest)
        })
        .collect();
    let mut used: Vec<&str> = Vec::new();
    loop {
        let next = fragments.iter().find(|fragment| {
            let fragment_name = fragment.split(' ').next().unwrap_or_default();
            !used.contains(&fragment_name) && spreads(&document, fragment_name)
        });
        let Some(fragment) = next else { break };
        used.push(fragment.split(' ').next().unwrap_or_default());
        document.push_str("\nfragment ");
        document.push_str(fragment.trim_end());
        document.push('\n');
    }
    Query {
        name,
        text: document,
    }
}

fn spreads(document: &str, name: &str) -> bool {
    document.match_indices("...").any(|(at, dots)| {
        document[at + dots.len()..]
            .strip_prefix(name)
            .is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_carries_the_fragments_it_uses_and_no_other() {
        for query in all() {
            for part in query.text.split("...").skip(1) {
                let name: String = part
                    .chars()
                    .take_while(char::is_ascii_alphanumeric)
                    .collect();
                if !name.is_empty() {
                    assert!(
                        query.text.contains(&format!("fragment {name} on ")),
                        "{} lacks {name}",
                        query.name
                    );
                }
            }
            let defined = query.text.matches("fragment ").count();
            assert!(defined >= 1, "{} asks no limit", query.name);
            assert!(query.text.contains("rateLimit"), "{}", query.name);
        }
        assert!(!viewer().text.contains("fragment Commits"));
    }
}
