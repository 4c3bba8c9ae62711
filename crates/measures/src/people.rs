//! Who is who in a pull request: the author, who asked an agent for it, bots and other people.

use model::PullRequest;

/// What a record says of an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Account<'a> {
    /// The login; `None` for deleted accounts.
    pub login: Option<&'a str>,
    /// The host's numeric id.
    pub id: Option<u64>,
    /// Whether the host calls it a bot.
    pub is_bot: Option<bool>,
}

impl<'a> Account<'a> {
    fn of_author(pull_request: &'a PullRequest) -> Self {
        let Some(author) = &pull_request.author else {
            return Account::default();
        };
        Account {
            login: author.login.as_deref(),
            id: author.id,
            is_bot: author.is_bot,
        }
    }

    fn is_same_as(self, other: Account<'_>) -> bool {
        match (self.id, other.id) {
            (Some(one), Some(two)) => one == two,
            _ => match (self.login, other.login) {
                (Some(one), Some(two)) => one.eq_ignore_ascii_case(two),
                _ => false,
            },
        }
    }
}

/// Whether the host's flag or the login itself marks a bot: `x[bot]`, `app/x`.
pub fn is_marked_bot(account: Account<'_>) -> bool {
    account.is_bot == Some(true)
        || account.login.is_some_and(|login| {
            let login = login.trim().to_ascii_lowercase();
            login.ends_with("[bot]") || login.starts_with("app/") || login.starts_with("apps/")
        })
}

/// The people of one pull request.
pub struct People<'a> {
    author: Account<'a>,
    author_is_bot: bool,
    requesters: Vec<String>,
    merger: Option<&'a str>,
    is_bot: &'a dyn Fn(Account<'_>) -> bool,
}

impl<'a> People<'a> {
    /// Finds the people of a record. `is_bot` says which accounts are bots beyond those marked so.
    pub fn of(pull_request: &'a PullRequest, is_bot: &'a dyn Fn(Account<'_>) -> bool) -> Self {
        let author = Account::of_author(pull_request);
        let author_is_bot = is_marked_bot(author) || is_bot(author);
        let mut people = People {
            author,
            author_is_bot,
            requesters: Vec::new(),
            merger: None,
            is_bot,
        };
        if author_is_bot {
            people.requesters = requesters(pull_request, &people);
            people.merger = merger(pull_request, &people);
        }
        people
    }

    /// Whether the account is a bot.
    pub fn is_bot(&self, account: Account<'_>) -> bool {
        is_marked_bot(account) || (self.is_bot)(account)
    }

    /// Whether the account is the author.
    pub fn is_author(&self, account: Account<'_>) -> bool {
        account.is_same_as(self.author)
    }

    /// Whether the account is a person who neither opened the pull request nor asked an agent for
    /// it. A deleted account is a person, as far as anyone can tell.
    pub fn is_other_person(&self, account: Account<'_>) -> bool {
        !self.is_bot(account)
            && !self.is_author(account)
            && account.login.is_none_or(|login| {
                !(self.requesters.iter()).any(|requester| requester.eq_ignore_ascii_case(login))
            })
    }

    /// The person to whom the pull request belongs: its author, or who asked an agent for it, or,
    /// where that is not written anywhere, who merged the agent's work.
    pub fn person(&self) -> Option<&str> {
        if self.author_is_bot {
            (self.requesters.first().map(String::as_str)).or(self.merger)
        } else {
            self.author.login
        }
    }
}

/// The person to whom a pull request belongs: see [`People::person`].
pub fn person_of(
    pull_request: &PullRequest,
    is_bot: &dyn Fn(Account<'_>) -> bool,
) -> Option<String> {
    People::of(pull_request, is_bot).person().map(str::to_owned)
}

/// Who asked an agent for the pull request it opened, the surest first: a name in the description
/// (`Requested by: @x`, `started by @x`), an assignee, a co-author by private address.
fn requesters(pull_request: &PullRequest, people: &People<'_>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut add = |login: &str| {
        let account = Account {
            login: Some(login),
            ..Account::default()
        };
        let is_known = found.iter().any(|known| known.eq_ignore_ascii_case(login));
        if !login.is_empty() && !is_known && !people.is_bot(account) {
            found.push(login.to_owned());
        }
    };
    for line in pull_request.body.as_deref().unwrap_or_default().lines() {
        if let Some(login) = named_requester(line) {
            add(login);
        }
    }
    let events = || pull_request.events.iter().flatten();
    for event in events().filter(|event| event.event == "assigned") {
        if let Some(assignee) = &event.assignee {
            add(assignee);
        }
    }
    for commit in pull_request.commits.iter().flatten() {
        for line in commit.message.lines() {
            if let Some(login) = co_author_login(line) {
                add(login);
            }
        }
    }
    found
}

/// The person who merged. A guess at who asked, so the merger's reviews still count as reviews.
fn merger<'a>(pull_request: &'a PullRequest, people: &People<'_>) -> Option<&'a str> {
    let merged = pull_request.events.iter().flatten();
    merged
        .filter(|event| event.event == "merged")
        .filter_map(|event| event.actor.as_deref())
        .find(|login| {
            !people.is_bot(Account {
                login: Some(login),
                ..Account::default()
            })
        })
}

/// The login after `Requested by:` or `started by`, if it is written with `@`.
fn named_requester(line: &str) -> Option<&str> {
    let lower = line.to_ascii_lowercase();
    let start = ["requested by", "started by"]
        .iter()
        .find_map(|words| lower.find(words).map(|at| at + words.len()))?;
    let rest = line.get(start..)?;
    let login = rest.get(rest.find('@')? + 1..)?;
    let end = login
        .find(|one: char| !(one.is_ascii_alphanumeric() || one == '-'))
        .unwrap_or(login.len());
    login.get(..end).filter(|login| !login.is_empty())
}

/// The login of a `Co-authored-by:` line with a private address of the host.
fn co_author_login(line: &str) -> Option<&str> {
    let prefix = line.get(.."co-authored-by:".len())?;
    if !prefix.eq_ignore_ascii_case("co-authored-by:") {
        return None;
    }
    let address = line.rsplit_once('<')?.1.split_once('>')?.0;
    let local = address.strip_suffix("@users.noreply.github.com")?;
    Some(local.split_once('+').map_or(local, |(_, login)| login))
}
