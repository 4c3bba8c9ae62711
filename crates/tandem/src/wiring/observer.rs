//! What a person or a program sees of a run while it works.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use batch::{Event, Observer, ShardId, ShardProgress, Totals};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::output::{Output, count, dollars, printable};

/// Shows progress on stderr: a line per open shard and one for the run at a terminal; plain lines
/// where shards end otherwise; nothing but warnings when quiet.
pub(crate) struct RunObserver {
    output: Output,
    screen: MultiProgress,
    state: Mutex<Screen>,
}

#[derive(Default)]
struct Screen {
    run: Option<ProgressBar>,
    shards: BTreeMap<ShardId, ProgressBar>,
}

impl RunObserver {
    /// An observer that speaks as `output` allows.
    pub(crate) fn new(output: Output) -> Self {
        RunObserver {
            output,
            screen: MultiProgress::new(),
            state: Mutex::new(Screen::default()),
        }
    }

    fn totals(&self, totals: &Totals) {
        if !self.output.progress {
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = state.run.get_or_insert_with(|| {
            let bar = self.screen.add(ProgressBar::new(totals.requests));
            style(
                &bar,
                "  {prefix:<28} {bar:24} {pos}/{len} {msg}, {eta} left",
            );
            bar.set_prefix("all tiers");
            bar
        });
        bar.set_length(totals.requests);
        bar.set_position(totals.answered + totals.failed);
        let in_doubt = if totals.in_doubt > 0 {
            format!(", {} in doubt", count(totals.in_doubt))
        } else {
            String::new()
        };
        bar.set_message(format!(
            "answered or given up, {} waiting, {} out{in_doubt}, {}",
            count(totals.waiting),
            count(totals.in_flight),
            dollars(totals.cost.as_usd())
        ));
    }

    fn shard(&self, shard: &ShardProgress<'_>) {
        let ended = matches!(shard.status, "collected" | "abandoned");
        if self.output.progress {
            self.draw_shard(shard, ended);
        } else if ended {
            let failed: u64 = shard.failed.iter().map(|(_, number)| number).sum();
            self.output.note(&format!(
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

    fn draw_shard(&self, shard: &ShardProgress<'_>, ended: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = state.shards.entry(shard.shard).or_insert_with(|| {
            let bar = self.screen.add(ProgressBar::new(shard.requests));
            style(&bar, "  {prefix:<28} {bar:24} {pos}/{len} {msg}");
            bar
        });
        bar.set_prefix(format!("tier {} shard {}", shard.tier, shard.shard));
        bar.set_length(shard.requests);
        bar.set_message(format!("{} ({})", shard.status, printable(shard.model)));
        if ended {
            bar.set_position(shard.requests);
            bar.finish();
            state.shards.remove(&shard.shard);
        } else {
            bar.set_position(shard.host_done);
        }
    }
}

fn style(bar: &ProgressBar, template: &str) {
    // A template that does not parse is a mistake of ours; the plain bar still shows the way.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("━╸─"));
    }
}

impl Observer for RunObserver {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::RunStarted { totals, .. } | Event::Totals { totals, .. } => self.totals(totals),
            Event::Shard(shard) => self.shard(shard),
            Event::Warning(text) => self.screen.suspend(|| self.output.warning(text)),
            Event::Step { step, moment, .. } => pause_for_tests(step.as_str(), moment.as_str()),
            _ => {}
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
