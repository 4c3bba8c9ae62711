//! Counts which faults have happened.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::scenario::{BatchFault, Fault, HttpCall, HttpFault};

/// How often each fault has happened, by its name: `line missing`, `batch expires`,
/// `call poll dropped`.
#[derive(Debug, Default)]
pub(crate) struct Hits(Mutex<BTreeMap<String, u64>>);

impl Hits {
    pub(crate) fn line(&self, fault: Fault) {
        self.count(format!("line {}", fault.name()));
    }

    pub(crate) fn batch(&self, fault: BatchFault) {
        self.count(format!("batch {}", fault.name()));
    }

    pub(crate) fn call(&self, call: HttpCall, fault: HttpFault) {
        self.count(format!("call {} {}", call.name(), fault.name()));
    }

    pub(crate) fn so_far(&self) -> BTreeMap<String, u64> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn count(&self, name: String) {
        let mut hits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *hits.entry(name).or_default() += 1;
    }
}
