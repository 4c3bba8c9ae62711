//! Residuals of a Cox model, added up within clusters.

use nalgebra::{DMatrix, DVector};

use crate::cox_rows::{CoxRows, Row, Sums};

/// With more clusters than this no single one has enough weight to need a correction.
pub(crate) const MOST_CLUSTERS_CORRECTED: usize = 400;

/// What is read off the residuals at given coefficients.
pub(crate) struct Residuals {
    /// Score residuals, one row for each cluster.
    pub(crate) cluster_scores: DMatrix<f64>,
    /// Score residuals of each regressor times the centred rank of time, one row for each cluster.
    pub(crate) cluster_trends: DMatrix<f64>,
    /// What each cluster adds to the information; `None` with many clusters.
    pub(crate) cluster_information: Option<Vec<DMatrix<f64>>>,
    /// The sum of products of the score residuals of single rows.
    pub(crate) row_products: DMatrix<f64>,
    /// Schoenfeld residuals times centred ranks of time, added up.
    pub(crate) trend: DVector<f64>,
    /// The sum of squares of the centred ranks.
    pub(crate) rank_squares: f64,
}

/// Hazards added up over event times.
#[derive(Clone)]
struct Hazards {
    /// `sum 1 / W`.
    hazard: f64,
    /// `sum mean / W`.
    mean: DVector<f64>,
    /// `sum mean mean' / W`.
    outer: DMatrix<f64>,
    /// The first two with the centred rank of time as a factor.
    ranked: f64,
    ranked_mean: DVector<f64>,
}

/// What happens at one time, with ties as Efron counts them.
struct Step {
    /// What every row at risk bears.
    borne: Hazards,
    /// The part of it that a row with the event does not bear, since events that are tied leave the risk
    /// set bit by bit.
    spared: Hazards,
    /// The mean of the means.
    mean: DVector<f64>,
    scratch: DVector<f64>,
}

impl Hazards {
    fn new(width: usize) -> Self {
        Hazards {
            hazard: 0.0,
            mean: DVector::zeros(width),
            outer: DMatrix::zeros(width, width),
            ranked: 0.0,
            ranked_mean: DVector::zeros(width),
        }
    }

    fn clear(&mut self) {
        self.hazard = 0.0;
        self.mean.fill(0.0);
        self.outer.fill(0.0);
        self.ranked = 0.0;
        self.ranked_mean.fill(0.0);
    }

    fn add(&mut self, hazard: f64, mean: &DVector<f64>, rank: f64) {
        self.hazard += hazard;
        self.mean.axpy(hazard, mean, 1.0);
        self.outer.ger(hazard, mean, mean, 1.0);
        self.ranked += rank * hazard;
        self.ranked_mean.axpy(rank * hazard, mean, 1.0);
    }

    fn merge(&mut self, other: &Hazards, sign: f64) {
        self.hazard += sign * other.hazard;
        self.mean.axpy(sign, &other.mean, 1.0);
        self.outer
            .zip_apply(&other.outer, |own, other| *own += sign * other);
        self.ranked += sign * other.ranked;
        self.ranked_mean.axpy(sign, &other.ranked_mean, 1.0);
    }

    fn copy_from(&mut self, other: &Hazards) {
        self.hazard = other.hazard;
        self.mean.copy_from(&other.mean);
        self.outer.copy_from(&other.outer);
        self.ranked = other.ranked;
        self.ranked_mean.copy_from(&other.ranked_mean);
    }
}

impl Step {
    fn new(width: usize) -> Self {
        Step {
            borne: Hazards::new(width),
            spared: Hazards::new(width),
            mean: DVector::zeros(width),
            scratch: DVector::zeros(width),
        }
    }

    fn fill(&mut self, tied: &[Row], at_risk: &Sums, dying: &Sums) {
        self.borne.clear();
        self.spared.clear();
        self.mean.fill(0.0);
        let deaths = tied.iter().filter(|row| row.event).count();
        let rank = tied
            .iter()
            .find(|row| row.event)
            .map_or(0.0, |row| row.rank);
        for index in 0..deaths {
            let share = index as f64 / deaths as f64;
            let weight = at_risk.weight - share * dying.weight;
            self.scratch.copy_from(&at_risk.values);
            self.scratch.axpy(-share, &dying.values, 1.0);
            self.scratch /= weight;
            self.borne.add(1.0 / weight, &self.scratch, rank);
            self.spared.add(share / weight, &self.scratch, rank);
            self.mean.axpy(1.0 / deaths as f64, &self.scratch, 1.0);
        }
    }
}

