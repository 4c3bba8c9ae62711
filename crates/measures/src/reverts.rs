//! Reverts: which pull request takes another one back.

use model::PullRequest;

/// What a revert says of the change it takes back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revert {
    /// The number of the pull request in the same repository, where one is named.
    pub number: Option<u64>,
    /// The title it quotes.
    pub title: Option<String>,
    /// The commit it names.
    pub sha: Option<String>,
}

/// Reads whether a pull request is a revert: by its title (`Revert "..."`), its description
/// (`This reverts commit <sha>`) or its branch (`revert-<n>-...`), as hosts write them. A title
/// that merely speaks of reverting is none.
pub fn revert_of(pull_request: &PullRequest) -> Option<Revert> {
    let title = quoted_title(&pull_request.title);
    let body = pull_request.body.as_deref().unwrap_or_default();
    let sha = reverted_commit(body);
    let by_branch = pull_request.head_ref.as_deref().and_then(branch_number);
    if title.is_none() && sha.is_none() && by_branch.is_none() {
        return None;
    }
    Some(Revert {
        number: by_branch.or_else(|| body_number(body, &pull_request.repo)),
        title: title.map(str::to_owned),
        sha: sha.map(str::to_owned),
    })
}

/// A code for a title by which a revert finds its original within a repository. Never zero.
pub fn title_code(title: &str) -> u32 {
    // FNV-1a: equal on every machine and for ever, since it is stored.
    let mut hash: u32 = 0x811c_9dc5;
    for byte in title.trim().bytes() {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    hash.max(1)
}

/// The title in `Revert "..."`; of a revert of a revert, the title that begins with `Revert`.
fn quoted_title(title: &str) -> Option<&str> {
    let rest = title.trim().strip_prefix("Revert \"")?;
    Some(rest.rsplit_once('"').map_or(rest, |(quoted, _)| quoted))
}

/// The hash in `This reverts commit <sha>`.
fn reverted_commit(body: &str) -> Option<&str> {
    let rest = body.split_once("This reverts commit ")?.1;
    let end = rest
        .find(|one: char| !one.is_ascii_hexdigit())
        .unwrap_or(rest.len());
    rest.get(..end).filter(|sha| sha.len() >= 7)
}

/// The number in a branch `revert-<n>-...`.
fn branch_number(branch: &str) -> Option<u64> {
    let rest = branch.rsplit('/').next()?.strip_prefix("revert-")?;
    rest.split_once('-')?.0.parse().ok()
}

/// The number in `Reverts owner/name#12` or `Reverts #12`, of this repository.
fn body_number(body: &str, repo: &str) -> Option<u64> {
    for line in body.lines() {
        let Some(rest) = line.trim_start().strip_prefix("Reverts ") else {
            continue;
        };
        let (named, number) = rest.split_once('#')?;
        let end = number
            .find(|one: char| !one.is_ascii_digit())
            .unwrap_or(number.len());
        if named.is_empty() || named.eq_ignore_ascii_case(repo) {
            return number.get(..end)?.parse().ok();
        }
    }
    None
}
