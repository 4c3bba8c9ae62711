//! llmock: several providers' routes, and prose as every answer.

use std::time::Duration;

use batch::provider::Profile;
use batch::{FailureKind, RunEnd};

use crate::bench::{Bench, openai_habits, transport};
use crate::common::lock;
use crate::servers::{self, Server};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn llmock_says_prose_on_every_route() {
    if !tokio::task::block_in_place(|| servers::install(&["llmock"])) {
        return;
    }
    let llmock = Server::llmock();
    let openai = openai_habits(&format!("{}/v1", llmock.origin()));
    let groq = Profile::groq().at(&format!("{}/openai/v1", llmock.groq()));
    for profile in [openai, groq] {
        let mut bench = Bench::openai_shaped(profile, transport());
        // It lists models of its own.
        bench.settings.model_check = batch::ModelCheck::CatalogueOnly;
        // Its batches are validated for three seconds.
        bench.settings.poll.max = Duration::from_millis(500);
        let report = bench.run(&["plain"; 5]).await;
        assert_eq!(report.end, RunEnd::Finished);
        assert_eq!(report.summary.totals.failed, 5);
        assert_eq!(
            Bench::failed(&report, 1),
            [(FailureKind::Parse, 5)],
            "{report:#?}"
        );
        assert_eq!(
            Bench::failed(&report, 2),
            [(FailureKind::Parse, 5)],
            "{report:#?}"
        );
    }
}

/// The routes of Anthropic and Mistral say prose as well, or something that is no document.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn llmock_as_anthropic_and_mistral() {
    if !tokio::task::block_in_place(|| servers::install(&["llmock"])) {
        return;
    }
    let llmock = Server::llmock();
    for (name, path, tiers) in [
        (
            "anthropic",
            "/anthropic",
            [
                "anthropic:openai/gpt-oss-20b",
                "anthropic:openai/gpt-oss-120b",
            ],
        ),
        (
            "mistral",
            "/mistral/v1",
            ["mistral:openai/gpt-oss-20b", "mistral:openai/gpt-oss-120b"],
        ),
    ] {
        let bench = Bench::named(name, &format!("{}{path}", llmock.origin()), &tiers);
        let report = bench.run(&["plain"; 5]).await;
        assert_eq!(report.end, RunEnd::Finished, "{name}");
        assert_eq!(report.summary.totals.failed, 5, "{name}");
        for tier in [1, 2] {
            assert_eq!(
                Bench::failed(&report, tier),
                [(FailureKind::Parse, 5)],
                "{name}"
            );
        }
        // It counts tokens in each manner, so the usage of answers that are prose is read.
        assert!(report.summary.totals.tokens.output > 0, "{name}");
        assert!(lock(&bench.warnings).is_empty(), "{name}");
    }
}

/// Asked one by one, llmock makes a document for any schema: behind OGX every answer is valid, if the
/// schema reaches it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ogx_in_front_of_llmock() {
    if !tokio::task::block_in_place(|| servers::install(&["ogx", "llmock"])) {
        return;
    }
    let llmock = Server::llmock();
    let ogx = Server::ogx("ogx-llmock-state", &llmock);
    let bench = Bench::openai_shaped(openai_habits(&format!("{}/v1", ogx.origin())), transport());
    let report = bench.run(&["plain"; 20]).await;
    assert_eq!(report.end, RunEnd::Finished);
    assert_eq!(report.summary.tiers[0].answered, 20, "{report:#?}");
}