impl Residuals {
    /// Walks the rows twice from the latest time.
    ///
    /// A row at risk adds `-w (x - mean) / W` for each event at or before its end. That sum is the one over
    /// all events of the stratum less the later ones, so that a walk from the latest time, after one that
    /// finds the totals, needs no memory of the times.
    pub(crate) fn new(rows: &CoxRows, coefficients: &DVector<f64>) -> Self {
        let width = rows.width;
        let strata = rows
            .rows
            .iter()
            .map(|row| row.stratum + 1)
            .max()
            .unwrap_or(0) as usize;
        let mut totals = vec![Hazards::new(width); strata];
        let mut step = Step::new(width);
        rows.visit(coefficients, |tied, at_risk, dying| {
            let stratum = rows.rows[tied.start].stratum as usize;
            step.fill(&rows.rows[tied], at_risk, dying);
            totals[stratum].merge(&step.borne, 1.0);
        });
        let corrected = rows.clusters <= MOST_CLUSTERS_CORRECTED;
        let mut residuals = Residuals {
            cluster_scores: DMatrix::zeros(rows.clusters, width),
            cluster_trends: DMatrix::zeros(rows.clusters, width),
            cluster_information: corrected
                .then(|| vec![DMatrix::zeros(width, width); rows.clusters]),
            row_products: DMatrix::zeros(width, width),
            trend: DVector::zeros(width),
            rank_squares: rows.rows.iter().map(|row| row.rank * row.rank).sum(),
        };
        // What a row that ends here has borne: all of the stratum less what comes later.
        let mut until = Hazards::new(width);
        let mut until_own_event = Hazards::new(width);
        let mut score = DVector::zeros(width);
        let mut stratum = u32::MAX;
        rows.visit(coefficients, |tied, at_risk, dying| {
            if rows.rows[tied.start].stratum != stratum {
                stratum = rows.rows[tied.start].stratum;
                until.copy_from(&totals[stratum as usize]);
            }
            step.fill(&rows.rows[tied.clone()], at_risk, dying);
            until_own_event.copy_from(&until);
            until_own_event.merge(&step.spared, -1.0);
            for index in tied {
                let row = rows.rows[index];
                let borne = if row.event { &until_own_event } else { &until };
                let weight = rows.weight(index, coefficients);
                let values = rows.row_values(index);
                let cluster = row.cluster as usize;
                for (column, &value) in values.iter().enumerate() {
                    let mut own = -weight * (value * borne.hazard - borne.mean[column]);
                    let mut trend = -weight * (value * borne.ranked - borne.ranked_mean[column]);
                    if row.event {
                        let schoenfeld = value - step.mean[column];
                        own += schoenfeld;
                        trend += row.rank * schoenfeld;
                        residuals.trend[column] += row.rank * schoenfeld;
                    }
                    score[column] = own;
                    residuals.cluster_scores[(cluster, column)] += own;
                    residuals.cluster_trends[(cluster, column)] += trend;
                }
                residuals.row_products.ger(1.0, &score, &score, 1.0);
                if let Some(information) = &mut residuals.cluster_information {
                    add_information(&mut information[cluster], weight, values, borne);
                }
            }
            until.merge(&step.borne, -1.0);
        });
        residuals
    }
}

/// Adds `w sum (x - mean)(x - mean)' / W`, which over all rows adds up to the information.
fn add_information(target: &mut DMatrix<f64>, weight: f64, values: &[f64], borne: &Hazards) {
    for (column, &one) in values.iter().enumerate() {
        for (row, &other) in values.iter().enumerate() {
            let products = one * other * borne.hazard + borne.outer[(row, column)]
                - other * borne.mean[column]
                - one * borne.mean[row];
            target[(row, column)] += weight * products;
        }
    }
}
