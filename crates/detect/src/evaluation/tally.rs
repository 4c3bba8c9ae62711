//! Counts and the rates that follow from them.

use serde::{Deserialize, Serialize};
use stats::{Interval, Proportion};

/// True and false positives and negatives, with precision and recall.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Found, and there.
    pub tp: u64,
    /// Found, and not there.
    pub fp: u64,
    /// There, and not found.
    #[serde(rename = "fn")]
    pub fn_: u64,
    /// Not there, and not found.
    pub tn: u64,
    /// `tp / (tp + fp)`; `None` when nothing was found.
    pub precision: Option<f64>,
    /// `tp / (tp + fn)`; `None` when nothing was there.
    pub recall: Option<f64>,
    /// 95 % Wilson intervals of both.
    pub intervals: Intervals,
}

/// 95 % Wilson intervals of precision and recall.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Intervals {
    /// Of the precision.
    pub precision: Option<Interval>,
    /// Of the recall.
    pub recall: Option<Interval>,
}

impl Tally {
    /// The tally of four counts.
    pub fn new(tp: u64, fp: u64, fn_: u64, tn: u64) -> Self {
        let precision = Proportion::new(tp, tp + fp);
        let recall = Proportion::new(tp, tp + fn_);
        Tally {
            tp,
            fp,
            fn_,
            tn,
            precision: precision.share,
            recall: recall.share,
            intervals: Intervals {
                precision: precision.interval,
                recall: recall.interval,
            },
        }
    }
}
