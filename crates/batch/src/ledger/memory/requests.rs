//! Requests: claimed, waiting for a shard, ended.

use super::state::{RequestData, Standing, State};
use crate::ledger::LedgerError;
use crate::ledger::records::{
    Admission, ReadyGroup, ReadyRequest, RequestCursor, Run, RunId, StoredRequest, Variant,
};
use crate::outcome::Failure;
use crate::task::{NewRequest, RunSpec};

impl State {
    pub(super) fn add_requests(
        &mut self,
        run: RunId,
        variant: Variant,
        requests: &[NewRequest],
    ) -> Result<Vec<Admission>, LedgerError> {
        let Run {
            spec, started_at, ..
        } = self.run(run)?.run.clone();
        let mut admissions = Vec::with_capacity(requests.len());
        for request in requests {
            let claim = (spec.task.name.clone(), request.subject.clone());
            let admission = if self.run(run)?.by_custom_id.contains_key(&request.custom_id) {
                Admission::RepeatedId
            } else if let Some(holder) = self.claims.get(&claim) {
                Admission::Held(*holder)
            } else if let Some(by) = self.kept_back_by(&spec, request) {
                Admission::Quarantined(by)
            } else if let Some((other, _)) = self
                .earlier(&spec, request)
                .find(|(other, data)| other.run.id != run && data.is_answered_after(started_at))
            {
                Admission::Answered(other.run.id)
            } else {
                let prior_attempts = self
                    .earlier(&spec, request)
                    .filter(|(_, data)| data.standing == Standing::Failed)
                    .map(|(_, data)| data.counted_attempts())
                    .fold(0, u32::saturating_add);
                let seq = self.run(run)?.requests.len() as u64 + 1;
                let place = RequestCursor { run, seq };
                self.by_subject
                    .entry(claim.clone())
                    .or_default()
                    .push(place);
                self.claims.insert(claim, run);
                let data = self.run_mut(run)?;
                data.requests.push(RequestData {
                    custom_id: request.custom_id.clone(),
                    subject: request.subject.clone(),
                    group: request.group.clone(),
                    content_hash: request.content_hash.clone(),
                    payload: request.payload.clone(),
                    prompt_tokens: request.prompt_tokens,
                    prior_attempts,
                    tier_attempts: 0,
                    variant,
                    standing: Standing::Ready,
                    attempts: Vec::new(),
                    ended: None,
                    standing_tier: None,
                });
                data.by_custom_id.insert(request.custom_id.clone(), seq);
                data.ready.entry(variant).or_default().insert((None, seq));
                data.totals.requests += 1;
                data.totals.waiting += 1;
                Admission::Claimed
            };
            admissions.push(admission);
        }
        Ok(admissions)
    }

    /// The first run whose request of this content was quarantined with these versions, or dropped.
    fn kept_back_by(&self, spec: &RunSpec, request: &NewRequest) -> Option<RunId> {
        let quarantined = self
            .earlier(spec, request)
            .filter(|(_, data)| data.standing == Standing::Quarantined);
        let dropped = self
            .of_content(spec, request)
            .filter(|(_, data)| data.standing == Standing::Dropped);
        quarantined.chain(dropped).map(|(run, _)| run.run.id).min()
    }

    pub(super) fn end_ready_requests(
        &mut self,
        run: RunId,
        failure: &Failure,
    ) -> Result<u64, LedgerError> {
        let data = self.run_mut(run)?;
        let task = data.run.spec.task.name.clone();
        let mut subjects = Vec::new();
        let mut failed = 0;
        for request in &mut data.requests {
            if request.standing != Standing::Ready {
                continue;
            }
            subjects.push(request.subject.clone());
            if request.standing_tier.is_some() {
                request.standing = Standing::Answered;
            } else {
                request.standing = Standing::Failed;
                request.ended = Some(failure.clone());
                failed += 1;
            }
        }
        data.ready.clear();
        data.totals.in_doubt -= subjects.len() as u64 - failed;
        data.totals.waiting -= failed;
        data.totals.failed += failed;
        for subject in subjects {
            self.claims.remove(&(task.clone(), subject));
        }
        Ok(failed)
    }

    pub(super) fn ready_groups(
        &self,
        run: RunId,
        most: u64,
    ) -> Result<Vec<ReadyGroup>, LedgerError> {
        let groups = self.run(run)?.ready.iter();
        Ok(groups
            .filter(|(_, seqs)| !seqs.is_empty())
            .map(|(variant, seqs)| ReadyGroup {
                variant: *variant,
                requests: (seqs.len() as u64).min(most.max(1)),
            })
            .collect())
    }

    pub(super) fn ready(
        &self,
        run: RunId,
        variant: Variant,
        limit: usize,
    ) -> Result<Vec<ReadyRequest>, LedgerError> {
        let data = self.run(run)?;
        let Some(seqs) = data.ready.get(&variant) else {
            return Ok(Vec::new());
        };
        let mut page = Vec::new();
        for (_, seq) in seqs.iter().take(limit) {
            if let Some(request) = data.request(*seq) {
                page.push(ReadyRequest {
                    seq: *seq,
                    custom_id_bytes: request.custom_id.len() as u64,
                    payload_bytes: request.payload.as_json().len() as u64,
                    prompt_tokens: request.prompt_tokens,
                });
            }
        }
        Ok(page)
    }

    pub(super) fn stored(
        &self,
        run: RunId,
        seqs: &[u64],
    ) -> Result<Vec<StoredRequest>, LedgerError> {
        let data = self.run(run)?;
        let open = seqs
            .iter()
            .filter(|seq| data.request(**seq).is_some_and(RequestData::is_open));
        Ok(open.filter_map(|seq| data.stored(*seq)).collect())
    }
}
