//! The catalogue: signatures as data, merged from the built-in files and those of users.

mod error;
mod names;
pub(crate) mod rows;

use std::collections::{HashMap, HashSet};

pub use error::CatalogueError;
pub use names::Position;
pub(crate) use names::ToolNames;
pub use rows::{Tool, ToolKind};

use rows::{
    AccountRow, AddressRow, CatalogueFile, CreditRow, MentionRow, NameRow, PlainBotRow, TextRow,
};

/// The state of knowledge of the built-in files.
const KNOWLEDGE_DATE: &str = "2026-11-23";

/// Raised when the engine reads the same rows differently, so that stored verdicts become stale.
const ENGINE_VERSION: &str = "1";

/// The built-in files, by name.
const BUILTIN_FILES: [(&str, &str); 9] = [
    ("tools.toml", include_str!("../../catalogue/tools.toml")),
    (
        "accounts.toml",
        include_str!("../../catalogue/accounts.toml"),
    ),
    ("signers.toml", include_str!("../../catalogue/signers.toml")),
    ("markers.toml", include_str!("../../catalogue/markers.toml")),
    ("credits.toml", include_str!("../../catalogue/credits.toml")),
    (
        "reviewers.toml",
        include_str!("../../catalogue/reviewers.toml"),
    ),
    (
        "summaries.toml",
        include_str!("../../catalogue/summaries.toml"),
    ),
    (
        "plain_bots.toml",
        include_str!("../../catalogue/plain_bots.toml"),
    ),
    (
        "mentions.toml",
        include_str!("../../catalogue/mentions.toml"),
    ),
];

/// All signatures, ready to be compiled by [`crate::Detector::new`].
#[derive(Debug, Clone)]
pub struct Catalogue {
    pub(crate) tools: Vec<Tool>,
    pub(crate) accounts: Vec<Sourced<AccountRow>>,
    pub(crate) plain_bots: Vec<Sourced<PlainBotRow>>,
    pub(crate) addresses: Vec<Sourced<AddressRow>>,
    pub(crate) names: Vec<Sourced<NameRow>>,
    pub(crate) texts: Vec<Sourced<TextRow>>,
    pub(crate) credits: Vec<Sourced<CreditRow>>,
    pub(crate) mentions: Vec<Sourced<MentionRow>>,
    version: String,
    hasher: blake3::Hasher,
}

/// A row with the name of the file it came from.
#[derive(Debug, Clone)]
pub(crate) struct Sourced<Row> {
    pub(crate) file: String,
    pub(crate) row: Row,
}

impl Catalogue {
    /// The signatures that ship with this crate.
    pub fn builtin() -> Result<Self, CatalogueError> {
        let mut catalogue = Catalogue::empty();
        for (name, text) in BUILTIN_FILES {
            catalogue.merge(text, name)?;
        }
        catalogue.check()?;
        Ok(catalogue)
    }

    /// Adds the rows of a user's file: `text` is TOML, `source_name` is how errors call it.
    ///
    /// A row with the id of an earlier row replaces it, a tool with an earlier slug likewise, and
    /// `disable = ["id", ...]` leaves earlier rows out. On an error nothing has changed.
    pub fn extend_with_user_file(
        &mut self,
        text: &str,
        source_name: &str,
    ) -> Result<(), CatalogueError> {
        let mut extended = self.clone();
        extended.merge(text, source_name)?;
        extended.check()?;
        *self = extended;
        Ok(())
    }

    /// The date of knowledge and a hash of every row and of the engine's reading of them.
    ///
    /// Two catalogues of the same version give the same verdicts; a verdict of another version is
    /// stale.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The tools that signatures can name.
    pub fn tools(&self) -> impl Iterator<Item = &Tool> {
        self.tools.iter()
    }

    /// The tool of a slug.
    pub fn tool(&self, slug: &str) -> Option<&Tool> {
        self.tools.iter().find(|tool| tool.slug == slug)
    }

    /// The number of signatures: every row but tools and mentions.
    pub fn signature_count(&self) -> usize {
        self.accounts.len()
            + self.plain_bots.len()
            + self.addresses.len()
            + self.names.len()
            + self.texts.len()
            + self.credits.len()
    }

    /// Ids of all rows, mentions included, in the order of the files.
    pub fn row_ids(&self) -> impl Iterator<Item = &str> {
        self.row_facts().map(|facts| facts.id)
    }

