//! A run at a terminal: one line for each shard that is out, one for each tier, one for all.

use std::collections::BTreeMap;
use std::time::Instant;

use batch::{ShardId, ShardProgress};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::board::{Board, Line, spoken};
use crate::output::{count, dollars, printable};

/// Lines for shards at once; beyond that the tiers' lines have to do.
const SHARD_LINES: usize = 8;

/// The bars.
pub(super) struct Screen {
    bars: MultiProgress,
    all: Option<ProgressBar>,
    tiers: BTreeMap<u32, ProgressBar>,
    shards: BTreeMap<ShardId, (ProgressBar, String)>,
}

impl Screen {
    pub(super) fn new() -> Screen {
        Screen {
            bars: MultiProgress::new(),
            all: None,
            tiers: BTreeMap::new(),
            shards: BTreeMap::new(),
        }
    }

    /// Writes something while no bar is drawn.
    pub(super) fn suspend(&self, write: impl FnOnce()) {
        self.bars.suspend(write);
    }

    pub(super) fn shard(&mut self, shard: &ShardProgress<'_>, has_ended: bool) {
        if has_ended {
            if let Some((bar, _)) = self.shards.remove(&shard.shard) {
                bar.finish_and_clear();
                self.bars.remove(&bar);
            }
            return;
        }
        if let Some((_, status)) = self.shards.get_mut(&shard.shard) {
            shard.status.clone_into(status);
            return;
        }
        if self.shards.len() < SHARD_LINES {
            let bar = self.bars.insert(self.shards.len(), bar());
            bar.set_length(shard.requests);
            bar.set_prefix(format!("tier {} shard {}", shard.tier, shard.shard));
            self.shards
                .insert(shard.shard, (bar, shard.status.to_owned()));
        }
    }

    /// Draws everything as it stands now.
    pub(super) fn draw(&mut self, board: &Board, now: Instant) {
        for (id, (bar, status)) in &self.shards {
            if let Some(line) = board.line_of(*id, now) {
                set(bar, &line, &printable(status));
            }
        }
        for tier in board.tiers(now) {
            let bars = &self.bars;
            let bar = self
                .tiers
                .entry(tier.tier)
                .or_insert_with(|| bars.add(bar()));
            bar.set_prefix(format!("tier {}", tier.tier));
            let words = format!(
                "{}, {} answered, {} failed, {} out, {}",
                printable(&tier.model),
                count(tier.line.answered),
                count(tier.line.failed),
                shards(tier.shards_out),
                dollars(tier.line.cost.as_usd())
            );
            set(bar, &tier.line, &words);
        }
        if let Some(bar) = self.all.take() {
            // It stays the last one, also when a tier came after it.
            self.bars.remove(&bar);
        }
        let bar = self.bars.add(bar());
        bar.set_prefix("all tiers");
        let (line, totals) = (board.all(now), board.totals());
        let in_doubt = if totals.in_doubt > 0 {
            format!(", {} in doubt", count(totals.in_doubt))
        } else {
            String::new()
        };
        let words = format!(
            "{} waiting, {} out{in_doubt}, {}",
            count(totals.waiting),
            count(totals.in_flight),
            dollars(line.cost.as_usd())
        );
        set(&bar, &line, &words);
        self.all = Some(bar);
    }

    pub(super) fn end(&mut self) {
        let all = self.all.take().into_iter();
        let tiers = std::mem::take(&mut self.tiers).into_values();
        let shards = std::mem::take(&mut self.shards).into_values();
        for bar in all.chain(tiers).chain(shards.map(|(bar, _)| bar)) {
            bar.finish_and_clear();
        }
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    // A template that does not parse is a mistake of ours; the plain bar still shows the way.
    if let Ok(style) =
        ProgressStyle::with_template("  {prefix:<18} {bar:20} {human_pos}/{human_len} {msg}")
    {
        bar.set_style(style.progress_chars("━╸─"));
    }
    bar
}

fn set(bar: &ProgressBar, line: &Line, words: &str) {
    bar.set_length(line.requests);
    bar.set_position(line.done);
    bar.set_message(format!("{words}{}", pace(line)));
}

/// `1 shard`, `2 shards`.
pub(super) fn shards(number: u64) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} shard{plural}", count(number))
}

/// Rate and time left, where they are known.
pub(super) fn pace(line: &Line) -> String {
    let mut words = String::new();
    if let Some(per_minute) = line.per_minute {
        words.push_str(&format!(", {}/min", count(per_minute.round() as u64)));
    }
    if let Some(left) = line.left.filter(|_| line.done < line.requests) {
        words.push_str(&format!(", {} left", spoken(left)));
    }
    words
}
