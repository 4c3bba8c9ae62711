//! A sync in one process: the stand-in behind a transport, a shelf in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use github::transport::{Request, Response, Transport, TransportError};
use github::{
    Address, Client, ClientSettings, Credentials, Event, GithubError, Mark, Marked, Observer, Page,
    Pause, RepositoryId, RepositoryProgress, RepositoryState, Scope, Shelf, ShelfError, SyncReport,
    SyncSettings, Synchroniser,
};
use model::PullRequest;
use secrecy::SecretString;
use standin::{Reply, RepositorySpec, Script, Sizes, StandIn, TOKEN, World};
use tokio_util::sync::CancellationToken;

/// Brings requests to the stand-in without a socket.
pub(crate) struct Direct(pub(crate) Arc<StandIn>);

#[async_trait]
impl Transport for Direct {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let path = request
            .url
            .strip_prefix("http://localhost")
            .expect("an address of the stand-in");
        let reply = self
            .0
            .answer(&request.method, path, &request.headers, &request.body);
        match reply {
            Reply::Response {
                status,
                headers,
                body,
            } => {
                // Every call takes a little while.
                tokio::time::sleep(Duration::from_millis(300)).await;
                Ok(Response {
                    status,
                    headers,
                    body,
                })
            }
            Reply::Timeout => {
                tokio::time::sleep(request.timeout).await;
                Err(TransportError {
                    timed_out: true,
                    message: "no response in time".to_owned(),
                })
            }
            Reply::Dropped => Err(TransportError {
                timed_out: false,
                message: "connection reset".to_owned(),
            }),
        }
    }
}

/// A shelf in memory. It can be made to fail, as a process that is killed.
#[derive(Default)]
pub(crate) struct MemoryShelf {
    inner: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    repositories: BTreeMap<RepositoryId, RepositoryState>,
    records: BTreeMap<(RepositoryId, u64), PullRequest>,
    gaps: BTreeMap<(RepositoryId, u64), String>,
    gone: Vec<(RepositoryId, u64)>,
    marks: BTreeMap<(RepositoryId, Marked), u64>,
    pages: u64,
    sequence: u64,
    writes: u64,
    fail_at: Option<u64>,
}

impl Held {
    fn write(&mut self) -> Result<(), ShelfError> {
        self.writes += 1;
        if self.fail_at == Some(self.writes) {
            return Err(ShelfError::new("the process was killed"));
        }
        Ok(())
    }

    fn mark(&mut self, repository: &RepositoryId, what: Marked) {
        self.sequence += 1;
        self.marks.insert((repository.clone(), what), self.sequence);
    }
}

impl MemoryShelf {
    /// Marks something to be read again, as a webhook does.
    pub(crate) fn mark(&self, repository: usize, what: Marked) {
        let id = RepositoryId(format!("R_{repository}"));
        self.inner.lock().expect("not poisoned").mark(&id, what);
    }

    pub(crate) fn marked(&self) -> usize {
        self.inner.lock().expect("not poisoned").marks.len()
    }

    /// Fails at the write of this number, counted from now.
    pub(crate) fn fail_at(&self, write: Option<u64>) {
        let mut held = self.inner.lock().expect("not poisoned");
        held.fail_at = write.map(|write| held.writes + write);
    }

    pub(crate) fn record(&self, repository: usize, number: u64) -> Option<PullRequest> {
        let key = (RepositoryId(format!("R_{repository}")), number);
        let held = self.inner.lock().expect("not poisoned");
        let mut record = held.records.get(&key).cloned()?;
        // A repository that was renamed takes its pull requests with it.
        record.repo.clone_from(&held.repositories.get(&key.0)?.name);
        Some(record)
    }

    pub(crate) fn gap(&self, repository: usize, number: u64) -> Option<String> {
        let key = (RepositoryId(format!("R_{repository}")), number);
        self.inner
            .lock()
            .expect("not poisoned")
            .gaps
            .get(&key)
            .cloned()
    }

    pub(crate) fn gone(&self) -> Vec<(RepositoryId, u64)> {
        self.inner.lock().expect("not poisoned").gone.clone()
    }

