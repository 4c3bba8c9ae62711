//! Names of tools as people, models and label files write them, resolved to slugs.

use std::collections::HashMap;

use crate::catalogue::Catalogue;

/// Where a tool is said to have stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Position {
    /// It made the change or helped to make it.
    Author,
    /// It reviewed the change.
    Reviewer,
}

/// An index of every slug, name and alias.
#[derive(Debug, Clone, Default)]
pub(crate) struct ToolNames {
    slug_by_name: HashMap<String, String>,
    review_slug: HashMap<String, String>,
}

impl ToolNames {
    /// Indexes the tools of a catalogue. Where two tools share a name, the earlier keeps it.
    pub(crate) fn new(catalogue: &Catalogue) -> Self {
        let mut names = ToolNames::default();
        // Slugs first: an alias never takes the slug of another tool.
        for tool in catalogue.tools() {
            names.add(&tool.slug, &tool.slug);
            if let Some(review) = &tool.reviews_as {
                names.review_slug.insert(tool.slug.clone(), review.clone());
            }
        }
        for tool in catalogue.tools() {
            names.add(&tool.name, &tool.slug);
            for alias in &tool.aliases {
                names.add(alias, &tool.slug);
            }
        }
        names
    }

    /// The slug of a name in a position; `None` when no tool bears it.
    pub(crate) fn resolve(&self, name: &str, position: Position) -> Option<&str> {
        let slug = self.slug_by_name.get(&folded(name))?;
        let resolved = match position {
            Position::Author => slug,
            Position::Reviewer => self.review_slug.get(slug).unwrap_or(slug),
        };
        Some(resolved)
    }

    fn add(&mut self, name: &str, slug: &str) {
        self.slug_by_name
            .entry(folded(name))
            .or_insert_with(|| slug.to_owned());
    }
}

impl Catalogue {
    /// The slug of a tool by any of its names, in the position given: `Claude_Code`, `claude code`
    /// and `claude` are `claude_code` as author, and `claude_review` as reviewer. `None` when no
    /// tool of the catalogue bears the name.
    pub fn slug_of(&self, name: &str, position: Position) -> Option<String> {
        ToolNames::new(self)
            .resolve(name, position)
            .map(str::to_owned)
    }
}

/// Letters and digits only, lower-case: spelling variants of one name fall together.
fn folded(name: &str) -> String {
    name.chars()
        .filter(|character| character.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}
