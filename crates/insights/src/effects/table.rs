//! What comparisons take of each pull request, packed once for all of them.

use measures::Observations;

use super::outcome::Exposure;
use super::packed::{EXPOSURES, Packed};

/// Rows in the order of the observations, with what is counted of them on the way.
pub(crate) struct Table<'o> {
    pub(crate) observations: &'o Observations,
    rows: Vec<Packed>,
    /// The rows in order of [`Packed::person`], and of their own where that is the same.
    by_person: Vec<u32>,
    /// The rows of each team, in their order.
    by_team: Grouped,
    /// How many codes of people there are, those that stand for a repository among them.
    people: usize,
    /// What is left of the rows of each team, and in the end of all.
    funnels: Vec<Funnel>,
    months: TeamMonths,
}

/// How many rows are left after each step, in the order of the steps.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Funnel {
    pub(crate) all: u64,
    pub(crate) without_bots: u64,
    pub(crate) measured: u64,
    /// By exposure.
    pub(crate) in_an_arm: [u64; 2],
}

impl Funnel {
    fn add(&mut self, packed: &Packed) {
        self.all += 1;
        self.without_bots += u64::from(!packed.flags.is_plain_bot());
        if packed.flags.counts() {
            self.measured += 1;
            for (sum, exposure) in self.in_an_arm.iter_mut().zip(EXPOSURES) {
                *sum += u64::from(packed.flags.arm(exposure).is_some());
            }
        }
    }
}

/// Items by group, each group in the order in which its items came.
#[derive(Default)]
pub(crate) struct Grouped {
    items: Vec<u32>,
    /// Where each group begins, and in the end where the last one ends.
    starts: Vec<u32>,
}

impl Grouped {
    /// Puts the items 0, 1, 2, ... of known groups together; the group of an item lies below `groups`, or it
    /// belongs to none.
    pub(crate) fn new(group_of: impl Iterator<Item = u32> + Clone, groups: usize) -> Self {
        let mut starts = vec![0_u32; groups + 1];
        for group in group_of.clone() {
            if let Some(count) = starts
                .get_mut(group as usize + 1)
                .filter(|_| (group as usize) < groups)
            {
                *count += 1;
            }
        }
        for group in 0..groups {
            starts[group + 1] += starts[group];
        }
        let mut places = starts.clone();
        let mut items = vec![0; starts[groups] as usize];
        for (item, group) in group_of.enumerate() {
            if (group as usize) < groups {
                let place = &mut places[group as usize];
                items[*place as usize] = item as u32;
                *place += 1;
            }
        }
        Grouped { items, starts }
    }

    /// How many groups there are.
    pub(crate) fn groups(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The items of a group.
    pub(crate) fn of(&self, group: usize) -> &[u32] {
        let (start, end) = (self.starts.get(group), self.starts.get(group + 1));
        match (start, end) {
            (Some(start), Some(end)) => &self.items[*start as usize..*end as usize],
            _ => &[],
        }
    }
}

/// Counts of teams in months, whether measured or not.
pub(crate) struct TeamMonths {
    pub(crate) first_month: u32,
    pub(crate) months: usize,
    /// By team, then month.
    counts: Vec<ArmCounts>,
}

/// Rows in either arm, and in the one with AI; by exposure.
#[derive(Debug, Clone, Copy, Default)]
struct ArmCounts {
    all: [u32; 2],
    with_ai: [u32; 2],
}

impl TeamMonths {
    fn new(rows: &[Packed], teams: usize) -> Self {
        let known = || rows.iter().map(|row| row.month).filter(|month| *month > 0);
        let first = known().min().unwrap_or(0);
        let months = known()
            .max()
            .map_or(0, |last| usize::from(last - first) + 1);
        let mut made = TeamMonths {
            first_month: u32::from(first),
            months,
            counts: vec![ArmCounts::default(); teams * months],
        };
        for row in rows {
            let Some(place) = made.place(row.team, row.month) else {
                continue;
            };
            let Some(cell) = made.counts.get_mut(place) else {
                continue;
            };
            for exposure in EXPOSURES {
                if let Some(with_ai) = row.flags.arm(exposure) {
                    cell.all[exposure as usize] += 1;
                    cell.with_ai[exposure as usize] += u32::from(with_ai);
                }
            }
        }
        made
    }

    /// Where the counts of a team and month stand; `None` where a row has none.
    pub(crate) fn place(&self, team: u32, month: u16) -> Option<usize> {
        if team == u32::MAX || month == 0 {
            return None;
        }
        let month = u32::from(month).saturating_sub(self.first_month);
        Some(team as usize * self.months + month as usize)
    }

    /// How many cells there are.
    pub(crate) fn cells(&self) -> usize {
        self.counts.len()
    }

    /// The share with AI of those of a cell that are in an arm.
    pub(crate) fn share(&self, place: usize, exposure: Exposure) -> Option<f64> {
        let cell = self.counts.get(place)?;
        let all = cell.all[exposure as usize];
        (all > 0).then(|| f64::from(cell.with_ai[exposure as usize]) / f64::from(all))
    }
}

impl<'o> Table<'o> {
    /// Packs the rows.
    pub(crate) fn new(observations: &'o Observations) -> Self {
        let teams = observations.teams.names().len();
        let known_people = observations.people.names().len() as u32;
        let repos = observations.repos.names().len().max(1) as u32;
        let mut funnels = vec![Funnel::default(); teams + 1];
        let mut all = Funnel::default();
        let mut rows = Vec::with_capacity(observations.rows.len());
        for row in &observations.rows {
            let packed = Packed::new(row, known_people, repos);
            all.add(&packed);
            if let Some(funnel) = funnels.get_mut(packed.team as usize) {
                funnel.add(&packed);
            }
            rows.push(packed);
        }
        funnels[teams] = all;
        let people = (known_people + repos) as usize;
        Table {
            by_person: Grouped::new(rows.iter().map(|row| row.person), people).items,
            by_team: Grouped::new(rows.iter().map(|row| row.team), teams),
            people,
            funnels,
            months: TeamMonths::new(&rows, teams),
            rows,
            observations,
        }
    }

    pub(crate) fn row(&self, row: u32) -> &Packed {
        &self.rows[row as usize]
    }

    pub(crate) fn by_person(&self) -> &[u32] {
        &self.by_person
    }

    pub(crate) fn by_team(&self) -> &Grouped {
        &self.by_team
    }

    pub(crate) fn people(&self) -> usize {
        self.people
    }

    pub(crate) fn months(&self) -> &TeamMonths {
        &self.months
    }

    /// The funnel of a team, or of all.
    pub(crate) fn funnel(&self, team: Option<usize>) -> Funnel {
        let teams = self.funnels.len() - 1;
        let place = team.map_or(teams, |team| team.min(teams));
        self.funnels[place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_stand_by_group_in_their_order() {
        let groups = [2, 0, u32::MAX, 2, 1, 0, 7];
        let grouped = Grouped::new(groups.into_iter(), 4);
        let found: Vec<&[u32]> = (0..5).map(|group| grouped.of(group)).collect();
        assert_eq!(found, [&[1, 5][..], &[4], &[0, 3], &[], &[]]);
        assert_eq!(grouped.groups(), 4);
    }
}
