//! The example does what it says.

#[path = "../examples/tickets.rs"]
#[expect(dead_code, reason = "its main starts an emulator of its own")]
mod tickets;

use std::collections::BTreeSet;
use std::sync::Arc;

use batch::RunEnd;
use emulator::{EmulatorConfig, EmulatorHandle, Scenario, SchemaAnswerer};

#[tokio::test]
async fn every_ticket_is_sorted_once() {
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    let config = EmulatorConfig::new(Scenario::default());
    let emulator = EmulatorHandle::start(config, Arc::new(SchemaAnswerer))
        .await
        .expect("starts");
    let sorted = tickets::sort(&emulator.base_url(), "any")
        .await
        .expect("runs");
    assert_eq!(sorted.report.end, RunEnd::Finished);
    assert_eq!(sorted.report.summary.totals.answered, 500);
    // The cheap model fails one in 25, and the stronger one answers those.
    let answered: Vec<u64> = sorted
        .report
        .summary
        .tiers
        .iter()
        .map(|tier| tier.answered)
        .collect();
    assert_eq!(answered, [480, 20]);
    let ids: BTreeSet<&str> = sorted
        .answers
        .iter()
        .map(|answer| answer.custom_id.as_str())
        .collect();
    assert_eq!((ids.len(), sorted.answers.len()), (500, 500));
}
