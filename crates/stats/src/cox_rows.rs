//! Rows of a Cox model in the order in which the risk sets grow.

use nalgebra::{DMatrix, DVector};

use crate::codes::DenseCodes;
use crate::cox::CoxData;
use crate::cox_residuals::Residuals;
use crate::cox_two_groups::TwoGroupRows;
use crate::error::{StatsError, require_at_least, require_finite, require_length};
use crate::kaplan_meier::check_times;
use crate::ranks::midranks;

/// Rows by stratum and falling time, with regressors centred and scaled.
pub(crate) struct CoxRows {
    pub(crate) width: usize,
    /// The standard deviation that each regressor was divided by.
    scales: Vec<f64>,
    events: usize,
    pub(crate) clusters: usize,
    pub(crate) rows: Vec<Row>,
    /// The regressors of row i at `i * width ..`.
    values: Vec<f64>,
}

/// Rows of a Cox model, however they are kept.
pub(crate) trait HazardRows {
    /// How many regressors there are.
    fn width(&self) -> usize;
    /// The standard deviation that each regressor was divided by.
    fn scales(&self) -> &[f64];
    fn events(&self) -> usize;
    fn clusters(&self) -> usize;
    /// Returns the log partial likelihood with ties as Efron counts them.
    fn likelihood(&self, coefficients: &DVector<f64>) -> Likelihood;
    fn residuals(&self, coefficients: &DVector<f64>) -> Residuals;
}

/// Whether the ranks of times are asked for: only trends over time need them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeRanks {
    Known,
    /// All are 0, and so are the trends.
    Skipped,
}

/// Keeps rows in the way that is quickest for their regressors.
pub(crate) fn rows_of(data: &CoxData, ranks: TimeRanks) -> Result<Box<dyn HazardRows>, StatsError> {
    Ok(match TwoGroupRows::new(data, ranks)? {
        Some(rows) => Box::new(rows),
        None => Box::new(CoxRows::new(data, ranks)?),
    })
}

/// One row beside its regressors.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) stratum: u32,
    pub(crate) time: f64,
    pub(crate) event: bool,
    pub(crate) cluster: u32,
    /// The centred rank of the event's time among all events; 0 without one.
    pub(crate) rank: f64,
}

/// The logarithm of the partial likelihood with its derivatives.
pub(crate) struct Likelihood {
    pub(crate) value: f64,
    pub(crate) gradient: DVector<f64>,
    pub(crate) information: DMatrix<f64>,
}

/// Weighted sums over a set of rows.
#[derive(Clone)]
pub(crate) struct Sums {
    pub(crate) weight: f64,
    pub(crate) values: DVector<f64>,
    squares: DMatrix<f64>,
}

impl Sums {
    fn new(width: usize) -> Self {
        Sums {
            weight: 0.0,
            values: DVector::zeros(width),
            squares: DMatrix::zeros(width, width),
        }
    }

    fn clear(&mut self) {
        self.weight = 0.0;
        self.values.fill(0.0);
        self.squares.fill(0.0);
    }

    fn add(&mut self, weight: f64, values: &[f64]) {
        self.weight += weight;
        for (column, &value) in values.iter().enumerate() {
            let product = weight * value;
            self.values[column] += product;
            // The lower triangle is enough.
            let mut squares = self.squares.column_mut(column);
            let below = squares.iter_mut().skip(column);
            for (slot, other) in below.zip(&values[column..]) {
                *slot += product * other;
            }
        }
    }

    fn merge(&mut self, other: &Sums) {
        self.weight += other.weight;
        self.values += &other.values;
        self.squares += &other.squares;
    }
}

/// Survival data that has been checked, its codes made dense.
pub(crate) struct Checked {
    pub(crate) strata: DenseCodes,
    pub(crate) clusters: DenseCodes,
    pub(crate) events: usize,
    /// The centred rank of each event's time among all events; 0 without one, and where they are skipped.
    pub(crate) ranks: Vec<f64>,
}

impl Checked {
    pub(crate) fn new(data: &CoxData, ranks: TimeRanks) -> Result<Self, StatsError> {
        check_times(data.times, data.events.len())?;
        let n = data.times.len();
        for regressor in data.regressors {
            require_length("regressor", n, regressor.len())?;
            require_finite("regressor", regressor)?;
        }
        let codes = |what, codes: Option<&[u32]>| -> Result<DenseCodes, StatsError> {
            match codes {
                Some(codes) => {
                    require_length(what, n, codes.len())?;
                    Ok(DenseCodes::new(codes))
                }
                None => Ok(DenseCodes {
                    codes: vec![0; n],
                    groups: 1,
                }),
            }
        };
        let strata = codes("strata", data.strata)?;
        let clusters = codes("clusters", data.clusters)?;
        let events = data.events.iter().filter(|event| **event).count();
        require_at_least("events", 1, events)?;
        require_at_least("regressors", 1, data.regressors.len())?;
        Ok(Checked {
            strata,
            clusters,
            events,
            ranks: match ranks {
                TimeRanks::Known => centred_ranks(data.times, data.events),
                TimeRanks::Skipped => vec![0.0; n],
            },
        })
    }
}

/// Returns the mean of a regressor and its standard deviation; `None` where it does not vary.
pub(crate) fn mean_and_scale(regressor: &[f64]) -> Option<(f64, f64)> {
    let n = regressor.len() as f64;
    let mean = regressor.iter().sum::<f64>() / n;
    let squares: f64 = regressor.iter().map(|value| (value - mean).powi(2)).sum();
    let scale = (squares / n).sqrt();
    (scale > 1e-12 * mean.abs()).then_some((mean, scale))
}

