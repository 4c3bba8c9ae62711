//! The ledger in memory passes the suite that every ledger passes.

use batch::MemoryLedger;

#[test]
fn memory_ledger_conforms() {
    batch::testing::check_ledger(MemoryLedger::new);
}
