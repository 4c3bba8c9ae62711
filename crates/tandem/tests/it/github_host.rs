//! The GitHub stand-in on a socket, for tests of the binary.

use std::sync::Arc;

use jiff::Timestamp;
use standin::{AppKey, RepositorySpec, Script, Sizes, StandIn, TOKEN, World};

use crate::support::Tandem;

/// The stand-in in a runtime of its own, for as long as the test lives.
pub(crate) struct Server {
    pub(crate) standin: Arc<StandIn>,
    pub(crate) address: String,
    _runtime: tokio::runtime::Runtime,
}

pub(crate) fn serve(specs: &[RepositorySpec], script: Script) -> Server {
    serve_with(specs, script, None)
}

pub(crate) fn serve_with(specs: &[RepositorySpec], script: Script, app: Option<AppKey>) -> Server {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let (standin, address) = runtime.block_on(async {
        let world = World::new(5, Sizes::small(), specs);
        let standin = StandIn::with_app(world, script, app).at(Timestamp::now());
        let standin = Arc::new(standin);
        let address = standin::serve(Arc::clone(&standin)).await.expect("a port");
        (standin, format!("http://{address}"))
    });
    Server {
        standin,
        address,
        _runtime: runtime,
    }
}

pub(crate) fn repository(name: &str, pull_requests: u64) -> RepositorySpec {
    RepositorySpec {
        name: name.to_owned(),
        pull_requests,
        archived: false,
        fork: false,
    }
}

/// The binary, pointed at the stand-in and with its token.
pub(crate) fn tandem(server: &Server) -> Tandem {
    let mut tandem = Tandem::new();
    tandem.set("TANDEM_GITHUB_BASE_URL", &server.address);
    tandem.set("GITHUB_TOKEN", TOKEN);
    tandem
}
