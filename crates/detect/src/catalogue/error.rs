//! What can be wrong with a catalogue.

use thiserror::Error;

/// Why a catalogue was refused. Every variant names the file, and the row where there is one.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// The text is not TOML, or a key is missing, unknown or of the wrong type.
    #[error("{file}: not a valid catalogue")]
    Parse {
        /// The name of the source, as given by the caller.
        file: String,
        /// Line, column and key.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// Two rows of one file carry the same id.
    #[error("{file}: the id `{id}` is used twice")]
    DuplicateId {
        /// The name of the source.
        file: String,
        /// The id.
        id: String,
    },
    /// Two tools of one file carry the same slug.
    #[error("{file}: the tool `{slug}` is defined twice")]
    DuplicateTool {
        /// The name of the source.
        file: String,
        /// The slug.
        slug: String,
    },
    /// A row names a tool that no file defines.
    #[error("{file}: row `{id}` names the tool `{slug}`, which is not defined")]
    UnknownTool {
        /// The name of the source.
        file: String,
        /// The row.
        id: String,
        /// The slug.
        slug: String,
    },
    /// `disable` names a row that does not exist.
    #[error("{file}: cannot disable `{id}`: no such row")]
    UnknownId {
        /// The name of the source.
        file: String,
        /// The id.
        id: String,
    },
    /// A row has no example, so nothing shows that it works.
    #[error("{file}: row `{id}` has no example")]
    NoExample {
        /// The name of the source.
        file: String,
        /// The row.
        id: String,
    },
    /// A row with a pattern has no counter-example, so nothing shows where it stops.
    #[error("{file}: row `{id}` has a pattern but no counter-example")]
    NoCounterExample {
        /// The name of the source.
        file: String,
        /// The row.
        id: String,
    },
    /// A row is empty where it must name something.
    #[error("{file}: row `{id}`: {reason}")]
    BadRow {
        /// The name of the source.
        file: String,
        /// The row.
        id: String,
        /// What is wrong, as a fragment.
        reason: String,
    },
    /// A pattern is not a regular expression this engine can run in linear time.
    #[error("{file}: row `{id}`: the pattern does not compile")]
    BadPattern {
        /// The name of the source.
        file: String,
        /// The row.
        id: String,
        /// What the regex engine says.
        #[source]
        source: Box<regex::Error>,
    },
    /// A pattern could match without any fixed text, so that every text would have to be searched.
    #[error(
        "{file}: row `{id}`: every match must contain a fixed text of at least 3 bytes, and this \
         pattern guarantees none; add fixed text to it"
    )]
    NoLiteral {
        /// The name of the source.
        file: String,
        /// The row.
        id: String,
    },
    /// The `anchor` of a row is not part of every match.
    #[error("{file}: row `{id}`: the anchor `{anchor}` is not part of every match of the pattern")]
    BadAnchor {
        /// The name of the source.
        file: String,
        /// The row.
        id: String,
        /// The anchor.
        anchor: String,
    },
}
