//! What is kept from being asked again, and the decisions about it.

use super::state::{Standing, State};
use crate::ledger::records::{Decision, QuarantinedRequest, RequestCursor, Ruling, RulingLine};

impl State {
    pub(super) fn quarantined(
        &self,
        task: &str,
        after: Option<RequestCursor>,
        limit: usize,
    ) -> Vec<QuarantinedRequest> {
        let mut page = Vec::new();
        for (cursor, run, request) in self.requests_of(task, after) {
            let (true, Some(failure)) = (request.standing.is_kept_back(), &request.ended) else {
                continue;
            };
            if page.len() == limit {
                break;
            }
            let ruled = self.rulings.iter().rev();
            page.push(QuarantinedRequest {
                cursor,
                custom_id: request.custom_id.clone(),
                subject: request.subject.clone(),
                group: request.group.clone(),
                content_hash: request.content_hash.clone(),
                prompt_version: run.run.spec.task.prompt_version.clone(),
                schema_version: run.run.spec.task.schema_version.clone(),
                tier: request.variant.tier,
                attempts: u32::try_from(request.attempts.len()).unwrap_or(u32::MAX),
                kind: failure.kind,
                detail: failure.detail.clone(),
                dropped: request.standing == Standing::Dropped,
                note: ruled
                    .map(|(_, line)| line)
                    .find(|line| (line.run, line.seq) == (cursor.run, cursor.seq))
                    .and_then(|line| line.note.clone()),
            });
        }
        page
    }

    pub(super) fn rule(&mut self, places: &[RequestCursor], ruling: &Ruling) -> u64 {
        let mut changed = 0;
        for place in places {
            let Some(run) = self.runs.get_mut(&place.run) else {
                continue;
            };
            let task = run.run.spec.task.name.clone();
            let Some(request) = run.request_mut(place.seq) else {
                continue;
            };
            let standing = match (ruling.decision, request.standing) {
                (Decision::Retry, Standing::Quarantined | Standing::Dropped) => Standing::Released,
                (Decision::Drop, Standing::Quarantined) => Standing::Dropped,
                _ => continue,
            };
            request.standing = standing;
            changed += 1;
            let line = RulingLine {
                id: self.rulings.len() as u64 + 1,
                run: place.run,
                seq: place.seq,
                subject: request.subject.clone(),
                decision: ruling.decision,
                note: ruling.note.clone(),
                at: ruling.at,
            };
            self.rulings.push((task, line));
        }
        changed
    }

    pub(super) fn rulings(&self, task: &str, after: Option<u64>, limit: usize) -> Vec<RulingLine> {
        self.rulings
            .iter()
            .filter(|(of, line)| of == task && line.id > after.unwrap_or(0))
            .take(limit)
            .map(|(_, line)| line.clone())
            .collect()
    }
}
