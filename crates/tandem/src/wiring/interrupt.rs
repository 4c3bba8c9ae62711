//! Ctrl-C: the first stops at the next safe point, the second leaves at once. Both leave a run that
//! can be resumed, and say how.

use std::sync::{Arc, OnceLock};

use batch::{CancellationToken, RunId};

use crate::error::CliError;
use crate::output::Output;

/// The exit code of an interrupted process.
const INTERRUPTED: i32 = 130;

/// Ready when a user (Ctrl-C) or a supervisor (SIGTERM) asks a server to stop.
pub(crate) async fn interrupted() {
    // Without a handler for a signal there is no way to ask, so that one is waited for in vain.
    let by_user = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let by_supervisor = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut terminate) => {
                terminate.recv().await;
            }
            Err(_) => std::future::pending::<()>().await,
        }
    };
    #[cfg(not(unix))]
    let by_supervisor = std::future::pending::<()>();
    tokio::select! {
        () = by_user => {}
        () = by_supervisor => {}
    }
}

/// How work that was interrupted is taken up again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TakenUp {
    /// As a run of pull requests, with `tandem runs resume`.
    ByRun,
    /// By the same command once more.
    BySameCommand,
}

/// What an interrupt does to the work on a run.
#[derive(Clone)]
pub(crate) struct Interrupt {
    token: CancellationToken,
    run: Arc<OnceLock<RunId>>,
    taken_up: TakenUp,
    output: Output,
}

impl Interrupt {
    /// An interrupt that nobody has asked for yet.
    pub(crate) fn new(output: Output, taken_up: TakenUp) -> Self {
        Interrupt {
            taken_up,
            token: CancellationToken::new(),
            run: Arc::default(),
            output,
        }
    }

    /// Stops as after a first Ctrl-C when stdin ends too, where that is wanted: whoever began this process
    /// holds the other end, and it ends with them, however they end.
    pub(crate) fn ending_with_stdin(self, is_wanted: bool) -> Self {
        if is_wanted {
            let token = self.token.clone();
            // Not a task of the runtime, which would wait for the read when it ends.
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
                token.cancel();
            });
        }
        self
    }

    /// What the engine looks at.
    pub(crate) fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// Says which run the work is on, so that users can be told how to go on.
    pub(crate) fn concerns(&self, run: RunId) {
        // A process works on one run.
        let _ = self.run.set(run);
    }

    /// Does the work in a runtime, and heeds interrupts meanwhile.
    pub(crate) fn heeded<T>(
        &self,
        work: impl Future<Output = Result<T, CliError>>,
    ) -> Result<T, CliError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        let ears = self.clone();
        runtime.block_on(async {
            let listener = tokio::spawn(async move { ears.listen().await });
            let result = work.await;
            listener.abort();
            result
        })
    }

    async fn listen(&self) {
        if asked_to_stop().await.is_err() {
            return;
        }
        self.token.cancel();
        self.output.warning(
            "stopping at the next safe point; once more leaves at once, and nothing is lost either way",
        );
        if asked_to_stop().await.is_err() {
            return;
        }
        match self.run.get() {
            _ if self.taken_up == TakenUp::BySameCommand => self
                .output
                .hint("the same command goes on where it stopped, nothing is paid or read twice"),
            Some(run) => self.output.hint(&format!(
                "the run can be taken up where it stopped, nothing is paid twice: tandem runs resume {run}"
            )),
            None => self
                .output
                .hint("nothing was sent; tandem runs shows what was planned, if anything was"),
        }
        // The ledger commits every step before and after it is done, so that leaving here is no
        // different from a kill.
        std::process::exit(INTERRUPTED);
    }
}

/// Ctrl-C, or the polite signal of service managers.
#[cfg(unix)]
async fn asked_to_stop() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn asked_to_stop() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
