//! What came of many samples.

use stats::Interval;

/// How many samples each figure rests on; the standard error of a figure near 5 or 95 % is then 0.22 points.
pub(crate) const RUNS: u32 = 10_000;

/// As many where one sample takes long; the standard error is then 0.34 points.
pub(crate) const FEWER_RUNS: u32 = 4_000;

/// Shares of samples of one method in one situation.
pub(crate) struct Tally {
    name: String,
    runs: u32,
    hits: u32,
    /// The band that the share must lie in, in percent.
    band: (f64, f64),
}

impl Tally {
    /// Counts how often an interval covers the truth.
    pub(crate) fn coverage(name: impl Into<String>) -> Self {
        Tally {
            name: format!("{} covers", name.into()),
            runs: 0,
            hits: 0,
            band: (93.0, 97.0),
        }
    }

    /// Counts how often a true hypothesis is rejected at 5 %.
    pub(crate) fn rejection(name: impl Into<String>) -> Self {
        Tally {
            name: format!("{} rejects", name.into()),
            runs: 0,
            hits: 0,
            band: (4.0, 6.0),
        }
    }

    /// Sets another band, where the README says why.
    pub(crate) fn within(mut self, low: f64, high: f64) -> Self {
        self.band = (low, high);
        self
    }

    pub(crate) fn count(&mut self, hit: bool) {
        self.runs += 1;
        self.hits += u32::from(hit);
    }

    pub(crate) fn covers(&mut self, interval: Interval, truth: f64) {
        self.count(interval.low <= truth && truth <= interval.high);
    }

    pub(crate) fn rejects(&mut self, p: f64) {
        self.count(p <= 0.05);
    }

    /// Prints the figure and tells whether it lies in its band, chance allowed for.
    #[must_use]
    pub(crate) fn report(&self) -> bool {
        let share = f64::from(self.hits) / f64::from(self.runs);
        let error = 100.0 * (share * (1.0 - share) / f64::from(self.runs)).sqrt();
        let percent = 100.0 * share;
        let fits = percent > self.band.0 - 2.0 * error && percent < self.band.1 + 2.0 * error;
        println!(
            "{:<72} {percent:6.2} % of {} (+-{error:.2}), wanted {}-{}{}",
            self.name,
            self.runs,
            self.band.0,
            self.band.1,
            if fits { "" } else { "  OUTSIDE" }
        );
        fits
    }
}

/// Prints all figures, then fails if any lies outside of its band.
pub(crate) fn report_all(tallies: &[Tally]) {
    let fits: Vec<bool> = tallies.iter().map(Tally::report).collect();
    assert!(
        fits.iter().all(|fits| *fits),
        "a figure lies outside of its band"
    );
}