impl CoxRows {
    pub(crate) fn new(data: &CoxData, ranks: TimeRanks) -> Result<Self, StatsError> {
        let Checked {
            strata,
            clusters,
            events,
            ranks,
        } = Checked::new(data, ranks)?;
        let n = data.times.len();
        let width = data.regressors.len();
        let mut order: Vec<u32> = (0..n as u32).collect();
        order.sort_unstable_by(|&a, &b| {
            let (a, b) = (a as usize, b as usize);
            let times = data.times[b].total_cmp(&data.times[a]);
            strata.codes[a].cmp(&strata.codes[b]).then(times)
        });
        let mut values = vec![0.0; n * width];
        let mut scales = Vec::with_capacity(width);
        for (column, regressor) in data.regressors.iter().enumerate() {
            let Some((mean, scale)) = mean_and_scale(regressor) else {
                return Err(StatsError::Collinear { column });
            };
            scales.push(scale);
            for (slot, &row) in order.iter().enumerate() {
                values[slot * width + column] = (regressor[row as usize] - mean) / scale;
            }
        }
        let rows = order.iter().map(|&row| {
            let row = row as usize;
            Row {
                stratum: strata.codes[row],
                time: data.times[row],
                event: data.events[row],
                cluster: clusters.codes[row],
                rank: ranks[row],
            }
        });
        Ok(CoxRows {
            width,
            scales,
            events,
            clusters: clusters.groups,
            rows: rows.collect(),
            values,
        })
    }

    pub(crate) fn row_values(&self, row: usize) -> &[f64] {
        &self.values[row * self.width..(row + 1) * self.width]
    }

    pub(crate) fn weight(&self, row: usize, coefficients: &DVector<f64>) -> f64 {
        self.linear(row, coefficients).exp()
    }

    pub(crate) fn linear(&self, row: usize, coefficients: &DVector<f64>) -> f64 {
        let pairs = self.row_values(row).iter().zip(coefficients.iter());
        pairs.map(|(value, coefficient)| value * coefficient).sum()
    }

    /// Visits every time with events, latest first within each stratum: the rows tied there, the sums over
    /// all at risk and those over the events.
    pub(crate) fn visit(
        &self,
        coefficients: &DVector<f64>,
        mut visit: impl FnMut(std::ops::Range<usize>, &Sums, &Sums),
    ) {
        let mut at_risk = Sums::new(self.width);
        let mut dying = Sums::new(self.width);
        let mut start = 0;
        let same = |a: &Row, b: &Row| a.stratum == b.stratum && a.time == b.time;
        for tied in self.rows.chunk_by(same) {
            if start > 0 && self.rows[start - 1].stratum != tied[0].stratum {
                at_risk.clear();
            }
            dying.clear();
            let mut deaths = 0;
            for (offset, row) in tied.iter().enumerate() {
                let weight = self.weight(start + offset, coefficients);
                if row.event {
                    dying.add(weight, self.row_values(start + offset));
                    deaths += 1;
                } else {
                    at_risk.add(weight, self.row_values(start + offset));
                }
            }
            if deaths > 0 {
                at_risk.merge(&dying);
            }
            visit(start..start + tied.len(), &at_risk, &dying);
            start += tied.len();
        }
    }
}

impl HazardRows for CoxRows {
    fn width(&self) -> usize {
        self.width
    }

    fn scales(&self) -> &[f64] {
        &self.scales
    }

    fn events(&self) -> usize {
        self.events
    }

    fn clusters(&self) -> usize {
        self.clusters
    }

    fn residuals(&self, coefficients: &DVector<f64>) -> Residuals {
        Residuals::new(self, coefficients)
    }

    fn likelihood(&self, coefficients: &DVector<f64>) -> Likelihood {
        let mut value = 0.0;
        let mut gradient = DVector::zeros(self.width);
        let mut information = DMatrix::zeros(self.width, self.width);
        let mut mean = DVector::zeros(self.width);
        self.visit(coefficients, |tied, at_risk, dying| {
            let deaths = tied.clone().filter(|&row| self.rows[row].event).count();
            for row in tied.filter(|&row| self.rows[row].event) {
                value += self.linear(row, coefficients);
                for (slot, entry) in gradient.iter_mut().zip(self.row_values(row)) {
                    *slot += entry;
                }
            }
            for step in 0..deaths {
                let share = step as f64 / deaths as f64;
                let weight = at_risk.weight - share * dying.weight;
                value -= weight.ln();
                mean.copy_from(&at_risk.values);
                mean.axpy(-share, &dying.values, 1.0);
                mean /= weight;
                gradient -= &mean;
                for column in 0..self.width {
                    for row in column..self.width {
                        let squares =
                            at_risk.squares[(row, column)] - share * dying.squares[(row, column)];
                        information[(row, column)] += squares / weight - mean[row] * mean[column];
                    }
                }
            }
        });
        information.fill_upper_triangle_with_lower_triangle();
        Likelihood {
            value,
            gradient,
            information,
        }
    }
}

/// Ranks the times of events and takes their mean off.
fn centred_ranks(times: &[f64], events: &[bool]) -> Vec<f64> {
    let of_events: Vec<f64> = times
        .iter()
        .zip(events)
        .filter(|it| *it.1)
        .map(|it| *it.0)
        .collect();
    let middle = f64::midpoint(of_events.len() as f64, 1.0);
    let mut ranks = midranks(&of_events).ranks.into_iter();
    let rank = |event: &bool| {
        if *event {
            ranks.next().map_or(0.0, |it| it - middle)
        } else {
            0.0
        }
    };
    events.iter().map(rank).collect()
}
