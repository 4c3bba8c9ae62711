use super::*;
use TechCategory::{
    Backend, Configuration, Data, Documentation, Frontend, Infrastructure, Mobile, Tests,
};

fn check(cases: &[(&str, Option<TechCategory>)]) {
    for (path, expected) in cases {
        assert_eq!(classify(path).area, *expected, "{path}");
    }
}

#[test]
fn tests_are_found_by_folder_name_and_case() {
    check(&[
        ("tests/cache.py", Some(Tests)),
        ("test/cache.rb", Some(Tests)),
        ("__tests__/a.js", Some(Tests)),
        ("packages/x/__tests__/a.tsx", Some(Tests)),
        ("spec/models/user.rb", Some(Tests)),
        ("app/login.cy.ts", Some(Tests)),
        ("src/main/CacheTest.java", Some(Tests)),
        ("src/CacheTests.cs", Some(Tests)),
        ("src/CacheSpec.scala", Some(Tests)),
        ("src/app.test.tsx", Some(Tests)),
        ("src/app.spec.ts", Some(Tests)),
        ("pkg/cache_test.go", Some(Tests)),
        ("src/test_cache.py", Some(Tests)),
        ("conftest.py", Some(Tests)),
        ("crates/a/src/snapshots/b.snap", Some(Tests)),
        ("testdata/input.json", Some(Tests)),
        // Words that merely contain the letters.
        ("src/Contest.java", Some(Backend)),
        ("src/latest.cs", Some(Backend)),
        ("src/attestation.go", Some(Backend)),
        ("src/inspector.py", Some(Backend)),
        ("spec/openapi.yaml", Some(Configuration)),
        ("specs/wire.proto", Some(Backend)),
    ]);
}

#[test]
fn prose_is_documentation_wherever_it_stands() {
    check(&[
        ("README.md", Some(Documentation)),
        ("docs/guide.mdx", Some(Documentation)),
        ("tests/README.md", Some(Documentation)),
        ("spec/protocol.md", Some(Documentation)),
        ("LICENSE", Some(Documentation)),
        ("LICENSE.txt", Some(Documentation)),
        ("docs/picture.png", Some(Documentation)),
        ("CLAUDE.md", Some(Documentation)),
        ("requirements.txt", Some(Configuration)),
        ("CMakeLists.txt", Some(Configuration)),
    ]);
}

#[test]
fn each_area_has_its_files() {
    check(&[
        ("infra/main.tf", Some(Infrastructure)),
        ("Dockerfile", Some(Infrastructure)),
        ("docker-compose.prod.yml", Some(Infrastructure)),
        (".github/workflows/ci.yml", Some(Infrastructure)),
        ("deploy/values.yaml", Some(Infrastructure)),
        ("Jenkinsfile", Some(Infrastructure)),
        ("analysis/churn.ipynb", Some(Data)),
        ("prisma/schema.prisma", Some(Data)),
        ("db/migrations/0001_init.py", Some(Data)),
        ("reports/top.sql", Some(Data)),
        ("go.sum", Some(Configuration)),
        ("Cargo.lock", Some(Configuration)),
        ("package.json", Some(Configuration)),
        (".cursor/mcp.json", Some(Configuration)),
        (".eslintrc", Some(Configuration)),
        ("vite.config.ts", Some(Configuration)),
        ("api/v1/cache.proto", Some(Backend)),
        ("contracts/Vault.sol", Some(Backend)),
        ("src/main.rs", Some(Backend)),
        ("server/index.ts", Some(Backend)),
        ("src/util.ts", Some(Backend)),
        ("src/components/Button.tsx", Some(Frontend)),
        ("web/hooks/use-cache.ts", Some(Frontend)),
        ("styles/main.scss", Some(Frontend)),
        ("public/logo.svg", Some(Frontend)),
        ("App/View.swift", Some(Mobile)),
        ("android/app/src/main/java/a/Main.kt", Some(Mobile)),
        ("android/app/src/main/AndroidManifest.xml", Some(Mobile)),
        ("lib/main.dart", Some(Mobile)),
        ("blob.bin", None),
        ("", None),
        ("a/", None),
    ]);
}

#[test]
fn languages_frameworks_and_security() {
    assert_eq!(classify("a/b.RS").language, Some("rust"));
    assert_eq!(classify("go.sum").language, None);
    assert_eq!(classify("a.sol").language, Some("solidity"));
    assert_eq!(classify("Dockerfile.dev").framework, Some("docker"));
    assert_eq!(classify("next.config.mjs").framework, Some("next.js"));
    assert_eq!(classify("main.tf").framework, Some("terraform"));
    assert!(classify("server/auth/session.go").sensitive);
    assert!(classify("src/jwt_verify.py").sensitive);
    assert!(!classify("src/author.py").sensitive);
    assert!(!classify("docs/security.md").sensitive);
    assert!(!classify("auth.json").sensitive);
}
