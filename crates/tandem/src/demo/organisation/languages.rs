//! Programming languages: where their files stand.

/// A main language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Go,
    Hcl,
    Kotlin,
    Python,
    Rust,
    Sql,
    Swift,
    TypeScript,
}

impl Language {
    /// The name, as hosts write it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Language::Go => "Go",
            Language::Hcl => "HCL",
            Language::Kotlin => "Kotlin",
            Language::Python => "Python",
            Language::Rust => "Rust",
            Language::Sql => "SQL",
            Language::Swift => "Swift",
            Language::TypeScript => "TypeScript",
        }
    }

    /// The path of a source file of a component.
    pub(super) fn source(self, component: &str, stem: &str) -> String {
        let flat = component.replace('-', "_");
        match self {
            Language::Go => format!("internal/{flat}/{stem}.go"),
            Language::Hcl => format!("modules/{component}/{stem}.tf"),
            Language::Kotlin => format!("app/src/main/kotlin/{flat}/{}.kt", capitalised(stem)),
            Language::Python => format!("src/{flat}/{stem}.py"),
            Language::Rust => format!("src/{flat}/{stem}.rs"),
            Language::Sql => format!("models/{flat}/{stem}.sql"),
            Language::Swift => format!("Sources/{}/{}.swift", camel(component), capitalised(stem)),
            Language::TypeScript => format!("src/{component}/{stem}.ts"),
        }
    }

    /// The path of a test file of a component.
    pub(super) fn test(self, component: &str, stem: &str) -> String {
        let flat = component.replace('-', "_");
        match self {
            Language::Go => format!("internal/{flat}/{stem}_test.go"),
            Language::Hcl => format!("modules/{component}/tests/{stem}.tftest.hcl"),
            Language::Kotlin => format!("app/src/test/kotlin/{flat}/{}Test.kt", capitalised(stem)),
            Language::Python => format!("tests/{flat}/test_{stem}.py"),
            Language::Rust => format!("tests/{flat}_{stem}.rs"),
            Language::Sql => format!("tests/{flat}/{stem}.yml"),
            Language::Swift => format!(
                "Tests/{}/{}Tests.swift",
                camel(component),
                capitalised(stem)
            ),
            Language::TypeScript => format!("src/{component}/{stem}.test.ts"),
        }
    }

    /// How Dependabot calls the package ecosystem.
    pub(super) fn ecosystem(self) -> &'static str {
        match self {
            Language::Go => "go_modules",
            Language::Hcl => "terraform",
            Language::Kotlin => "gradle",
            Language::Python | Language::Sql => "pip",
            Language::Rust => "cargo",
            Language::Swift => "swift",
            Language::TypeScript => "npm_and_yarn",
        }
    }

    /// The manifest that dependency updates touch.
    pub(super) fn manifest(self) -> &'static str {
        match self {
            Language::Go => "go.mod",
            Language::Hcl => "versions.tf",
            Language::Kotlin => "gradle/libs.versions.toml",
            Language::Python => "pyproject.toml",
            Language::Rust => "Cargo.toml",
            Language::Sql => "packages.yml",
            Language::Swift => "Package.swift",
            Language::TypeScript => "package.json",
        }
    }
}

/// The word with its first letter in upper case.
pub(super) fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// `refund-flow` as `RefundFlow`.
fn camel(component: &str) -> String {
    component.split('-').map(capitalised).collect()
}
