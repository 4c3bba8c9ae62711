//! The `files` section: paths while they are few, groups with counts when they are many.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use model::{FileChange, PullRequest};

use super::{Budgeted, Builder};
use crate::fence::Section;

/// Up to so many files are listed one by one, if the budget takes them.
const MAX_LISTED_FILES: usize = 20;
const MAX_PATH_CHARS: usize = 120;

pub(super) fn lines(
    pull_request: &PullRequest,
    limit_tokens: u64,
    builder: &mut Builder,
) -> String {
    let Some(files) = pull_request.files.as_ref().filter(|all| !all.is_empty()) else {
        return String::new();
    };
    if files.len() <= MAX_LISTED_FILES {
        let mut listed = Budgeted::new(limit_tokens);
        let all_fit = files.iter().all(|file| {
            let path = builder.scrubber.line(&file.path, MAX_PATH_CHARS);
            listed.add(format!("{path}{}", change(file.additions, file.deletions)))
        });
        if all_fit {
            return listed.join();
        }
    }
    grouped(files, limit_tokens, builder)
}

/// Files of one folder and ending.
#[derive(Default)]
struct Group {
    files: u64,
    additions: Option<u64>,
    deletions: Option<u64>,
}

fn grouped(files: &[FileChange], limit_tokens: u64, builder: &mut Builder) -> String {
    // The finest grouping that is short enough to read.
    let groups = [3, 2, 1, 0]
        .into_iter()
        .map(|depth| group(files, depth))
        .find(|groups| groups.len() <= MAX_LISTED_FILES)
        .unwrap_or_else(|| group(files, 0));
    let mut groups: Vec<(String, Group)> = groups.into_iter().collect();
    groups.sort_by(|(left_name, left), (right_name, right)| {
        (right.files, right.additions)
            .cmp(&(left.files, left.additions))
            .then_with(|| left_name.cmp(right_name))
    });
    // Room for the line that counts the rest.
    let mut out = Budgeted::new(limit_tokens.saturating_sub(12));
    let (mut shown_groups, mut shown_files) = (0, 0);
    for (name, group) in &groups {
        let name = builder.scrubber.line(name, MAX_PATH_CHARS);
        let noun = if group.files == 1 { "file" } else { "files" };
        let line = format!(
            "{name} {} {noun}{}",
            group.files,
            change(group.additions, group.deletions)
        );
        if !out.add(line) {
            break;
        }
        shown_groups += 1;
        shown_files += group.files;
    }
    let rest_files = files.len() as u64 - shown_files;
    if rest_files > 0 {
        let rest_groups = groups.len() - shown_groups;
        out.add_always(format!(
            "and {rest_files} files in {rest_groups} more groups"
        ));
    }
    builder.cut(Section::Files, "paths", files.len() as u64);
    out.join()
}

/// Groups files by their first folders and their ending: `src/net/*.rs`.
fn group(files: &[FileChange], depth: usize) -> BTreeMap<String, Group> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for file in files {
        let group = groups.entry(group_name(&file.path, depth)).or_default();
        group.files += 1;
        add(&mut group.additions, file.additions);
        add(&mut group.deletions, file.deletions);
    }
    groups
}

fn group_name(path: &str, depth: usize) -> String {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let ending = match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => format!("*.{ending}"),
        _ => "*".to_owned(),
    };
    let mut out = String::new();
    for folder in folders.split('/').filter(|one| !one.is_empty()).take(depth) {
        out.push_str(folder);
        out.push('/');
    }
    out.push_str(&ending);
    out
}

fn add(total: &mut Option<u64>, value: Option<u64>) {
    if let Some(value) = value {
        *total = Some(total.unwrap_or_default().saturating_add(value));
    }
}

/// ` +12 -3`, as far as known.
fn change(additions: Option<u64>, deletions: Option<u64>) -> String {
    let mut out = String::new();
    if let Some(additions) = additions {
        let _ = write!(out, " +{additions}");
    }
    if let Some(deletions) = deletions {
        let _ = write!(out, " -{deletions}");
    }
    out
}
