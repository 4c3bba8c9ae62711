//! Tests of the made-up organisation: it is what it says it is.

mod effects;
mod recovery;
mod shapes;
mod signatures;

use std::sync::LazyLock;

use jiff::civil::{Date, date};
use model::PullRequest;

use super::{Organisation, PlantedSummary, PlantedTruth, Team};

const SEED: u64 = 7;
const TODAY: Date = date(2026, 11, 23);

/// The organisation that most tests look at, made once.
static RECORDS: LazyLock<Vec<(PullRequest, PlantedTruth)>> =
    LazyLock::new(|| Organisation::new(SEED, TODAY).pull_requests().collect());
static SUMMARY: LazyLock<PlantedSummary> =
    LazyLock::new(|| Organisation::new(SEED, TODAY).summary());