    fn empty() -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(ENGINE_VERSION.as_bytes());
        Catalogue {
            tools: Vec::new(),
            accounts: Vec::new(),
            plain_bots: Vec::new(),
            addresses: Vec::new(),
            names: Vec::new(),
            texts: Vec::new(),
            credits: Vec::new(),
            mentions: Vec::new(),
            version: String::new(),
            hasher,
        }
    }

    fn merge(&mut self, text: &str, file: &str) -> Result<(), CatalogueError> {
        let parsed: CatalogueFile =
            toml::from_str(text).map_err(|source| CatalogueError::Parse {
                file: file.to_owned(),
                source: Box::new(source),
            })?;
        for id in &parsed.disable {
            if !self.row_ids().any(|known| known == id) {
                return Err(CatalogueError::UnknownId {
                    file: file.to_owned(),
                    id: id.clone(),
                });
            }
        }
        let mut slugs = HashSet::new();
        for tool in &parsed.tools {
            if !slugs.insert(tool.slug.as_str()) {
                return Err(CatalogueError::DuplicateTool {
                    file: file.to_owned(),
                    slug: tool.slug.clone(),
                });
            }
        }
        let new_ids = ids_of(&parsed, file)?;
        let outdated =
            |id: &str| new_ids.contains(id) || parsed.disable.iter().any(|gone| gone == id);

        self.tools
            .retain(|tool| !slugs.contains(tool.slug.as_str()));
        self.accounts.retain(|old| !outdated(&old.row.id));
        self.plain_bots.retain(|old| !outdated(&old.row.id));
        self.addresses.retain(|old| !outdated(&old.row.id));
        self.names.retain(|old| !outdated(&old.row.id));
        self.texts.retain(|old| !outdated(&old.row.id));
        self.credits.retain(|old| !outdated(&old.row.id));
        self.mentions.retain(|old| !outdated(&old.row.id));

        self.tools.extend(parsed.tools);
        append(&mut self.accounts, parsed.accounts, file);
        append(&mut self.plain_bots, parsed.plain_bots, file);
        append(&mut self.addresses, parsed.addresses, file);
        append(&mut self.names, parsed.names, file);
        append(&mut self.texts, parsed.texts, file);
        append(&mut self.credits, parsed.credits, file);
        append(&mut self.mentions, parsed.mentions, file);

        self.hasher.update(&(text.len() as u64).to_le_bytes());
        self.hasher.update(text.as_bytes());
        let digest = self.hasher.finalize().to_hex();
        let short: String = digest.chars().take(12).collect();
        self.version = format!("{KNOWLEDGE_DATE}+{short}");
        Ok(())
    }

    /// Checks what serde cannot: references between rows, and that each row shows that it works.
    fn check(&self) -> Result<(), CatalogueError> {
        let slugs: HashSet<&str> = self.tools.iter().map(|tool| tool.slug.as_str()).collect();
        for tool in &self.tools {
            if let Some(review) = &tool.reviews_as
                && !slugs.contains(review.as_str())
            {
                return Err(CatalogueError::UnknownTool {
                    file: "tools".to_owned(),
                    id: tool.slug.clone(),
                    slug: review.clone(),
                });
            }
        }
        for facts in self.row_facts() {
            let file = facts.file.to_owned();
            let id = facts.id.to_owned();
            if let Some(slug) = facts
                .tools
                .into_iter()
                .flatten()
                .find(|slug| !slugs.contains(slug))
            {
                let slug = slug.to_owned();
                return Err(CatalogueError::UnknownTool { file, id, slug });
            }
            if facts.examples.is_empty() {
                return Err(CatalogueError::NoExample { file, id });
            }
            if facts.has_pattern && facts.counter_examples.is_empty() {
                return Err(CatalogueError::NoCounterExample { file, id });
            }
            if facts.is_hollow {
                let reason = "it names nothing to look for".to_owned();
                return Err(CatalogueError::BadRow { file, id, reason });
            }
        }
        Ok(())
    }

    /// What all kinds of rows have in common.
    pub(crate) fn row_facts(&self) -> impl Iterator<Item = RowFacts<'_>> {
        let accounts = self.accounts.iter().map(|sourced| {
            let row = &sourced.row;
            RowFacts {
                tools: [
                    row.author_tool.as_deref(),
                    row.commit_tool.as_deref(),
                    row.review_tool.as_deref(),
                ],
                is_hollow: (row.logins.is_empty() && row.github_ids.is_empty())
                    || (row.author_tool.is_none()
                        && row.commit_tool.is_none()
                        && row.review_tool.is_none()),
                ..RowFacts::new(&sourced.file, &row.id, &row.examples, &row.counter_examples)
            }
        });
        let plain_bots = self.plain_bots.iter().map(|sourced| {
            let row = &sourced.row;
            RowFacts {
                is_hollow: row.logins.is_empty(),
                ..RowFacts::new(&sourced.file, &row.id, &row.examples, &row.counter_examples)
            }
        });
        let addresses = self.addresses.iter().map(|sourced| {
            let row = &sourced.row;
            RowFacts {
                tools: [Some(row.tool.as_str()), None, None],
                is_hollow: row.addresses.is_empty(),
                ..RowFacts::new(&sourced.file, &row.id, &row.examples, &row.counter_examples)
            }
        });
        let names = self.names.iter().map(|sourced| {
            let row = &sourced.row;
            RowFacts {
                tools: [Some(row.tool.as_str()), None, None],
                is_hollow: row.names.is_empty(),
                ..RowFacts::new(&sourced.file, &row.id, &row.examples, &row.counter_examples)
            }
        });
        let texts = self.texts.iter().map(|sourced| {
            let row = &sourced.row;
            RowFacts {
                tools: [Some(row.tool.as_str()), None, None],
                is_hollow: row.places.is_empty() || row.within.is_empty(),
                has_pattern: true,
                ..RowFacts::new(&sourced.file, &row.id, &row.examples, &row.counter_examples)
            }
        });
        let credits = self.credits.iter().map(|sourced| {
            let row = &sourced.row;
            RowFacts {
                tools: [Some(row.unnamed_tool.as_str()), None, None],
                is_hollow: row.key.len() < 3,
                has_pattern: true,
                ..RowFacts::new(&sourced.file, &row.id, &row.examples, &row.counter_examples)
            }
        });
        let mentions = self.mentions.iter().map(|sourced| {
            let row = &sourced.row;
            RowFacts {
                tools: [row.tool.as_deref(), None, None],
                has_pattern: true,
                ..RowFacts::new(&sourced.file, &row.id, &row.examples, &row.counter_examples)
            }
        });
        accounts
            .chain(plain_bots)
            .chain(addresses)
            .chain(names)
            .chain(texts)
            .chain(credits)
            .chain(mentions)
    }
}

