//! Observations of one team out of those of all.

use std::collections::HashMap;

use crate::observations::{Code, Dictionary, Observations};

impl Observations {
    /// The observations of one team, as if only they had been read: names are coded anew in the order
    /// in which they occur, so that nothing that is worked out depends on the other teams. What was
    /// linked across teams (reverts) stays linked.
    pub fn of_team(&self, team: &str) -> Observations {
        let mut of_team = Observations::default();
        let wanted = self.teams.names().iter().position(|name| **name == *team);
        let Some(wanted) = wanted else {
            return of_team;
        };
        let mut repos = Recoding::new(&self.repos);
        let mut people = Recoding::new(&self.people);
        let mut tools = Recoding::new(&self.tools);
        let mut reviewers = Recoding::new(&self.reviewer_sets);
        let mut languages = Recoding::new(&self.languages);
        for row in &self.rows {
            if row.team.index() != Some(wanted) {
                continue;
            }
            let mut row = *row;
            row.team = of_team.teams.code(team);
            row.repo = repos.code(row.repo, &mut of_team.repos);
            row.person = people.code(row.person, &mut of_team.people);
            row.author_tools = tools.code(row.author_tools, &mut of_team.tools);
            row.review_tools = tools.code(row.review_tools, &mut of_team.tools);
            row.reviewers = reviewers.code(row.reviewers, &mut of_team.reviewer_sets);
            row.language = languages.code(row.language, &mut of_team.languages);
            of_team.rows.push(row);
        }
        of_team
    }
}

/// From the codes of one dictionary to those of another.
struct Recoding<'d> {
    from: &'d Dictionary,
    codes: HashMap<Code, Code>,
}

impl<'d> Recoding<'d> {
    fn new(from: &'d Dictionary) -> Self {
        Recoding {
            from,
            codes: HashMap::new(),
        }
    }

    fn code(&mut self, code: Code, into: &mut Dictionary) -> Code {
        let Some(name) = self.from.name(code) else {
            return Code::NONE;
        };
        *self.codes.entry(code).or_insert_with(|| into.code(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Observation;

    #[test]
    fn a_team_is_taken_out_with_names_of_its_own() {
        let mut all = Observations::default();
        for (team, repo, person) in [
            ("a", "a/x", "ann"),
            ("b", "b/x", "bob"),
            ("a", "a/y", "bob"),
            ("b", "b/y", "cy"),
        ] {
            let row = Observation {
                team: all.teams.code(team),
                repo: all.repos.code(repo),
                person: all.people.code(person),
                reviewers: all.reviewer_sets.code(&format!("{person},dora")),
                number: 7,
                ..Observation::default()
            };
            all.rows.push(row);
        }
        let b = all.of_team("b");
        assert_eq!(b.rows.len(), 2);
        let names = |dictionary: &Dictionary| dictionary.names().join(" ");
        assert_eq!(names(&b.teams), "b");
        assert_eq!(names(&b.repos), "b/x b/y");
        assert_eq!(names(&b.people), "bob cy");
        assert_eq!(b.people.name(b.rows[1].person), Some("cy"));
        assert_eq!(b.reviewer_sets.name(b.rows[1].reviewers), Some("cy,dora"));
        assert_eq!(b.tools.name(b.rows[1].author_tools), None);
        assert!(all.of_team("none").rows.is_empty());
    }
}
