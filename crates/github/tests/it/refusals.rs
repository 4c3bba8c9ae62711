//! What only the user can mend: one clear message each, and what was stored stays.

use github::{GithubError, Scope};
use secrecy::SecretString;
use standin::{Script, Sizes};

use crate::common::{Bench, repository};

fn bench(script: Script) -> Bench {
    Bench::new(31, Sizes::small(), &[repository("acme/shop", 300)], script)
}

#[tokio::test(start_paused = true)]
async fn each_refusal_says_what_is_wrong() {
    let owner = |name: &str| Scope::Owner(name.to_owned());

    let mut wrong = bench(Script::default());
    wrong.credentials = github::Credentials::Token(SecretString::from("wrong"));
    let error = wrong.run(&owner("acme")).await.expect_err("refused");
    assert_eq!(
        error.to_string(),
        "GitHub does not accept the token: Bad credentials"
    );

    let error = bench(Script::default())
        .run(&owner("nobody"))
        .await
        .expect_err("none");
    assert_eq!(
        error.to_string(),
        "there is no organisation nobody, or the token cannot see it"
    );

    let missing = Scope::Repositories(vec!["acme/none".to_owned()]);
    let error = bench(Script::default())
        .run(&missing)
        .await
        .expect_err("none");
    assert!(
        error.to_string().contains("repository acme/none"),
        "{error}"
    );

    let script = Script {
        single_sign_on: true,
        ..Script::default()
    };
    let error = bench(script)
        .run(&owner("acme"))
        .await
        .expect_err("refused");
    match &error {
        GithubError::SingleSignOn { block, .. } => {
            assert!(block.url.as_deref().is_some_and(|url| url.contains("/sso")));
        }
        other => panic!("{other}"),
    }

    let script = Script {
        lacks_scope: true,
        ..Script::default()
    };
    let error = bench(script)
        .run(&owner("acme"))
        .await
        .expect_err("refused");
    assert!(error.to_string().contains("lacks a scope"), "{error}");
    assert!(error.to_string().contains("'repo'"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_token_revoked_in_mid_run_keeps_what_was_stored() {
    let script = Script {
        revoked_after: Some(8),
        ..Script::default()
    };
    let bench = bench(script);
    let error = bench
        .run(&Scope::Owner("acme".to_owned()))
        .await
        .expect_err("revoked");
    assert!(
        matches!(error, GithubError::BadCredentials { .. }),
        "{error}"
    );
    assert!(bench.shelf.pages() > 0);
    bench.standin.follow(Script::default());
    bench
        .run(&Scope::Owner("acme".to_owned()))
        .await
        .expect("goes on with a new token");
    assert_eq!(bench.differences(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn one_repository_that_is_missing_does_not_keep_the_others() {
    let bench = bench(Script::default());
    let scope = Scope::Repositories(vec!["acme/none".to_owned(), "acme/shop".to_owned()]);
    let report = bench.run(&scope).await.expect("a sync");
    assert_eq!(report.problems.len(), 1);
    assert_eq!(bench.differences(), Vec::<String>::new());
}
