//! What a file is, by its path: area, language, framework.

mod tables;

use model::TechCategory;
use tables::{
    BACK_FOLDERS, CONFIGURATION_NAMES, DATA_FOLDERS, FRONT_FOLDERS, INFRASTRUCTURE_FOLDERS,
    INFRASTRUCTURE_NAMES, LANGUAGES, NOTICE_STEMS, SECURITY_WORDS, TEST_FOLDERS,
};

/// What a path tells of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileKind {
    /// The area it belongs to; `None` where the path does not tell.
    pub area: Option<TechCategory>,
    /// Its programming language in lower case; `None` for data, prose and unknown endings.
    pub language: Option<&'static str>,
    /// The framework or tool that such a file belongs to.
    pub framework: Option<&'static str>,
    /// Whether it is code on a path that speaks of authentication, permissions or cryptography.
    pub sensitive: bool,
}

/// Classifies a path. Case counts only where it tells words apart, as in `CacheTest.java`.
///
/// Prose is documentation wherever it stands; after that a test is a test whatever it tests; then
/// infrastructure, data, configuration, mobile, and front end before back end.
pub fn classify(path: &str) -> FileKind {
    let lower = path.to_ascii_lowercase();
    let place = Place::new(path, &lower);
    let language = language(&place);
    let area = area(&place, language);
    FileKind {
        area,
        language,
        framework: framework(&place),
        sensitive: language.is_some()
            && !matches!(
                area,
                Some(TechCategory::Tests | TechCategory::Documentation)
            )
            && place.speaks_of(&SECURITY_WORDS),
    }
}

/// A path taken apart, in its own and in lower case.
struct Place<'a> {
    folders: Vec<&'a str>,
    /// The file's name as it is written.
    written_name: &'a str,
    name: &'a str,
    /// The name up to its last dot.
    stem: &'a str,
    /// The ending after the last dot; empty for none and for dot files.
    ending: &'a str,
    lower: &'a str,
}

impl<'a> Place<'a> {
    fn new(path: &'a str, lower: &'a str) -> Place<'a> {
        let written_name = path.rsplit('/').next().unwrap_or(path);
        let (folders, name) = lower.rsplit_once('/').unwrap_or(("", lower));
        let (stem, ending) = match name.rsplit_once('.') {
            Some((stem, ending)) if !stem.is_empty() => (stem, ending),
            _ => (name, ""),
        };
        Place {
            folders: folders.split('/').filter(|one| !one.is_empty()).collect(),
            written_name,
            name,
            stem,
            ending,
            lower,
        }
    }

    fn in_folder(&self, names: &[&str]) -> bool {
        self.folders.iter().any(|folder| names.contains(folder))
    }

    /// Whether the stem has this word after its own last dot, as in `button.stories.tsx`.
    fn marked(&self, word: &str) -> bool {
        self.stem
            .rsplit_once('.')
            .is_some_and(|(_, mark)| mark == word)
    }

    /// Whether a folder or a word of the name is one of these.
    fn speaks_of(&self, words: &[&str]) -> bool {
        self.folders
            .iter()
            .copied()
            .chain(self.stem.split(['_', '-', '.']))
            .any(|word| words.contains(&word))
    }
}