    pub(crate) fn pages(&self) -> u64 {
        self.inner.lock().expect("not poisoned").pages
    }

    pub(crate) fn repository(&self, index: usize) -> Option<RepositoryState> {
        let id = RepositoryId(format!("R_{index}"));
        self.inner
            .lock()
            .expect("not poisoned")
            .repositories
            .get(&id)
            .cloned()
    }
}

impl Shelf for MemoryShelf {
    fn repositories(&self) -> Result<Vec<RepositoryState>, ShelfError> {
        let held = self.inner.lock().expect("not poisoned");
        let marked = |state: &RepositoryState| {
            held.marks.keys().filter(|(id, _)| *id == state.id).count() as u64
        };
        Ok(held
            .repositories
            .values()
            .map(|state| RepositoryState {
                marks: marked(state),
                ..state.clone()
            })
            .collect())
    }

    fn put_repository(&self, repository: &RepositoryState) -> Result<(), ShelfError> {
        let mut held = self.inner.lock().expect("not poisoned");
        held.write()?;
        held.repositories
            .insert(repository.id.clone(), repository.clone());
        Ok(())
    }

    fn put_progress(
        &self,
        repository: &RepositoryId,
        progress: &RepositoryProgress,
    ) -> Result<(), ShelfError> {
        let mut held = self.inner.lock().expect("not poisoned");
        held.write()?;
        if let Some(state) = held.repositories.get_mut(repository) {
            state.progress = progress.clone();
        }
        Ok(())
    }

    fn put_page(&self, repository: &RepositoryId, page: &Page) -> Result<u64, ShelfError> {
        let mut held = self.inner.lock().expect("not poisoned");
        held.write()?;
        held.pages += 1;
        for whole in &page.whole {
            let key = (repository.clone(), whole.record.number);
            // As the store: the later record wins, an earlier one that comes late changes nothing.
            let is_older = held
                .records
                .get(&key)
                .is_some_and(|stored| stored.updated_at > whole.record.updated_at);
            if is_older {
                continue;
            }
            match &whole.gap {
                Some(gap) => held.gaps.insert(key.clone(), gap.clone()),
                None => held.gaps.remove(&key),
            };
            held.records.insert(key, whole.record.clone());
        }
        for (number, reason) in &page.unreadable {
            held.gaps
                .insert((repository.clone(), *number), reason.clone());
        }
        for number in &page.gone {
            let key = (repository.clone(), *number);
            if held.records.contains_key(&key) && !held.gone.contains(&key) {
                held.gone.push(key);
            }
        }
        for number in &page.again {
            held.mark(repository, Marked::PullRequest(*number));
        }
        Ok(page.whole.len() as u64)
    }

    fn numbers(
        &self,
        repository: &RepositoryId,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<u64>, ShelfError> {
        let held = self.inner.lock().expect("not poisoned");
        let numbers: BTreeSet<u64> = held
            .records
            .keys()
            .chain(held.gaps.keys())
            .filter(|(id, number)| id == repository && after.is_none_or(|after| *number > after))
            .filter(|key| !held.gone.contains(key))
            .map(|(_, number)| *number)
            .collect();
        Ok(numbers.into_iter().take(limit).collect())
    }

    fn marks(&self, repository: &RepositoryId) -> Result<Vec<Mark>, ShelfError> {
        let held = self.inner.lock().expect("not poisoned");
        let marks = held.marks.iter().filter(|((id, _), _)| id == repository);
        Ok(marks
            .map(|((_, what), sequence)| Mark {
                what: *what,
                sequence: *sequence,
            })
            .collect())
    }

    fn clear_marks(&self, repository: &RepositoryId, heeded: &[Mark]) -> Result<(), ShelfError> {
        let mut held = self.inner.lock().expect("not poisoned");
        held.write()?;
        held.marks.retain(|(id, what), sequence| {
            id != repository
                || !heeded
                    .iter()
                    .any(|mark| mark.what == *what && *sequence <= mark.sequence)
        });
        Ok(())
    }
}

/// Remembers what was said.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) pauses: Mutex<Vec<Pause>>,
    pub(crate) warnings: Mutex<Vec<String>>,
}

