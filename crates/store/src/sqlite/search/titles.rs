//! Titles apart from their documents, and the words in them.

use std::sync::{Mutex, PoisonError};

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, Transaction, params};
use serde::Deserialize;

use crate::document::Unpacker;
use crate::sqlite::fault::Fault;

/// Characters of a title that are kept: what a list can show, and people search for.
const TITLE_CHARACTERS: usize = 500;
/// Words of a search that count, and characters of each.
const SEARCH_WORDS: usize = 8;
const WORD_CHARACTERS: usize = 64;

/// The beginning of a title.
fn cut(title: &str) -> &str {
    title
        .char_indices()
        .nth(TITLE_CHARACTERS)
        .map_or(title, |(end, _)| &title[..end])
}

/// Keeps the title of a new pull request.
pub(in crate::sqlite) fn insert(
    transaction: &Transaction<'_>,
    id: i64,
    repo_id: i64,
    number: i64,
    title: &str,
) -> Result<(), Fault> {
    let title = cut(title);
    transaction
        .prepare_cached("INSERT INTO title (id, repo_id, number, text) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![id, repo_id, number, title])?;
    transaction
        .prepare_cached("INSERT INTO title_word (rowid, text) VALUES (?1, ?2)")?
        .execute(params![id, title])?;
    Ok(())
}

/// Keeps another title, if it is another one.
pub(in crate::sqlite) fn update(
    transaction: &Transaction<'_>,
    id: i64,
    before: &str,
    now: &str,
) -> Result<(), Fault> {
    let now = cut(now);
    if now == cut(before) {
        return Ok(());
    }
    transaction
        .prepare_cached("UPDATE title SET text = ?2 WHERE id = ?1")?
        .execute(params![id, now])?;
    transaction
        .prepare_cached("INSERT OR REPLACE INTO title_word (rowid, text) VALUES (?1, ?2)")?
        .execute(params![id, now])?;
    Ok(())
}

/// Forgets the titles of those pull requests of `from` that `taker` has too, before they go.
pub(in crate::sqlite) fn forget_shared(
    transaction: &Transaction<'_>,
    from: i64,
    taker: i64,
) -> Result<(), Fault> {
    const SHARED: &str = "SELECT document_id FROM pr WHERE repo_id = ?1 AND number IN \
                          (SELECT number FROM pr WHERE repo_id = ?2)";
    for sql in [
        format!("INSERT OR IGNORE INTO search_pending (id) {SHARED}"),
        format!("DELETE FROM title_word WHERE rowid IN ({SHARED})"),
        format!("DELETE FROM title WHERE id IN ({SHARED})"),
    ] {
        transaction.prepare_cached(&sql)?.execute([from, taker])?;
    }
    Ok(())
}

/// What FTS5 understands for "each of these words, from its beginning"; `None` where there is no word. A single
/// letter or digit of ASCII is a whole word: as a beginning it would say little and find most titles.
pub(super) fn match_expression(text: &str) -> Option<String> {
    let words: Vec<String> = text
        .split_whitespace()
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .take(SEARCH_WORDS)
        .map(|word| {
            let word: String = word
                .chars()
                .filter(|character| !character.is_control())
                .take(WORD_CHARACTERS)
                .collect();
            let star = if word.len() == 1 { "" } else { "*" };
            format!("\"{}\"{star}", word.replace('"', "\"\""))
        })
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// Teaches a connection `document_title(format, data)`, by which the migration finds titles in
/// documents. A damaged document has an empty one: it must not keep a database from being opened.
pub(in crate::sqlite) fn add_function(connection: &Connection) -> rusqlite::Result<()> {
    #[derive(Deserialize)]
    struct Titled {
        title: Option<String>,
    }
    let unpacker = Mutex::new(Unpacker::new().ok());
    connection.create_scalar_function(
        "document_title",
        2,
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY,
        move |context| {
            let format: i64 = context.get(0)?;
            let title = unpacker
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .as_mut()
                .zip(context.get_raw(1).as_blob().ok())
                .and_then(|(unpacker, data)| unpacker.unpack::<Titled>(format, data).ok())
                .and_then(|titled| titled.title)
                .unwrap_or_default();
            Ok(cut(&title).to_owned())
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_made_of_its_words() {
        for (text, expected) in [
            ("fix queue", Some("\"fix\"* \"queue\"*")),
            ("  foo-bar() = ", Some("\"foo-bar()\"*")),
            ("say \"no\"", Some("\"say\"* \"\"\"no\"\"\"*")),
            ("a\u{0}b", Some("\"ab\"*")),
            ("plan a 修", Some("\"plan\"* \"a\" \"修\"*")),
            ("= + - \"", None),
            ("", None),
        ] {
            assert_eq!(match_expression(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_title_is_cut_between_characters() {
        assert_eq!(cut("short"), "short");
        let long = "ä".repeat(TITLE_CHARACTERS + 1);
        assert_eq!(cut(&long).chars().count(), TITLE_CHARACTERS);
    }
}
