//! How a pull request went, from its clocks and counts.

use model::{ChangeType, FrictionLevel, Health, RiskLevel, Scope, TechCategory};

use super::summary::duration;
use crate::facts::{Facts, Standing};

/// Changed lines up to which a change is small, medium and large.
const SCOPE_LINES: [u64; 3] = [50, 200, 500];
/// Changed files up to which a change of unknown lines is small, medium and large.
const SCOPE_FILES: [u64; 3] = [3, 10, 30];
const SLOW_FIRST_REVIEW_TENTHS: u64 = 240;
const SLOW_OPEN_TENTHS: u64 = 720;
const MANY_REMARKS: u64 = 10;

pub(super) fn health(facts: &Facts, change_type: ChangeType) -> Health {
    let scope = scope(facts);
    let review_friction = friction(facts);
    let risk_level = risk(facts, change_type, scope);
    Health {
        review_friction,
        scope,
        risk_level,
        insights: insights(facts, scope),
    }
}

fn scope(facts: &Facts) -> Scope {
    let step = |value: u64, limits: [u64; 3]| match limits.iter().position(|limit| value <= *limit)
    {
        Some(0) => Scope::Small,
        Some(1) => Scope::Medium,
        Some(_) => Scope::Large,
        None => Scope::Xlarge,
    };
    match (changed_lines(facts), facts.changed_files) {
        (Some(lines), _) => step(lines, SCOPE_LINES),
        (None, Some(files)) => step(files, SCOPE_FILES),
        (None, None) => match facts.commits {
            Some(0..=2) | None => Scope::Small,
            Some(3..=15) => Scope::Medium,
            Some(_) => Scope::Large,
        },
    }
}

fn changed_lines(facts: &Facts) -> Option<u64> {
    Some(facts.additions?.saturating_add(facts.deletions?))
}

fn friction(facts: &Facts) -> FrictionLevel {
    let Some(reviews) = facts.reviews else {
        return FrictionLevel::Unknown;
    };
    let remarks = facts.remarks.map_or(0, |(people, _)| people);
    if reviews.by_people() == 0 && remarks == 0 {
        return FrictionLevel::Unknown;
    }
    let waited_long = facts
        .first_review_tenths
        .is_some_and(|tenths| tenths > SLOW_FIRST_REVIEW_TENTHS);
    if reviews.changes_requested >= 2 || remarks > MANY_REMARKS {
        FrictionLevel::High
    } else if reviews.changes_requested == 1 || remarks > MANY_REMARKS / 2 || waited_long {
        FrictionLevel::Medium
    } else {
        FrictionLevel::Low
    }
}

fn risk(facts: &Facts, change_type: ChangeType, scope: Scope) -> RiskLevel {
    let touches = |area: TechCategory| facts.areas.iter().any(|(one, _)| *one == area);
    let only_harmless = !facts.areas.is_empty()
        && facts
            .areas
            .iter()
            .all(|(area, _)| matches!(area, TechCategory::Documentation | TechCategory::Tests));
    let is_big = matches!(scope, Scope::Large | Scope::Xlarge);
    let is_delicate = touches(TechCategory::Security)
        || touches(TechCategory::Infrastructure)
        || touches(TechCategory::Data);
    if only_harmless || matches!(change_type, ChangeType::Docs | ChangeType::Test) {
        RiskLevel::Low
    } else if (is_big && is_delicate)
        || (scope == Scope::Xlarge && !touches(TechCategory::Tests) && !facts.areas.is_empty())
    {
        RiskLevel::High
    } else if is_big || is_delicate || change_type == ChangeType::Revert {
        RiskLevel::Medium
    } else {
        RiskLevel::Low
    }
}

/// Up to three observations, the most useful first. Each rests on known numbers only.
fn insights(facts: &Facts, scope: Scope) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(reviews) = facts.reviews {
        if facts.standing == Standing::Merged && reviews.by_people() == 0 {
            found.push(if reviews.by_bots > 0 {
                "Merged after reviews by bots only; no other person reviewed it.".to_owned()
            } else {
                "Merged without a review by another person.".to_owned()
            });
        }
        if reviews.changes_requested >= 2 {
            found.push(format!(
                "Changes were requested {} times; agreeing on the approach first may save rounds.",
                reviews.changes_requested
            ));
        }
    }
    if let Some(tenths) = facts
        .first_review_tenths
        .filter(|tenths| *tenths > SLOW_FIRST_REVIEW_TENTHS)
    {
        found.push(format!(
            "Waited {} for the first review by a person.",
            duration(tenths)
        ));
    }
    if let (Scope::Large | Scope::Xlarge, Some(lines)) = (scope, changed_lines(facts)) {
        let code_areas = facts.areas.iter().any(|(area, _)| {
            !matches!(
                area,
                TechCategory::Documentation | TechCategory::Configuration | TechCategory::Tests
            )
        });
        let has_tests = facts
            .areas
            .iter()
            .any(|(area, _)| *area == TechCategory::Tests);
        if code_areas && !has_tests {
            found.push(format!(
                "{lines} changed lines and no test file among them."
            ));
        } else if scope == Scope::Xlarge {
            found.push(format!(
                "{lines} changed lines; smaller parts are easier to review."
            ));
        }
    }
    if let Some(tenths) = facts
        .open_tenths
        .filter(|tenths| *tenths > SLOW_OPEN_TENTHS)
    {
        found.push(format!("Stayed open for {}.", duration(tenths)));
    }
    found.truncate(3);
    found
}
