//! Estimates that were shown and wait for a word. Each can be taken once: a form that is sent twice
//! begins one run, and what begins is what was shown.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::access::random_text;
use crate::runs::{RunEstimate, RunRequest};

/// How long an estimate waits.
const LIFETIME: Duration = Duration::from_mins(30);

/// Estimates that wait at a time; the oldest makes room.
const MOST: usize = 100;

/// An estimate with what it is of.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Who asked for it; nobody else may take it.
    pub(crate) visitor: String,
    /// What is to be asked.
    pub(crate) request: RunRequest,
    /// What it will take.
    pub(crate) estimate: RunEstimate,
}

/// All that wait.
#[derive(Default)]
pub(crate) struct Plans {
    waiting: Mutex<Vec<(String, Instant, Plan)>>,
}

impl Plans {
    fn waiting(&self) -> MutexGuard<'_, Vec<(String, Instant, Plan)>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|(_, since, _)| since.elapsed() < LIFETIME);
        waiting
    }

    /// Keeps a plan, and returns the word by which it is taken.
    pub(crate) fn keep(&self, plan: Plan) -> String {
        let word = random_text();
        let mut waiting = self.waiting();
        if waiting.len() >= MOST {
            waiting.remove(0);
        }
        waiting.push((word.clone(), Instant::now(), plan));
        word
    }

    /// Takes a plan of this visitor.
    pub(crate) fn take(&self, word: &str, visitor: &str) -> Option<Plan> {
        let mut waiting = self.waiting();
        let place = waiting
            .iter()
            .position(|(one, _, plan)| one == word && plan.visitor == visitor)?;
        Some(waiting.remove(place).2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::EstimateRange;

    fn plan(visitor: &str) -> Plan {
        Plan {
            visitor: visitor.to_owned(),
            request: RunRequest::default(),
            estimate: RunEstimate {
                tiers: vec!["rules".to_owned()],
                requests: 1,
                prompt_tokens: EstimateRange::default(),
                output_tokens: EstimateRange::default(),
                cost: EstimateRange::default(),
                sync_cost_usd: 0.0,
                unpriced: Vec::new(),
                parts: Vec::new(),
                shortened: 0,
                masked: 0,
            },
        }
    }

    #[test]
    fn a_plan_is_taken_once_and_by_whom_it_was_shown() {
        let plans = Plans::default();
        let word = plans.keep(plan("ann"));
        assert!(plans.take(&word, "bob").is_none());
        assert!(plans.take(&word, "ann").is_some());
        assert!(plans.take(&word, "ann").is_none());
    }

    #[test]
    fn the_oldest_plan_makes_room() {
        let plans = Plans::default();
        let first = plans.keep(plan("ann"));
        for _ in 0..MOST {
            plans.keep(plan("ann"));
        }
        assert!(plans.take(&first, "ann").is_none());
        assert_eq!(plans.waiting().len(), MOST);
    }
}
