//! What a person or a program sees of a run while it works.

use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use batch::{Event, Observer, RunEnd, ShardProgress};

use crate::app::App;
use crate::error::CliError;
use crate::output::{Output, count, dollars};
use board::Board;
use events::Events;
use screen::{Screen, pace, shards};

mod board;
mod events;
mod screen;

/// Without a terminal, how much time lies between two lines that say how far the run is.
const BETWEEN_LINES: Duration = Duration::from_secs(30);

/// Shows progress on stderr: bars at a terminal, plain lines at sensible moments otherwise, nothing
/// but warnings when quiet; and writes events for machines where they were asked for.
pub(crate) struct RunObserver {
    output: Output,
    state: Mutex<State>,
}

struct State {
    board: Board,
    screen: Option<Screen>,
    events: Option<Events>,
    last_line: Instant,
}

impl RunObserver {
    /// An observer that speaks as the options allow.
    ///
    /// # Errors
    /// When the file for events cannot be made.
    pub(crate) fn new(app: &App) -> Result<Self, CliError> {
        let now = Instant::now();
        let events = app.events.as_deref().map(open_events).transpose()?;
        Ok(RunObserver {
            output: app.output,
            state: Mutex::new(State {
                board: Board::new(now),
                screen: app.output.progress.then(Screen::new),
                events,
                last_line: now,
            }),
        })
    }
}

fn open_events(path: &Path) -> Result<Events, CliError> {
    Events::to(path).map_err(|error| {
        CliError::input(format!(
            "cannot write events to {}: {error}",
            path.display()
        ))
        .hint("name a file in a folder that exists, or - for stderr")
    })
}

impl Observer for RunObserver {
    fn event(&self, event: &Event<'_>) {
        if let Event::Step { step, moment, .. } = event {
            return pause_for_tests(step.as_str(), moment.as_str());
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.hear(event, self.output, Instant::now());
    }
}

impl State {
    fn hear(&mut self, event: &Event<'_>, output: Output, now: Instant) {
        match event {
            Event::RunStarted {
                run,
                totals,
                summary,
            } => {
                self.board.prime(summary, now);
                self.board.start(*run, *totals, now);
                self.tell_progress("started", now);
            }
            Event::Totals { totals, .. } => {
                self.board.count(*totals);
                self.tell_progress("progress", now);
            }
            Event::Shard(shard) => self.shard(shard, output, now),
            Event::Waiting { pause } => {
                if let Some(events) = &mut self.events {
                    events.waiting(self.board.run(), pause.as_secs_f64());
                }
                if now.duration_since(self.last_line) >= BETWEEN_LINES {
                    self.line(output, now);
                }
            }
            Event::Warning(text) => {
                if let Some(events) = &mut self.events {
                    events.warning(self.board.run(), text);
                }
                match &self.screen {
                    Some(screen) => screen.suspend(|| output.warning(text)),
                    None => output.warning(text),
                }
            }
            Event::RunEnded { end, .. } => {
                self.tell_progress("progress", now);
                if let Some(events) = &mut self.events {
                    events.ended(self.board.run(), end.map_or("error", RunEnd::as_str));
                }
                if let Some(screen) = &mut self.screen {
                    screen.end();
                }
                return;
            }
            _ => {}
        }
        if let Some(screen) = &mut self.screen {
            screen.draw(&self.board, now);
        }
    }

    fn tell_progress(&mut self, name: &str, now: Instant) {
        if let Some(events) = &mut self.events {
            events.progress(name, &self.board, now);
        }
    }

    fn shard(&mut self, shard: &ShardProgress<'_>, output: Output, now: Instant) {
        let has_ended = self.board.shard(shard, now);
        if let Some(events) = &mut self.events {
            let line = self.board.line_of(shard.shard, now);
            events.shard(self.board.run(), shard, line.as_ref());
        }
        if let Some(screen) = &mut self.screen {
            screen.shard(shard, has_ended);
        } else if has_ended {
            let failed: u64 = shard.failed.iter().map(|(_, number)| number).sum();
            output.note(&format!(
                "tier {} shard {} ({}): {}, {} answered, {} failed, {}",
                shard.tier,
                shard.shard,
                shard.model,
                shard.status,
                count(shard.answered),
                count(failed),
                dollars(shard.cost.as_usd())
            ));
        }
    }

    /// Where there are no bars, a line now and then.
    fn line(&mut self, output: Output, now: Instant) {
        self.last_line = now;
        let Some(run) = self.board.run().filter(|_| self.screen.is_none()) else {
            return;
        };
        for tier in self.board.tiers(now) {
            let line = tier.line;
            output.note(&format!(
                "run {run}, tier {} ({}): {} of {} done, {} out, {}{}",
                tier.tier,
                tier.model,
                count(line.done),
                count(line.requests),
                shards(tier.shards_out),
                dollars(line.cost.as_usd()),
                pace(&line)
            ));
        }
    }
}

/// Stops here for ever when a test asked for it, so that the test can kill this process at exactly
/// this step. Only in builds with debug assertions.
fn pause_for_tests(step: &str, moment: &str) {
    if !cfg!(debug_assertions) {
        return;
    }
    let Ok(wanted) = std::env::var("TANDEM_TEST_PAUSE_AT") else {
        return;
    };
    if wanted == format!("{moment}:{step}") {
        let _ = writeln!(std::io::stderr(), "paused {wanted}");
        loop {
            std::thread::sleep(Duration::from_mins(1));
        }
    }
}
