//! Verdicts held against truth.
//!
//! Streaming: one truth record and its verdict at a time. Only the keys of false positives and
//! misses are kept.

mod tally;
mod truth;

use std::collections::BTreeMap;

use model::{PrKey, Verdict};
use serde::{Deserialize, Serialize};

use crate::catalogue::{Catalogue, Position, ToolNames};
pub use tally::{Intervals, Tally};
pub use truth::{Label, TruthRecord};

/// Version of the shape of [`Evaluation`].
pub const EVALUATION_VERSION: u32 = 1;

/// Takes truth records with their verdicts, one by one.
#[derive(Debug)]
pub struct Evaluator {
    names: ToolNames,
    catalogue_version: String,
    authored: Counts,
    unknown_on_negatives: u64,
    tools: BTreeMap<String, Counts>,
    review_tools: BTreeMap<String, Counts>,
    /// Records that `tools` and `review_tools` are judged on.
    judged_authors: u64,
    judged_reviewers: u64,
    visible: VisibleCounts,
    excluded: Excluded,
    unmapped: BTreeMap<String, u64>,
    false_positives: Vec<PrKey>,
    misses: Vec<PrKey>,
    visible_misses: Vec<PrKey>,
}

/// The result. `tools` and `review_tools` are by slug.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Version of this shape.
    pub version: u32,
    /// Version of the catalogue that the evaluator was given.
    pub catalogue_version: String,
    /// AI took part in the change, or not: over records whose truth is known and not weak. A
    /// verdict counts as positive when `ai_authored` is `true`; none detected and unknown are both
    /// right on a person's change.
    pub authored: Tally,
    /// How many of `authored.tn` are verdicts of `unknown`.
    pub unknown_on_negatives: u64,
    /// The right authoring tool, by slug.
    pub tools: BTreeMap<String, ToolTally>,
    /// The right review tools, by slug: over every record whose truth lists reviewers, whatever it
    /// knows of the author.
    pub review_tools: BTreeMap<String, ToolTally>,
    /// All review tools together that the truth names at least once. One pair of pull request and
    /// tool is one case; there are no true negatives.
    pub review_overall: Tally,
    /// Records whose truth says that something shows the tool.
    pub visible: Visible,
    /// What was left out of the figures, and why.
    pub excluded: Excluded,
    /// Names in the truth that no tool of the catalogue bears, with how often they occur.
    pub unmapped_names: BTreeMap<String, u64>,
    /// Changes by people that were called AI.
    pub false_positives: Vec<PrKey>,
    /// Changes by AI that were not called AI.
    pub misses: Vec<PrKey>,
}

/// Figures of one tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolTally {
    /// Counts and rates. Precision is `null` when the truth never names the tool: what it does not
    /// look for it cannot judge.
    #[serde(flatten)]
    pub tally: Tally,
    /// How many of `fp` are on changes of another tool; real trailers of two tools are common.
    pub cross_hits: u64,
    /// Whether the truth names the tool at least once.
    pub in_truth: bool,
}

/// Of the changes by AI whose truth lists something that shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Visible {
    /// How many there are.
    pub n: u64,
    /// How many were called AI.
    pub found: u64,
    /// How many were called AI with the right tool among the tools.
    pub right_tool: u64,
    /// `right_tool / n`.
    pub recall: Option<f64>,
    /// 95 % Wilson interval of `recall`.
    pub interval: Option<stats::Interval>,
    /// Those without the right tool.
    pub misses: Vec<PrKey>,
}

/// What was left out, and why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excluded {
    /// The truth does not know the author.
    pub unknown: u64,
    /// The truth is marked weak.
    pub weak: u64,
    /// There is no verdict for a known person's change. (For a change by AI it is a miss.)
    pub no_verdict: u64,
    /// Plain automation opened it, by the verdict, and the truth knows no AI in it.
    pub plain_bot: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    tp: u64,
    fp: u64,
    fn_: u64,
    tn: u64,
    cross_hits: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct VisibleCounts {
    n: u64,
    found: u64,
    right_tool: u64,
}

impl Evaluator {
    /// An evaluator that maps the truth's names to a catalogue's slugs.
    pub fn new(catalogue: &Catalogue) -> Self {
        Evaluator {
            names: ToolNames::new(catalogue),
            catalogue_version: catalogue.version().to_owned(),
            authored: Counts::default(),
            unknown_on_negatives: 0,
            tools: BTreeMap::new(),
            review_tools: BTreeMap::new(),
            judged_authors: 0,
            judged_reviewers: 0,
            visible: VisibleCounts::default(),
            excluded: Excluded::default(),
            unmapped: BTreeMap::new(),
            false_positives: Vec::new(),
            misses: Vec::new(),
            visible_misses: Vec::new(),
        }
    }

    /// Takes one record; `verdict` is `None` when there is none for it.
    pub fn push(&mut self, truth: &TruthRecord, verdict: Option<&Verdict>) {
        if truth.weak {
            self.excluded.weak += 1;
            return;
        }
        self.push_reviewers(truth, verdict);
        match truth.label() {
            Label::Unknown => self.excluded.unknown += 1,
            Label::Person => self.push_person(truth, verdict),
            Label::Ai(agent) => {
                let agent = agent.map(str::to_owned);
                self.push_ai(truth, agent.as_deref(), verdict);
            }
        }
    }

