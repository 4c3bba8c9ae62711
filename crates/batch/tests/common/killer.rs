//! Kills a "process" at a step: the task unwinds, and only what is durable is left.

use std::sync::atomic::{AtomicU32, Ordering};

use batch::{Moment, Step};

/// A point at which the process dies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KillAt {
    pub(crate) step: Step,
    pub(crate) moment: Moment,
    /// Which time the point is reached, from 1.
    pub(crate) time: u32,
}

/// Counts how often the point was reached.
pub(crate) struct Spell {
    kill: KillAt,
    reached: AtomicU32,
}

impl Spell {
    pub(crate) fn new(kill: KillAt) -> Spell {
        Spell {
            kill,
            reached: AtomicU32::new(0),
        }
    }

    pub(crate) fn reach(&self, step: Step, moment: Moment) {
        if (step, moment) != (self.kill.step, self.kill.moment) {
            return;
        }
        if self.reached.fetch_add(1, Ordering::SeqCst) + 1 == self.kill.time {
            // Unwinds without a message: nothing is wrong here.
            std::panic::resume_unwind(Box::new("killed"));
        }
    }
}
