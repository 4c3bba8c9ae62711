//! A store in a temporary folder, and a sync into it without a socket.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use github::transport::{Request, Response, Transport, TransportError};
use github::{
    Address, Client, ClientSettings, Credentials, GithubError, Scope, Silent, SyncReport,
    SyncSettings, Synchroniser,
};
use model::{PrKey, PullRequest};
use secrecy::SecretString;
use standin::{Reply, RepositorySpec, Script, Sizes, StandIn, TOKEN, World};
use store::{OpenOptions, Store};
use tokio_util::sync::CancellationToken;

/// Brings requests to the stand-in.
struct Direct(Arc<StandIn>);

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
        let Reply::Response {
            status,
            headers,
            body,
        } = reply
        else {
            panic!("no faults are scripted here");
        };
        // What a query takes at GitHub, more or less.
        tokio::time::sleep(Duration::from_millis(300)).await;
        Ok(Response {
            status,
            headers,
            body,
        })
    }
}

pub(crate) struct Bench {
    pub(crate) standin: Arc<StandIn>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) settings: ClientSettings,
    _folder: tempfile::TempDir,
    path: PathBuf,
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
    pub(crate) fn new(seed: u64, specs: &[RepositorySpec], script: Script) -> Bench {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tandem.db");
        Bench {
            standin: Arc::new(StandIn::new(
                World::new(seed, Sizes::small(), specs),
                script,
            )),
            store: open(&path),
            settings: ClientSettings::default(),
            path,
            _folder: folder,
        }
    }

    /// The same on a database that is there already.
    pub(crate) fn on(mut self, sql: &str) -> Bench {
        let path = self.path.with_file_name("older.db");
        rusqlite::Connection::open(&path)
            .and_then(|connection| connection.execute_batch(sql))
            .expect("loads");
        self.store = open(&path);
        self
    }

    pub(crate) async fn run(&self, scope: &Scope) -> Result<SyncReport, GithubError> {
        let client = Client::new(
            Address::at("http://localhost").expect("an address"),
            Credentials::Token(SecretString::from(TOKEN)),
            None,
            Arc::new(Direct(Arc::clone(&self.standin))),
            Arc::new(Silent),
            self.settings.clone(),
        );
        Synchroniser::new(
            Arc::new(client),
            Arc::clone(&self.store).shelf(),
            SyncSettings::default(),
            CancellationToken::new(),
        )
        .run(scope)
        .await
    }

    pub(crate) fn stored(&self, repo: &str, number: u64) -> Option<PullRequest> {
        let key = PrKey {
            repo: repo.to_owned(),
            number,
        };
        self.store
            .pull_request(&key)
            .expect("reads")
            .map(|stored| stored.pull_request)
    }

    /// What differs between the store and the truth; empty when nothing does.
    pub(crate) fn differences(&self) -> Vec<String> {
        let mut differences = Vec::new();
        self.standin.with_world(|world| {
            for repository in 0..world.len() {
                let name = world.name(repository);
                for number in world.numbers(repository) {
                    let truth = world.pull_request(repository, number).map(comparable);
                    let Some(truth) = truth else { continue };
                    match self.stored(name, number).map(comparable) {
                        Some(stored) if stored == truth => {}
                        Some(stored) => {
                            differences
                                .push(format!("{name}#{number}: {}", first(&truth, &stored)));
                        }
                        None => differences.push(format!("{name}#{number} is missing")),
                    }
                }
            }
        });
        differences
    }
}

pub(crate) fn acme() -> Scope {
    Scope::Owner("acme".to_owned())
}

fn open(path: &Path) -> Arc<dyn Store> {
    store::open(&path.display().to_string(), &OpenOptions::write("test")).expect("opens")
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

fn first(truth: &PullRequest, stored: &PullRequest) -> String {
    let truth = serde_json::to_value(truth).expect("serialises");
    let stored = serde_json::to_value(stored).expect("serialises");
    let fields = truth.as_object().expect("an object");
    for (name, value) in fields {
        if stored.get(name) != Some(value) {
            return format!("{name} is {:?}, not {value}", stored.get(name));
        }
    }
    "a field is there that should not be".to_owned()
}
