//! aimock alone: batches that end as a header says, with canned answers.

use std::time::Duration;

use batch::{FailureKind, RunEnd};
use http::{HeaderName, HeaderValue};

use crate::bench::{Bench, openai_habits, transport};
use crate::meddling::{Meddling, MeddlingTransport};
use crate::servers::{self, Server};

const OUTCOME: &str = "x-aimock-batch-outcome";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aimock_alone() {
    if !tokio::task::block_in_place(|| servers::install(&["aimock"])) {
        return;
    }
    let aimock = Server::aimock(Duration::ZERO);
    let base = format!("{}/openai/v1", aimock.origin());
    // Every call carries the header, as a configured host's calls do.
    let on = |outcome: &'static str| {
        let mut profile = openai_habits(&base);
        let header = (
            HeaderName::from_static(OUTCOME),
            HeaderValue::from_static(outcome),
        );
        profile.headers.push(header);
        let mut bench = Bench::openai_shaped(profile, transport());
        // It lists models of its own.
        bench.settings.model_check = batch::ModelCheck::CatalogueOnly;
        bench
    };

    // Prose at both tiers.
    let mut bench = Bench::openai_shaped(openai_habits(&base), transport());
    bench.settings.model_check = batch::ModelCheck::CatalogueOnly;
    let report = bench.run(&["plain"; 6]).await;
    assert_eq!(Bench::failed(&report, 1), [(FailureKind::Parse, 6)]);
    assert_eq!(Bench::failed(&report, 2), [(FailureKind::Parse, 6)]);

    // Batches that end without any line.
    for outcome in ["expired", "cancelled"] {
        let bench = on(outcome);
        let report = bench.run(&["plain"; 3]).await;
        assert_eq!(report.end, RunEnd::Finished);
        assert_eq!(report.summary.totals.failed, 3, "{outcome}");
        assert_eq!(
            Bench::failed(&report, 1),
            [(FailureKind::Expired, 3)],
            "{outcome}"
        );
        // Asked three times, as the policy has it, before the next tier is.
        assert_eq!(report.summary.tiers[0].attempts, 9, "{outcome}");
    }

    // A batch of errors with a code that nobody knows.
    let report = on("failed").run(&["plain"; 3]).await;
    assert_eq!(report.end, RunEnd::Finished);
    assert_eq!(report.summary.totals.failed, 3, "{report:#?}");

    // The first batch expires, the next one is answered (in prose, which aimock always says).
    let meddling = Meddling::Header(OUTCOME, "expired", 1);
    let mut bench = Bench::openai_shaped(openai_habits(&base), MeddlingTransport::new(meddling));
    bench.settings.model_check = batch::ModelCheck::CatalogueOnly;
    let report = bench.run(&["plain"; 3]).await;
    assert_eq!(Bench::failed(&report, 1), [(FailureKind::Parse, 3)]);
    assert_eq!(
        report.summary.tiers[0].attempts, 6,
        "asked again at the same tier"
    );
}