fn language(place: &Place<'_>) -> Option<&'static str> {
    LANGUAGES
        .iter()
        .find(|(ending, _)| *ending == place.ending)
        .map(|(_, language)| *language)
}

fn area(place: &Place<'_>, language: Option<&'static str>) -> Option<TechCategory> {
    if is_documentation(place, language) {
        return Some(TechCategory::Documentation);
    }
    if is_test(place, language) {
        return Some(TechCategory::Tests);
    }
    if is_infrastructure(place) {
        return Some(TechCategory::Infrastructure);
    }
    if is_data(place) {
        return Some(TechCategory::Data);
    }
    if is_configuration(place) {
        return Some(TechCategory::Configuration);
    }
    if is_mobile(place) {
        return Some(TechCategory::Mobile);
    }
    if is_front(place) {
        return Some(TechCategory::Frontend);
    }
    language.map(|_| TechCategory::Backend)
}

fn is_documentation(place: &Place<'_>, language: Option<&'static str>) -> bool {
    let is_prose = matches!(
        place.ending,
        "md" | "mdx" | "markdown" | "rst" | "adoc" | "asciidoc" | "mdc" | "tex" | "org" | "pod"
    );
    let is_notice = NOTICE_STEMS.contains(&place.stem) && matches!(place.ending, "" | "txt");
    let is_in_docs = language.is_none()
        && place.in_folder(&["doc", "docs", "documentation", "man"])
        && !matches!(place.ending, "json" | "yml" | "yaml" | "toml" | "lock");
    is_prose || is_notice || is_in_docs
}

fn is_test(place: &Place<'_>, language: Option<&'static str>) -> bool {
    let stem = place.stem;
    let marked_by_dot = stem.rsplit('.').next().is_some_and(|word| {
        stem.contains('.') && ["test", "tests", "spec", "cy", "e2e", "stories-test"].contains(&word)
    });
    let marked_by_word = stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem.ends_with("_tests")
        || stem.ends_with("_spec")
        || stem.ends_with("-test")
        || stem.ends_with("-spec")
        || matches!(
            place.name,
            "conftest.py" | "tests.py" | "test.py" | "tests.rs" | "test.rs"
        );
    let is_snapshot = matches!(place.ending, "snap" | "feature") || place.ending == "approved";
    // `CacheTest.java`, but not `Contest.java` or `latest.cs`: the case tells.
    let written_stem = place
        .written_name
        .rsplit_once('.')
        .map_or(place.written_name, |(stem, _)| stem);
    let marked_by_case = matches!(
        place.ending,
        "java"
            | "kt"
            | "kts"
            | "cs"
            | "scala"
            | "groovy"
            | "swift"
            | "php"
            | "fs"
            | "vb"
            | "ts"
            | "cpp"
            | "cc"
    ) && ["Test", "Tests", "TestCase", "Spec", "IT"]
        .iter()
        .any(|word| {
            written_stem
                .strip_suffix(word)
                .and_then(|before| before.chars().next_back())
                .is_some_and(|before| before.is_ascii_lowercase() || before.is_ascii_digit())
        });
    if is_snapshot || (language.is_some() && (marked_by_dot || marked_by_word || marked_by_case)) {
        return true;
    }
    if !place.in_folder(&TEST_FOLDERS) {
        return false;
    }
    // A folder `spec` also holds written specifications; only code makes it one of tests.
    let only_spec = !place
        .folders
        .iter()
        .any(|folder| TEST_FOLDERS.contains(folder) && !folder.starts_with("spec"));
    !only_spec || language.is_some_and(|language| !matches!(language, "protobuf" | "graphql"))
}

fn is_infrastructure(place: &Place<'_>) -> bool {
    matches!(
        place.ending,
        "tf" | "tfvars" | "hcl" | "bicep" | "dockerfile"
    ) || place.name.starts_with("dockerfile")
        || place.name.starts_with("docker-compose")
        || matches!(
            place.name,
            "compose.yml" | "compose.yaml" | "chart.yaml" | ".dockerignore" | "helmfile.yaml"
        )
        || INFRASTRUCTURE_NAMES.contains(&place.name)
        || place.lower.starts_with(".github/workflows/")
        || place.lower.starts_with(".github/actions/")
        || (place.in_folder(&INFRASTRUCTURE_FOLDERS)
            && matches!(
                place.ending,
                "yml" | "yaml" | "json" | "toml" | "conf" | "sh" | "tpl" | "j2" | "service" | ""
            ))
}

fn is_data(place: &Place<'_>) -> bool {
    matches!(
        place.ending,
        "sql"
            | "prisma"
            | "ipynb"
            | "parquet"
            | "csv"
            | "tsv"
            | "r"
            | "rmd"
            | "dbml"
            | "avsc"
            | "jsonl"
    ) || place.name == "schema.rb"
        || (place.in_folder(&DATA_FOLDERS) && place.ending != "lock")
}

fn is_configuration(place: &Place<'_>) -> bool {
    let is_config_code = place.marked("config")
        || matches!(
            place.name,
            "setup.py" | "gulpfile.js" | "gruntfile.js" | "build.rs"
        );
    CONFIGURATION_NAMES.contains(&place.name)
        || is_config_code
        || place.name.starts_with(".env")
        || (place.name.starts_with('.') && place.name != ".")
        || matches!(
            place.ending,
            "json"
                | "json5"
                | "jsonc"
                | "yml"
                | "yaml"
                | "toml"
                | "ini"
                | "cfg"
                | "conf"
                | "lock"
                | "properties"
                | "env"
                | "editorconfig"
                | "gradle"
                | "cmake"
                | "mk"
                | "bzl"
                | "csproj"
                | "sln"
                | "xcconfig"
                | "pbxproj"
                | "plist"
                | "xml"
                | "lockb"
                | "gemspec"
                | "nix"
                | "podspec"
        ) && !(is_mobile(place) && matches!(place.ending, "xml" | "plist"))
}

fn is_mobile(place: &Place<'_>) -> bool {
    let in_android = place.in_folder(&["android"]);
    let in_ios = place.in_folder(&["ios"]);
    matches!(place.ending, "swift" | "dart" | "xib" | "storyboard")
        || place.name == "androidmanifest.xml"
        || (in_android && matches!(place.ending, "kt" | "kts" | "java" | "xml"))
        || (in_ios && matches!(place.ending, "m" | "mm" | "h" | "plist"))
        || place.marked("android")
        || place.marked("ios")
}

fn is_front(place: &Place<'_>) -> bool {
    match place.ending {
        "tsx" | "jsx" | "vue" | "svelte" | "astro" | "css" | "scss" | "sass" | "less" | "html"
        | "htm" | "hbs" | "elm" | "svg" | "png" | "jpg" | "jpeg" | "gif" | "webp" | "ico"
        | "woff" | "woff2" | "ttf" => true,
        "ts" | "js" | "mjs" | "cjs" | "mts" | "cts" | "coffee" => {
            place.in_folder(&FRONT_FOLDERS) && !place.in_folder(&BACK_FOLDERS)
                || place.marked("component")
                || place.marked("stories")
        }
        _ => false,
    }
}

fn framework(place: &Place<'_>) -> Option<&'static str> {
    match place.ending {
        "astro" => return Some("astro"),
        "dart" => return Some("flutter"),
        "ipynb" => return Some("jupyter"),
        "prisma" => return Some("prisma"),
        "svelte" => return Some("svelte"),
        "tf" | "tfvars" => return Some("terraform"),
        "vue" => return Some("vue"),
        _ => {}
    }
    if place.lower.starts_with(".github/workflows/") {
        return Some("github actions");
    }
    if place.name.starts_with("dockerfile") || place.name.starts_with("docker-compose") {
        return Some("docker");
    }
    if place.in_folder(&["cypress"]) || place.marked("cy") {
        return Some("cypress");
    }
    if place.marked("component") && place.ending == "ts" {
        return Some("angular");
    }
    let (first_word, _) = place
        .name
        .split_once(".config.")
        .unwrap_or((place.name, ""));
    match first_word {
        "next" => Some("next.js"),
        "nuxt" => Some("nuxt"),
        "playwright" => Some("playwright"),
        "tailwind" => Some("tailwind"),
        "vite" => Some("vite"),
        "angular.json" => Some("angular"),
        "chart.yaml" => Some("helm"),
        "pubspec.yaml" => Some("flutter"),
        "conftest.py" => Some("pytest"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
