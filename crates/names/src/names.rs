//! What people are called where their names are not shown: by the part they play in the pull request.

mod address;
mod branch;

use std::ops::Range;

use address::{address_around, head, is_of_no_person, login_at_host, name_before};
use measures::Account;
use model::PullRequest;

/// Names shorter than this are not looked for in texts: they would be found in other words.
const SHORTEST: usize = 3;

/// Names that are looked for in texts; a pull request with more people is not read by anyone.
const MOST: usize = 200;

/// Who is called what.
#[derive(Debug, Default)]
pub struct Names {
    are_shown: bool,
    /// Logins in lower case, and what they are called.
    logins: Vec<(String, String)>,
    /// Other words that stand for people: names in commits, and addresses, in lower case.
    words: Vec<(String, String)>,
    bots: Vec<String>,
    /// Addresses of bots, in lower case.
    bot_addresses: Vec<String>,
}

impl Names {
    /// Names for texts without their record, of which nobody is known.
    pub fn of_nobody(are_shown: bool) -> Self {
        Names {
            are_shown,
            ..Names::default()
        }
    }

    /// Whether people are called by their names.
    pub fn are_shown(&self) -> bool {
        self.are_shown
    }

    /// Who is who in a pull request.
    pub fn of(
        pull_request: &PullRequest,
        is_bot: &dyn Fn(Account<'_>) -> bool,
        are_shown: bool,
    ) -> Self {
        let mut names = Names {
            are_shown,
            ..Names::default()
        };
        if are_shown {
            return names;
        }
        if let Some(author) = &pull_request.author {
            let account = Account {
                login: author.login.as_deref(),
                id: author.id,
                is_bot: author.is_bot,
            };
            names.meet(account, is_bot, |_| "the author".to_owned());
        }
        let mut number = 0;
        for review in pull_request.reviews.iter().flatten() {
            let account = Account {
                login: review.author.as_deref(),
                id: review.author_id,
                is_bot: review.is_bot,
            };
            names.meet(account, is_bot, |_| numbered("reviewer", &mut number));
        }
        number = 0;
        for comment in pull_request.comments.iter().flatten() {
            let account = Account {
                login: comment.author.as_deref(),
                id: comment.author_id,
                is_bot: comment.is_bot,
            };
            names.meet(account, is_bot, |_| numbered("commenter", &mut number));
        }
        number = 0;
        for commit in pull_request.commits.iter().flatten() {
            let people = [
                (
                    &commit.author_login,
                    &commit.author_name,
                    &commit.author_email,
                ),
                (
                    &commit.committer_login,
                    &commit.committer_name,
                    &commit.committer_email,
                ),
            ];
            for (login, name, address) in people {
                let account = Account {
                    login: login.as_deref(),
                    id: None,
                    is_bot: None,
                };
                let label = if login.is_some() {
                    names.meet(account, is_bot, |_| numbered("committer", &mut number))
                } else {
                    None
                };
                if label.is_none() && login.is_some() {
                    // The host found the account by the address: it is the bot's.
                    let address = address.as_deref().map(str::to_lowercase);
                    names.bot_addresses.extend(address);
                    continue;
                }
                let label = label.unwrap_or_else(|| "a committer".to_owned());
                for word in [name, address].into_iter().flatten() {
                    names.word(word, &label);
                }
            }
        }
        number = 0;
        for event in pull_request.events.iter().flatten() {
            for login in [&event.actor, &event.assignee].into_iter().flatten() {
                let account = Account {
                    login: Some(login),
                    id: None,
                    is_bot: None,
                };
                names.meet(account, is_bot, |_| numbered("member", &mut number));
            }
        }
        let commits = pull_request.commits.iter().flatten();
        let texts = commits.map(|commit| commit.message.as_str());
        for text in texts.chain(pull_request.body.as_deref()) {
            names.meet_bots_by_address(text, is_bot);
        }
        names
    }

    /// Remembers bots of whom a text gives addresses at the host, as trailers do: they are evidence, and nobody's. Of
    /// other addresses what stands before the `@` tells nothing: people are called Claude and Devin, too.
    fn meet_bots_by_address(&mut self, text: &str, is_bot: &dyn Fn(Account<'_>) -> bool) {
        for (at, _) in text.match_indices('@') {
            let address = address_around(text, at).map(|range| &text[range]);
            let Some(login) = address.and_then(login_at_host) else {
                continue;
            };
            let account = Account {
                login: Some(login),
                id: None,
                is_bot: None,
            };
            let key = login.to_lowercase();
            if !self.bots.contains(&key) && is_bot(account) {
                self.bots.push(key);
            }
        }
    }

    /// Gives an account a name unless it has one, and says which; `None` for bots.
    fn meet(
        &mut self,
        account: Account<'_>,
        is_bot: &dyn Fn(Account<'_>) -> bool,
        label: impl FnOnce(&str) -> String,
    ) -> Option<String> {
        let login = account.login?;
        let key = login.to_lowercase();
        if let Some((_, known)) = self.logins.iter().find(|(one, _)| *one == key) {
            return Some(known.clone());
        }
        if self.bots.contains(&key) {
            return None;
        }
        if measures::is_marked_bot(account) || is_bot(account) || key == "web-flow" {
            self.bots.push(key);
            return None;
        }
        let label = label(login);
        if self.logins.len() < MOST {
            self.logins.push((key, label.clone()));
        }
        Some(label)
    }

    fn word(&mut self, word: &str, label: &str) {
        let plain = word
            .split(" (")
            .next()
            .unwrap_or(word)
            .trim()
            .to_lowercase();
        let is_bot = plain.contains("[bot]") || self.bots.contains(&plain) || plain == "github";
        if plain.len() < SHORTEST || is_bot || is_of_no_person(&plain) || self.words.len() >= MOST {
            return;
        }
        if !self.words.iter().any(|(known, _)| *known == plain) {
            self.words.push((plain, label.to_owned()));
        }
    }

    /// What an account is called.
    pub fn call(&self, login: Option<&str>) -> String {
        let Some(login) = login else {
            return "a deleted account".to_owned();
        };
        if self.are_shown {
            return login.to_owned();
        }
        let key = login.to_lowercase();
        if self.bots.contains(&key) || key.ends_with("[bot]") {
            return login.to_owned();
        }
        self.logins
            .iter()
            .find(|(one, _)| *one == key)
            .map_or_else(|| "somebody".to_owned(), |(_, label)| label.clone())
    }

    /// Where people are named in a text, in order and apart, with what stands there instead.
    pub fn hidden(&self, text: &str) -> Vec<(Range<usize>, String)> {
        if self.are_shown {
            return Vec::new();
        }
        let mut found = self.addresses(text);
        found.extend(self.mentions(text));
        let lower = text.to_ascii_lowercase();
        for (word, label) in self.words.iter().chain(&self.logins) {
            if word.len() < SHORTEST {
                continue;
            }
            for (start, _) in lower.match_indices(word.as_str()) {
                let end = start + word.len();
                if is_apart(&lower, start, end) {
                    found.push((start..end, label.clone()));
                }
            }
        }
        found.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
        let mut end = 0;
        found.retain(|(range, _)| {
            let is_free = range.start >= end;
            if is_free {
                end = range.end;
            }
            is_free
        });
        found
    }

    /// Addresses of people, with the name before them where there is one: `Ann <ann@example.org>`.
    fn addresses(&self, text: &str) -> Vec<(Range<usize>, String)> {
        let mut found = Vec::new();
        for (at, _) in text.match_indices('@') {
            let Some(Range { start, end }) = address_around(text, at) else {
                continue;
            };
            let address = text[start..end].to_lowercase();
            let login = login_at_host(&address);
            let is_of_a_bot = self.bot_addresses.contains(&address)
                || login.is_some_and(|login| self.bots.iter().any(|bot| bot == login));
            if is_of_a_bot || is_of_no_person(&address) {
                continue;
            }
            let known = self.words.iter().find(|(word, _)| *word == address);
            let label = known.map_or("an address", |(_, label)| label.as_str());
            let range = match name_before(text, start) {
                // With its brackets, which say where the address of the name ends.
                Some(name) => name..end + usize::from(text[end..].starts_with('>')),
                None => start..end,
            };
            found.push((range, label.to_owned()));
        }
        found
    }

    /// A text in which people are hidden.
    pub fn without_people(&self, text: &str) -> String {
        let mut plain = String::with_capacity(text.len());
        let mut at = 0;
        for (range, label) in self.hidden(text) {
            plain.push_str(text.get(at..range.start).unwrap_or_default());
            plain.push_str(&label);
            at = range.end;
        }
        plain.push_str(text.get(at..).unwrap_or_default());
        plain
    }

    fn mentions(&self, text: &str) -> Vec<(Range<usize>, String)> {
        let mut found = Vec::new();
        for (at, _) in text.match_indices('@') {
            let follows_word = text
                .get(..at)
                .and_then(|before| before.chars().next_back())
                .is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
            let after = text.get(at + 1..).unwrap_or_default();
            let length = head(after, |letter| {
                letter.is_ascii_alphanumeric() || letter == '-'
            });
            let rest = after.get(length..).unwrap_or_default();
            if follows_word || length == 0 || rest.starts_with('/') || rest.starts_with("[bot]") {
                continue;
            }
            let login = after.get(..length).unwrap_or_default().to_lowercase();
            if self
                .bots
                .iter()
                .any(|bot| bot.trim_end_matches("[bot]") == login)
            {
                continue;
            }
            let known = self.logins.iter().find(|(one, _)| *one == login);
            let label = known.map_or("@somebody", |(_, label)| label.as_str());
            found.push((at..at + 1 + length, label.to_owned()));
        }
        found
    }
}

fn numbered(part: &str, number: &mut u32) -> String {
    *number += 1;
    format!("{part} {number}")
}

/// Whether what lies between two places is a word of its own.
fn is_apart(text: &str, start: usize, end: usize) -> bool {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
    let before = text.get(..start).and_then(|text| text.chars().next_back());
    let after = text.get(end..).and_then(|text| text.chars().next());
    !before.is_some_and(is_word) && !after.is_some_and(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(are_shown: bool) -> Names {
        let record: PullRequest = serde_json::from_str(
            r#"{"repo":"a/b","number":1,"author":{"login":"Ann-Lee"},
                "reviews":[{"author":"bob","state":"APPROVED"},{"author":"coderabbitai[bot]","is_bot":true}],
                "comments":[{"author":"ann-lee","body":"x"},{"author":"carl","body":"y"}],
                "commits":[{"message":"m","author_login":"Ann-Lee","author_name":"Ann Lee (aider)","author_email":"ann@corp.example"}]}"#,
        )
        .expect("a record");
        Names::of(&record, &measures::is_marked_bot, are_shown)
    }

    #[test]
    fn people_are_called_by_their_part() {
        let names = names(false);
        for (login, called) in [
            (Some("ANN-LEE"), "the author"),
            (Some("bob"), "reviewer 1"),
            (Some("carl"), "commenter 1"),
            (Some("coderabbitai[bot]"), "coderabbitai[bot]"),
            (Some("stranger"), "somebody"),
            (None, "a deleted account"),
        ] {
            assert_eq!(names.call(login), called, "{login:?}");
        }
    }

    #[test]
    fn names_addresses_and_mentions_are_hidden_in_texts() {
        for (text, expected) in [
            ("thanks @bob!", "thanks reviewer 1!"),
            ("ask @stranger and @org/team", "ask @somebody and @org/team"),
            ("@coderabbitai review", "@coderabbitai review"),
            ("Ann Lee wrote it", "the author wrote it"),
            ("planned, bobbing", "planned, bobbing"),
            (
                "Signed-off-by: Jo Doe <jo@x.example>",
                "Signed-off-by: an address",
            ),
            ("by ann@corp.example.", "by the author."),
            ("<jo@x.example>", "<an address>"),
            ("Jo <jo@x.example", "an address"),
            (
                "Co-authored-by: Claude <noreply@anthropic.com>",
                "Co-authored-by: Claude <noreply@anthropic.com>",
            ),
            (
                "Co-authored-by: Ann Lee (aider) <ann@corp.example>",
                "Co-authored-by: the author",
            ),
            ("über@x.example", "an address"),
            ("a @ b, @", "a @ b, @"),
        ] {
            assert_eq!(names(false).without_people(text), expected, "{text}");
        }
    }

    #[test]
    fn addresses_of_tools_are_evidence_and_stay() {
        let record: PullRequest = serde_json::from_str(
            r#"{"repo":"a/b","number":1,"author":{"login":"ann"},
                "body":"with 7+helper@users.noreply.github.com, and devin@corp.example",
                "commits":[{"message":"m","author_login":"agent","author_email":"Agent@tool.example"},
                    {"message":"m\n\nCo-authored-by: Jo <8+jo@users.noreply.github.com>"}]}"#,
        )
        .expect("a record");
        let is_bot =
            |account: Account<'_>| matches!(account.login, Some("helper" | "agent" | "devin"));
        let names = Names::of(&record, &is_bot, false);
        for (text, expected) in [
            ("Agent <agent@tool.example>", "Agent <agent@tool.example>"),
            ("agent@corp.example", "an address"),
            ("Devin Doe <devin@corp.example>", "an address"),
            (
                "7+Helper@users.noreply.github.com",
                "7+Helper@users.noreply.github.com",
            ),
            ("Jo <8+jo@users.noreply.github.com>", "an address"),
            ("other@tool.example", "an address"),
        ] {
            assert_eq!(names.without_people(text), expected, "{text}");
        }
    }

    #[test]
    fn where_names_are_allowed_nothing_is_hidden() {
        let names = names(true);
        assert!(names.hidden("@bob ann@corp.example").is_empty());
        assert_eq!(names.without_people("@bob"), "@bob");
        assert_eq!(names.call(Some("bob")), "bob");
    }
}