impl Observer for Notes {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::Waiting(pause) => {
                self.pauses
                    .lock()
                    .expect("not poisoned")
                    .push(pause.clone());
            }
            Event::Warning(words) => {
                self.warnings
                    .lock()
                    .expect("not poisoned")
                    .push((*words).to_owned());
            }
            _ => {}
        }
    }
}

/// A stand-in and a shelf.
pub(crate) struct Bench {
    pub(crate) standin: Arc<StandIn>,
    pub(crate) shelf: Arc<MemoryShelf>,
    pub(crate) notes: Arc<Notes>,
    pub(crate) settings: ClientSettings,
    pub(crate) credentials: Credentials,
    pub(crate) sync: SyncSettings,
}

pub(crate) fn repository(name: &str, pull_requests: u64) -> RepositorySpec {
    RepositorySpec {
        name: name.to_owned(),
        pull_requests,
        archived: false,
        fork: false,
    }
}

impl Bench {
    pub(crate) fn new(seed: u64, sizes: Sizes, specs: &[RepositorySpec], script: Script) -> Bench {
        let world = World::new(seed, sizes, specs);
        Bench {
            standin: Arc::new(StandIn::new(world, script)),
            shelf: Arc::default(),
            notes: Arc::default(),
            settings: ClientSettings::default(),
            credentials: Credentials::Token(SecretString::from(TOKEN)),
            sync: SyncSettings::default(),
        }
    }

    pub(crate) async fn run(&self, scope: &Scope) -> Result<SyncReport, GithubError> {
        let client = Client::new(
            Address::at("http://localhost").expect("an address"),
            self.credentials.clone(),
            Some("acme".to_owned()),
            Arc::new(Direct(Arc::clone(&self.standin))),
            self.notes.clone(),
            self.settings.clone(),
        );
        Synchroniser::new(
            Arc::new(client),
            self.shelf.clone(),
            self.sync.clone(),
            CancellationToken::new(),
        )
        .run(scope)
        .await
    }

    /// What differs between the shelf and the truth; empty when nothing does.
    pub(crate) fn differences(&self) -> Vec<String> {
        let mut differences = Vec::new();
        self.standin.with_world(|world| {
            for repository in 0..world.len() {
                for number in world.numbers(repository) {
                    let key = format!("{}#{number}", world.name(repository));
                    let truth = world.pull_request(repository, number).map(comparable);
                    let stored = self.shelf.record(repository, number).map(comparable);
                    match (truth, stored) {
                        (Some(truth), Some(stored)) if truth == stored => {}
                        (Some(truth), Some(stored)) => {
                            differences
                                .push(format!("{key}: {}", first_difference(&truth, &stored)));
                        }
                        (Some(_), None) => differences.push(format!("{key} is missing")),
                        (None, _) => {}
                    }
                }
            }
        });
        differences
    }
}

/// Comments come in two lists whose pages may arrive in any order.
fn comparable(record: PullRequest) -> PullRequest {
    let mut record = record;
    if let Some(comments) = &mut record.comments {
        comments.sort_by(|a, b| {
            (a.created_at, &a.path, &a.body).cmp(&(b.created_at, &b.path, &b.body))
        });
    }
    record
}

fn first_difference(truth: &PullRequest, stored: &PullRequest) -> String {
    let truth = serde_json::to_value(truth).expect("serialises");
    let stored = serde_json::to_value(stored).expect("serialises");
    let fields = truth.as_object().expect("an object");
    for (name, value) in fields {
        if stored.get(name) != Some(value) {
            let cut = |value: Option<&serde_json::Value>| -> String {
                value
                    .map(ToString::to_string)
                    .unwrap_or_default()
                    .chars()
                    .take(300)
                    .collect()
            };
            return format!(
                "{name} is {}, not {}",
                cut(stored.get(name)),
                cut(Some(value))
            );
        }
    }
    "a field is there that should not be".to_owned()
}
