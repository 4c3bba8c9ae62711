//! Teams: a plan, and the people who carry it out.

use super::calendar::Month;
use super::chance::Chance;
use super::people::{Person, people_of};
use super::plan::TeamPlan;
use super::repositories::RepositoryPlan;

/// Share of an author's work that stays in the home repository whatever the weights say.
const HOME_SHARE: f64 = 0.5;
/// No draw is more certain than this.
const LARGEST_SHARE: f64 = 0.95;

/// A team: its plan, its people, and what follows from both.
#[derive(Debug, Clone)]
pub(crate) struct Team {
    pub(super) index: usize,
    pub(super) plan: &'static TeamPlan,
    pub(super) people: Vec<Person>,
    /// The mean of the affinities over the team's work, by which shares are divided, so that the
    /// team as a whole follows its curve.
    mean_affinity: f64,
}

impl Team {
    /// Hires the team's people from the seed.
    pub(super) fn new(index: usize, plan: &'static TeamPlan, chance: &mut Chance) -> Self {
        let people = people_of(index, plan.repositories.len(), plan.affinity_spread, chance);
        let mut team = Team {
            index,
            plan,
            people,
            mean_affinity: 1.0,
        };
        let mut weighted_affinity = 0.0;
        let mut weights = 0.0;
        for person in &team.people {
            let places = team.repository_weights(person);
            for (repository, place) in plan.repositories.iter().zip(&places) {
                weighted_affinity +=
                    person.activity * place * person.affinity * repository.affinity;
            }
            weights += person.activity * places.iter().sum::<f64>();
        }
        team.mean_affinity = weighted_affinity / weights;
        team
    }

    /// The team's name: the owner of its repositories.
    pub(crate) fn name(&self) -> &'static str {
        self.plan.name
    }

    /// Where a person works, as weights that add up to 1.
    pub(super) fn repository_weights(&self, person: &Person) -> Vec<f64> {
        let total: f64 = self.plan.repositories.iter().map(|plan| plan.weight).sum();
        let mut weights: Vec<f64> = self
            .plan
            .repositories
            .iter()
            .map(|plan| (1.0 - HOME_SHARE) * plan.weight / total)
            .collect();
        weights[person.home] += HOME_SHARE;
        weights
    }

    /// The probability that this work is made with AI.
    pub(super) fn ai_share(&self, month: &Month, person: &Person, plan: &RepositoryPlan) -> f64 {
        let affinity = person.affinity * plan.affinity / self.mean_affinity;
        (self.plan.curve.share(month.index) * affinity).min(LARGEST_SHARE)
    }

    /// Who opens the next pull request, and the index of the repository.
    pub(super) fn draw_place(&self, chance: &mut Chance) -> (&Person, usize) {
        let weights: Vec<f64> = self.people.iter().map(|person| person.activity).collect();
        let person = &self.people[chance.weighted(&weights)];
        (person, chance.weighted(&self.repository_weights(person)))
    }

    /// Someone of the team who is not the person whose work it is.
    pub(super) fn colleague(&self, person: &Person, chance: &mut Chance) -> &Person {
        let weights: Vec<f64> = self
            .people
            .iter()
            .map(|other| {
                if other.login == person.login {
                    0.0
                } else {
                    other.activity
                }
            })
            .collect();
        &self.people[chance.weighted(&weights)]
    }
}