/// What all kinds of rows have in common.
pub(crate) struct RowFacts<'a> {
    pub(crate) file: &'a str,
    pub(crate) id: &'a str,
    pub(crate) tools: [Option<&'a str>; 3],
    pub(crate) examples: &'a [String],
    pub(crate) counter_examples: &'a [String],
    pub(crate) has_pattern: bool,
    /// Whether it names nothing to look for.
    pub(crate) is_hollow: bool,
}

impl<'a> RowFacts<'a> {
    fn new(
        file: &'a str,
        id: &'a str,
        examples: &'a [String],
        counter_examples: &'a [String],
    ) -> Self {
        RowFacts {
            file,
            id,
            tools: [None; 3],
            examples,
            counter_examples,
            has_pattern: false,
            is_hollow: false,
        }
    }
}

fn append<Row>(rows: &mut Vec<Sourced<Row>>, new: Vec<Row>, file: &str) {
    rows.extend(new.into_iter().map(|row| Sourced {
        file: file.to_owned(),
        row,
    }));
}

/// The ids of a file's rows; an error where one is used twice.
fn ids_of(parsed: &CatalogueFile, file: &str) -> Result<HashSet<String>, CatalogueError> {
    let ids = (parsed.accounts.iter().map(|row| &row.id))
        .chain(parsed.plain_bots.iter().map(|row| &row.id))
        .chain(parsed.addresses.iter().map(|row| &row.id))
        .chain(parsed.names.iter().map(|row| &row.id))
        .chain(parsed.texts.iter().map(|row| &row.id))
        .chain(parsed.credits.iter().map(|row| &row.id))
        .chain(parsed.mentions.iter().map(|row| &row.id));
    let mut counts: HashMap<&str, u32> = HashMap::new();
    for id in ids {
        let count = counts.entry(id).or_default();
        *count += 1;
        if *count > 1 {
            return Err(CatalogueError::DuplicateId {
                file: file.to_owned(),
                id: id.clone(),
            });
        }
    }
    Ok(counts.into_keys().map(str::to_owned).collect())
}
