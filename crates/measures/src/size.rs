//! Size: lines changed by hand, and the usual buckets.

use model::PullRequest;
use serde::{Deserialize, Serialize};

/// Names of files that a package manager writes.
const LOCK_FILES: &[&str] = &[
    "bun.lock",
    "bun.lockb",
    "cargo.lock",
    "composer.lock",
    "conan.lock",
    "flake.lock",
    "gemfile.lock",
    "go.sum",
    "go.work.sum",
    "gradle.lockfile",
    "mix.lock",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "package.resolved",
    "packages.lock.json",
    "pdm.lock",
    "pipfile.lock",
    "pnpm-lock.yaml",
    "podfile.lock",
    "poetry.lock",
    "pubspec.lock",
    "uv.lock",
    "yarn.lock",
];

/// Folders of code by others, or made by a tool.
const FOREIGN_FOLDERS: &[&str] = &[
    "vendor",
    "vendored",
    "third_party",
    "third-party",
    "thirdparty",
    "node_modules",
    "bower_components",
    "jspm_packages",
    "godeps",
    "pods",
    "carthage",
    "__generated__",
    "generated",
    "__snapshots__",
    "snapshots",
    ".yarn",
];

/// Endings of files that a tool writes.
const GENERATED_ENDINGS: &[&str] = &[
    ".min.js",
    ".min.css",
    ".map",
    ".snap",
    ".pb.go",
    ".pb.cc",
    ".pb.h",
    ".pb.swift",
    "_pb2.py",
    "_pb2.pyi",
    "_pb2_grpc.py",
    "_pb.js",
    "_pb.d.ts",
    ".g.dart",
    ".freezed.dart",
    ".g.cs",
    ".designer.cs",
    ".generated.ts",
    ".generated.tsx",
    ".generated.go",
    ".generated.cs",
    ".gen.go",
    ".gen.ts",
    "_generated.go",
    "_generated.rs",
    "_gen.go",
    ".pbxproj",
];

/// Whether a path is that of a lock file, of vendored code or of a file that a tool writes.
pub fn is_generated(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let mut parts = lower.split('/').filter(|part| !part.is_empty());
    let Some(name) = parts.next_back() else {
        return false;
    };
    LOCK_FILES.contains(&name)
        || GENERATED_ENDINGS
            .iter()
            .any(|ending| name.ends_with(ending))
        || parts.any(|folder| FOREIGN_FOLDERS.contains(&folder))
}

/// Lines added and deleted, without lock files, vendored and generated files.
///
/// Where the files with their lines are not known, all lines of the pull request count; where those
/// are not known either, the size is not known.
pub fn size_lines(pull_request: &PullRequest) -> Option<u64> {
    by_files(pull_request).or_else(|| pull_request.size_lines())
}

fn by_files(pull_request: &PullRequest) -> Option<u64> {
    let files = pull_request.files.as_ref()?;
    // A list that was cut short would make a large change small.
    if pull_request
        .changed_files
        .is_some_and(|count| count > files.len() as u64)
    {
        let generated: u64 = files
            .iter()
            .filter(|file| is_generated(&file.path))
            .map(|file| file.additions.unwrap_or(0) + file.deletions.unwrap_or(0))
            .sum();
        return Some(pull_request.size_lines()?.saturating_sub(generated));
    }
    let mut lines: u64 = 0;
    for file in files.iter().filter(|file| !is_generated(&file.path)) {
        lines = lines
            .saturating_add(file.additions?)
            .saturating_add(file.deletions?);
    }
    Some(lines)
}

/// The usual buckets of size, as review tools on the host label them.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum SizeBucket {
    /// 0 to 9 lines.
    Xs,
    /// 10 to 29 lines.
    S,
    /// 30 to 99 lines.
    M,
    /// 100 to 499 lines.
    L,
    /// 500 to 999 lines.
    Xl,
    /// 1,000 lines and more.
    Xxl,
}

impl SizeBucket {
    /// The bucket of a size in lines.
    pub fn of(lines: u64) -> Self {
        match lines {
            0..=9 => SizeBucket::Xs,
            10..=29 => SizeBucket::S,
            30..=99 => SizeBucket::M,
            100..=499 => SizeBucket::L,
            500..=999 => SizeBucket::Xl,
            _ => SizeBucket::Xxl,
        }
    }

    /// The label in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            SizeBucket::Xs => "XS",
            SizeBucket::S => "S",
            SizeBucket::M => "M",
            SizeBucket::L => "L",
            SizeBucket::Xl => "XL",
            SizeBucket::Xxl => "XXL",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tools_write_is_known_by_its_path() {
        for path in [
            "Cargo.lock",
            "web/package-lock.json",
            "vendor/github.com/x/y.go",
            "api/v1/types.pb.go",
            "a/__snapshots__/b.test.js.snap",
            "dist/app.min.js",
            "src/gen/x_pb2.py",
        ] {
            assert!(is_generated(path), "{path}");
        }
        for path in [
            "src/lock.rs",
            "src/vendor.rs",
            "docs/generated.md",
            "package.json",
            "go.mod",
            "src/map.rs",
        ] {
            assert!(!is_generated(path), "{path}");
        }
    }

    #[test]
    fn buckets_have_the_edges_of_their_definition() {
        let edges = [
            (0, "XS"),
            (9, "XS"),
            (10, "S"),
            (29, "S"),
            (30, "M"),
            (99, "M"),
            (100, "L"),
            (499, "L"),
            (500, "XL"),
            (999, "XL"),
            (1000, "XXL"),
        ];
        for (lines, label) in edges {
            assert_eq!(SizeBucket::of(lines).as_str(), label, "{lines}");
        }
    }
}
