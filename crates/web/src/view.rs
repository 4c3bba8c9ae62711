//! What a page is made from, and where it is shown.

use http::Uri;
use insights::Report;
use jiff::Timestamp;

use crate::settings::Settings;
use crate::source::{Basis, Period};

/// Where a page is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Medium {
    /// By the server: there are other pages to lead to.
    Served,
    /// In a file of its own: links lead to the host only.
    File,
}

/// What a page is made from.
pub(crate) struct View<'v> {
    /// The report of the scope.
    pub(crate) report: &'v Report,
    /// All teams, in order of name.
    pub(crate) teams: &'v [String],
    /// The period asked for.
    pub(crate) period: &'v Period,
    /// When the report was worked out.
    pub(crate) made_at: Timestamp,
    /// What everything rests on, whatever the scope; `None` while it is worked out.
    pub(crate) basis: Option<&'v Basis>,
    /// How the site behaves.
    pub(crate) settings: &'v Settings,
    /// Where the page is shown.
    pub(crate) medium: Medium,
}

impl View<'_> {
    /// The address of a page of ours with the period kept; `None` in a file.
    pub(crate) fn link(&self, path: &str) -> Option<String> {
        (self.medium == Medium::Served).then(|| with_period(path, self.period))
    }

    /// The address of a page of ours without a period; `None` in a file.
    pub(crate) fn whole_link(&self, path: &str) -> Option<String> {
        (self.medium == Medium::Served).then(|| path.to_owned())
    }

    /// How many teams have a chapter of their own; `None` where each has a page.
    pub(crate) fn chapters(&self) -> Option<usize> {
        (self.medium == Medium::File).then_some(self.teams.len())
    }

    /// The address of a team's page; `None` in a file.
    pub(crate) fn team_link(&self, team: &str) -> Option<String> {
        self.link(&team_path(team))
    }

    /// The address of the pull requests that a filter selects, such as `team=a&month=2026-05`; `None`
    /// in a file.
    pub(crate) fn pull_requests_link(&self, filter: &[(&str, &str)]) -> Option<String> {
        (self.medium == Medium::Served).then(|| format!("/pull-requests?{}", query(filter)))
    }

    /// The address of the very pull requests that a number of this view counts, plain bots left out unless
    /// the filter asks for them. `None` in a file, and where the list cannot be narrowed as the view is: it
    /// knows one month or all.
    pub(crate) fn counted_link(&self, filter: &[(&str, &str)]) -> Option<String> {
        let has = |name: &str| filter.iter().any(|(one, _)| *one == name);
        if *self.period != Period::default() && !has("opened") {
            return None;
        }
        let mut pairs: Vec<(&str, &str)> = Vec::new();
        if let Some(team) = self.report.scope.team.as_deref().filter(|_| !has("team")) {
            pairs.push(("team", team));
        }
        pairs.extend(filter);
        if !has("bots") {
            pairs.push(("bots", "no"));
        }
        self.pull_requests_link(&pairs)
    }

    /// The address of a pull request named `owner/name#12`: here, or at the host from a file.
    pub(crate) fn pull_request_link(&self, key: &str) -> Option<String> {
        let (repo, number) = key.rsplit_once('#')?;
        Some(match self.medium {
            Medium::Served => format!("/pull-requests/{}/{number}", escape_path(repo)),
            Medium::File => format!("{}/{}/pull/{number}", self.settings.host, escape_path(repo)),
        })
    }
}

/// The address of a team's page. Browsers take the parts `.` and `..` of a path away, however they are
/// written: teams of such names are named in the query.
pub(crate) fn team_path(team: &str) -> String {
    match team {
        "." | ".." => format!("/teams?team={team}"),
        _ => format!("/teams/{}", escape(team)),
    }
}

/// Adds a period to an address.
pub(crate) fn with_period(path: &str, period: &Period) -> String {
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    if let Some(from) = &period.from {
        pairs.push(("from", from));
    }
    if let Some(to) = &period.to {
        pairs.push(("to", to));
    }
    if pairs.is_empty() {
        path.to_owned()
    } else {
        let joint = if path.contains('?') { '&' } else { '?' };
        format!("{path}{joint}{}", query(&pairs))
    }
}

/// Names and values as the query of an address.
pub(crate) fn query(pairs: &[(&str, &str)]) -> String {
    pairs
        .iter()
        .map(|(name, value)| format!("{}={}", escape(name), escape(value)))
        .collect::<Vec<_>>()
        .join("&")
}

/// Escapes one part of an address.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// Escapes a path and leaves its slashes.
pub(crate) fn escape_path(path: &str) -> String {
    path.split('/').map(escape).collect::<Vec<_>>().join("/")
}

/// Whether an address stays on this site: a path, not another host.
pub(crate) fn is_local_path(address: &str) -> bool {
    address.starts_with('/')
        && !address.starts_with("//")
        && !address.contains('\\')
        && address.parse::<Uri>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_escaped() {
        assert_eq!(escape("a b/c&d"), "a%20b%2Fc%26d");
        assert_eq!(escape_path("ow ner/name"), "ow%20ner/name");
        assert_eq!(query(&[("team", "é"), ("x", "1")]), "team=%C3%A9&x=1");
    }

    #[test]
    fn every_team_has_an_address_that_a_browser_leaves_alone() {
        let period = Period {
            from: Some("2026-01".to_owned()),
            to: None,
        };
        for (team, expected) in [
            ("a b", "/teams/a%20b?from=2026-01"),
            ("../../etc", "/teams/..%2F..%2Fetc?from=2026-01"),
            ("..", "/teams?team=..&from=2026-01"),
        ] {
            assert_eq!(with_period(&team_path(team), &period), expected);
        }
    }

    #[test]
    fn only_paths_of_this_site_are_local() {
        for (address, local) in [
            ("/teams/a", true),
            ("/", true),
            ("//evil.example/x", false),
            ("https://evil.example", false),
            ("/\\evil.example", false),
            ("javascript:alert(1)", false),
        ] {
            assert_eq!(is_local_path(address), local, "{address}");
        }
    }
}