    /// The figures.
    pub fn finish(self) -> Evaluation {
        let mut review_all = Counts::default();
        for counts in self
            .review_tools
            .values()
            .filter(|counts| counts.in_truth())
        {
            review_all.tp += counts.tp;
            review_all.fp += counts.fp;
            review_all.fn_ += counts.fn_;
        }
        let recall = stats::Proportion::new(self.visible.right_tool, self.visible.n);
        Evaluation {
            version: EVALUATION_VERSION,
            catalogue_version: self.catalogue_version,
            authored: self.authored.tally(),
            unknown_on_negatives: self.unknown_on_negatives,
            tools: by_tool(self.tools, self.judged_authors),
            review_tools: by_tool(self.review_tools, self.judged_reviewers),
            review_overall: review_all.tally(),
            visible: Visible {
                n: self.visible.n,
                found: self.visible.found,
                right_tool: self.visible.right_tool,
                recall: recall.share,
                interval: recall.interval,
                misses: self.visible_misses,
            },
            excluded: self.excluded,
            unmapped_names: self.unmapped,
            false_positives: self.false_positives,
            misses: self.misses,
        }
    }

    fn push_person(&mut self, truth: &TruthRecord, verdict: Option<&Verdict>) {
        let Some(verdict) = verdict else {
            self.excluded.no_verdict += 1;
            return;
        };
        if verdict.plain_bot {
            self.excluded.plain_bot += 1;
            return;
        }
        self.judged_authors += 1;
        if verdict.ai_authored == Some(true) {
            self.authored.fp += 1;
            self.false_positives.push(truth.key());
            for tool in &verdict.author_tools {
                self.tools.entry(tool.clone()).or_default().fp += 1;
            }
        } else {
            self.authored.tn += 1;
            if verdict.ai_authored.is_none() {
                self.unknown_on_negatives += 1;
            }
        }
    }

    fn push_ai(&mut self, truth: &TruthRecord, agent: Option<&str>, verdict: Option<&Verdict>) {
        let found = verdict.is_some_and(|verdict| verdict.ai_authored == Some(true));
        if found {
            self.authored.tp += 1;
        } else {
            self.authored.fn_ += 1;
            self.misses.push(truth.key());
        }
        let named = match (found, verdict) {
            (true, Some(verdict)) => verdict.author_tools.as_slice(),
            _ => &[],
        };
        let Some(agent) = agent else {
            return;
        };
        let Some(slug) = self
            .names
            .resolve(agent, Position::Author)
            .map(str::to_owned)
        else {
            *self.unmapped.entry(agent.to_owned()).or_default() += 1;
            return;
        };
        self.judged_authors += 1;
        let is_right = named.contains(&slug);
        let counts = self.tools.entry(slug.clone()).or_default();
        if is_right {
            counts.tp += 1;
        } else {
            counts.fn_ += 1;
        }
        for other in named.iter().filter(|tool| **tool != slug) {
            let counts = self.tools.entry(other.clone()).or_default();
            counts.fp += 1;
            counts.cross_hits += 1;
        }
        if truth
            .visible
            .as_ref()
            .is_some_and(|visible| !visible.is_empty())
        {
            self.visible.n += 1;
            self.visible.found += u64::from(found);
            if is_right {
                self.visible.right_tool += 1;
            } else {
                self.visible_misses.push(truth.key());
            }
        }
    }

    fn push_reviewers(&mut self, truth: &TruthRecord, verdict: Option<&Verdict>) {
        let Some(reviewers) = &truth.review_ai else {
            return;
        };
        self.judged_reviewers += 1;
        let mut expected = Vec::new();
        for name in reviewers {
            match self.names.resolve(name, Position::Reviewer) {
                Some(slug) => expected.push(slug.to_owned()),
                None => *self.unmapped.entry(name.clone()).or_default() += 1,
            }
        }
        expected.sort_unstable();
        expected.dedup();
        let named = verdict.map_or(&[][..], |verdict| verdict.review_tools.as_slice());
        for slug in &expected {
            let counts = self.review_tools.entry(slug.clone()).or_default();
            if named.contains(slug) {
                counts.tp += 1;
            } else {
                counts.fn_ += 1;
            }
        }
        for slug in named.iter().filter(|slug| !expected.contains(slug)) {
            let counts = self.review_tools.entry(slug.clone()).or_default();
            counts.fp += 1;
            counts.cross_hits += u64::from(!expected.is_empty());
        }
    }
}

impl Counts {
    fn in_truth(&self) -> bool {
        self.tp + self.fn_ > 0
    }

    fn tally(&self) -> Tally {
        Tally::new(self.tp, self.fp, self.fn_, self.tn)
    }
}

/// The figures of each tool over `judged` records.
fn by_tool(counts: BTreeMap<String, Counts>, judged: u64) -> BTreeMap<String, ToolTally> {
    let tallies = counts.into_iter().map(|(slug, mut counts)| {
        counts.tn = judged.saturating_sub(counts.tp + counts.fp + counts.fn_);
        let in_truth = counts.in_truth();
        let mut tally = counts.tally();
        if !in_truth {
            tally.precision = None;
            tally.intervals.precision = None;
        }
        let tool = ToolTally {
            tally,
            cross_hits: counts.cross_hits,
            in_truth,
        };
        (slug, tool)
    });
    tallies.collect()
}
