//! One process that works on a run, and what it says.

use std::io::{self, BufRead, BufReader, Read};
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Arc;

use batch::RunId;
use serde::Deserialize;

use super::State;

/// Lines that are kept of what it said.
const LINES: usize = 6;

/// The longest line that is read; events of runs with many tiers are a few kilobytes.
const LINE_BYTES: u64 = 1024 * 1024;

/// The longest remark that is kept, in characters.
const REMARK: usize = 400;

/// What is needed of an event (docs/events.md).
#[derive(Deserialize)]
struct Event {
    run: Option<RunId>,
    event: String,
    message: Option<String>,
}

/// A process; dropping it asks it to stop.
pub(super) struct Child {
    stdin: Option<ChildStdin>,
}

impl Child {
    /// Begins a process, and listens to it on a thread until it ends.
    pub(super) fn spawn(mut command: Command, state: Arc<State>, number: u64) -> io::Result<Child> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take();
        let stderr = child.stderr.take();
        std::thread::Builder::new()
            .name(format!("run-work-{number}"))
            .spawn(move || {
                if let Some(stderr) = stderr {
                    listen(stderr, &state, number);
                }
                let ending = match child.wait() {
                    Ok(status) => ending(status),
                    Err(error) => format!("lost: {error}"),
                };
                state.update(number, |work| {
                    work.is_working = false;
                    work.ending = Some(ending);
                });
            })?;
        Ok(Child { stdin })
    }

    /// Asks it to stop at the next safe point: it does when its stdin ends.
    pub(super) fn stop(&mut self) {
        self.stdin = None;
    }
}

/// Reads what a process says until it says no more.
fn listen(stderr: impl Read, state: &State, number: u64) {
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader
            .by_ref()
            .take(LINE_BYTES)
            .read_until(b'\n', &mut line)
        {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        let (run, remark) = match serde_json::from_str::<Event>(text) {
            Ok(event) if event.event == "warning" => (event.run, event.message),
            Ok(event) => (event.run, None),
            Err(_) => (None, told(text)),
        };
        if run.is_none() && remark.is_none() {
            continue;
        }
        state.update(number, |work| {
            work.run = work.run.or(run);
            if let Some(remark) = remark {
                work.said.push(remark.chars().take(REMARK).collect());
                let too_many = work.said.len().saturating_sub(LINES);
                work.said.drain(..too_many);
            }
        });
    }
}

/// A line for people without what only a terminal needs; nothing where it says nothing.
pub(super) fn told(line: &str) -> Option<String> {
    let plain: String = line.chars().filter(|one| !one.is_control()).collect();
    let plain = plain.trim();
    let plain = plain.strip_prefix("error: ").unwrap_or(plain);
    (!plain.is_empty()).then(|| plain.to_owned())
}

/// What an exit code says (cli.rs).
fn ending(status: ExitStatus) -> String {
    match status.code() {
        Some(0) => "done".to_owned(),
        Some(2 | 3) => "refused".to_owned(),
        Some(4) => "finished, but some requests have no answer".to_owned(),
        Some(5) => "stopped by the budget; it can be resumed with a larger one".to_owned(),
        Some(130) => "stopped; it can be resumed".to_owned(),
        Some(code) => format!("failed with exit code {code}; what was answered is kept"),
        None => "killed; it can be resumed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use web::WorkKind;

    #[test]
    fn what_a_process_says_is_read() {
        let state = State::default();
        let number = state.open(WorkKind::Start, None).expect("room");
        let said = "{\"version\":1,\"event\":\"started\",\"at\":\"x\",\"run\":7,\"requests\":3}\n\
                    {\"version\":1,\"event\":\"warning\",\"run\":7,\"message\":\"slow\"}\n\
                    error: no\u{1b}[0m key\n\n{\"broken\n";
        listen(said.as_bytes(), &state, number);
        let mut seen = None;
        state.update(number, |work| seen = Some(work.clone()));
        let work = seen.expect("known");
        assert_eq!(work.run, Some(RunId(7)));
        assert_eq!(work.said, ["slow", "no[0m key", "{\"broken"]);
    }
}
