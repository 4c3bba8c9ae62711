//! Accounts and signatures: who opened, committed, was assigned, reviewed, commented.

use jiff::Timestamp;
use model::{Commit, Confidence, Event, PullRequest, Role, Signal};

use super::hits::{Claimed, Spot};
use super::{AuthorKind, Collector};
use crate::catalogue::rows::OwnComments;
use crate::identity::{AccountClaim, AccountMatch, SignerMatch, with_normal_login};
use crate::text::quoted;
use crate::text::trailers::Signed;

impl<'r> Collector<'_, 'r> {
    pub(super) fn read_author(&mut self, pull_request: &PullRequest, time: Option<Timestamp>) {
        let Some(author) = &pull_request.author else {
            return;
        };
        self.author_known = author.id.is_some() || author.login.is_some();
        let claim = AccountClaim {
            id: author.id,
            login: author.login.as_deref(),
            is_bot: author.is_bot,
        };
        match self.account(claim) {
            Some(AccountMatch::PlainBot(_)) => self.author = AuthorKind::PlainBot,
            Some(AccountMatch::Tool(number)) => {
                self.author_account = Some(number);
                let detector = self.detector;
                let Some(rule) = detector.accounts.get(number) else {
                    return;
                };
                let Some(tool) = &rule.author_tool else {
                    self.author = AuthorKind::UnlistedBot;
                    return;
                };
                let claimed = Claimed {
                    rule: &rule.id,
                    tool,
                    role: Role::Authored,
                    signal: Signal::Author,
                    confidence: rule.confidence,
                    dates: rule.dates.as_ref(),
                    time,
                };
                self.hits
                    .add(claimed, || account_spot("author", "login", claim));
            }
            None => {
                let marked = (claim.login)
                    .and_then(|login| with_normal_login(login, |login| login.marked_bot))
                    .unwrap_or(false);
                if marked || claim.is_bot == Some(true) {
                    self.author = AuthorKind::UnlistedBot;
                }
            }
        }
    }

    pub(super) fn read_commit_identities(
        &mut self,
        index: usize,
        commit: &'r Commit,
        time: Option<Timestamp>,
    ) {
        if self.author == AuthorKind::PlainBot {
            return;
        }
        let named = [
            &commit.author_login,
            &commit.committer_login,
            &commit.author_name,
            &commit.author_email,
            &commit.committer_name,
            &commit.committer_email,
        ];
        // Most commits are signed as the one before; a signature that was no tool's is none again.
        if self.strangers == Some(named) {
            return;
        }
        self.found_identity = false;
        self.read_commit_logins(index, commit, time);
        self.read_commit_signatures(index, commit, time);
        self.strangers = (!self.found_identity).then_some(named);
    }

    fn read_commit_logins(&mut self, index: usize, commit: &Commit, time: Option<Timestamp>) {
        let logins = [
            ("author_login", &commit.author_login),
            ("committer_login", &commit.committer_login),
        ];
        for (field, login) in logins {
            let claim = AccountClaim {
                login: login.as_deref(),
                ..AccountClaim::default()
            };
            if let Some(AccountMatch::Tool(number)) = self.account(claim) {
                self.found_identity = true;
                self.add_commit_account(number, time, || Spot {
                    field: format!("commits[{index}].{field}"),
                    quote: cut(login.as_deref().unwrap_or_default()),
                    offset_bytes: 0,
                });
            }
        }
    }

    fn read_commit_signatures(&mut self, index: usize, commit: &Commit, time: Option<Timestamp>) {
        let signatures = [
            ("author", &commit.author_name, &commit.author_email),
            ("committer", &commit.committer_name, &commit.committer_email),
        ];
        for (who, name, address) in signatures {
            let signed = Signed {
                name: name.as_deref().unwrap_or_default().trim_ascii(),
                address: address.as_deref().unwrap_or_default().trim_ascii(),
            };
            if signed.name.is_empty() && signed.address.is_empty() {
                continue;
            }
            let detector = self.detector;
            let Some(found) = detector.signer_index.find(signed, &detector.account_index) else {
                continue;
            };
            self.found_identity = true;
            let spot = |part: &str, text: &str| Spot {
                field: format!("commits[{index}].{who}_{part}"),
                quote: cut(text),
                offset_bytes: 0,
            };
            let (rule, confidence, by_name) = match found {
                SignerMatch::Account(number) => {
                    let (part, text) = if signed.address.is_empty() {
                        ("name", signed.name)
                    } else {
                        ("email", signed.address)
                    };
                    self.add_commit_account(number, time, || spot(part, text));
                    continue;
                }
                SignerMatch::Address(number, confidence) => {
                    (detector.addresses.get(number), Some(confidence), false)
                }
                SignerMatch::Name(number) => (detector.names.get(number), None, true),
            };
            let Some(rule) = rule else {
                continue;
            };
            let claimed = Claimed {
                rule: &rule.id,
                tool: &rule.tool,
                role: Role::Authored,
                signal: Signal::CommitIdentity,
                confidence: confidence.unwrap_or(rule.confidence),
                dates: rule.dates.as_ref(),
                time,
            };
            self.hits.add(claimed, || {
                if by_name {
                    spot("name", signed.name)
                } else {
                    spot("email", signed.address)
                }
            });
        }
    }

    fn add_commit_account(
        &mut self,
        number: usize,
        time: Option<Timestamp>,
        spot: impl FnOnce() -> Spot,
    ) {
        let detector = self.detector;
        let Some(rule) = detector.accounts.get(number) else {
            return;
        };
        let Some((commit_tool, commit_role)) = &rule.commit else {
            return;
        };
        let claimed = Claimed {
            rule: &rule.id,
            tool: commit_tool,
            role: *commit_role,
            signal: Signal::CommitIdentity,
            confidence: rule.confidence,
            dates: rule.dates.as_ref(),
            time,
        };
        self.hits.add(claimed, spot);
    }

    /// A change that is assigned to an agent is the agent's to make.
    pub(super) fn read_assignment(&mut self, index: usize, event: &Event, time: Option<Timestamp>) {
        if self.author == AuthorKind::PlainBot || event.event != "assigned" {
            return;
        }
        let claim = AccountClaim {
            login: event.assignee.as_deref(),
            ..AccountClaim::default()
        };
        let Some(AccountMatch::Tool(number)) = self.account(claim) else {
            return;
        };
        let detector = self.detector;
        let Some(rule) = detector.accounts.get(number) else {
            return;
        };
        let Some(tool) = &rule.author_tool else {
            return;
        };
        let claimed = Claimed {
            rule: &rule.id,
            tool,
            role: Role::Authored,
            signal: Signal::Event,
            confidence: rule.confidence.min(Confidence::Medium),
            dates: rule.dates.as_ref(),
            time,
        };
        self.hits.add(claimed, || Spot {
            field: format!("events[{index}].assignee"),
            quote: cut(claim.login.unwrap_or_default()),
            offset_bytes: 0,
        });
    }

    /// A review or comment by an account; `list` is `reviews` or `comments`.
    pub(super) fn read_reviewer(
        &mut self,
        list: &'static str,
        index: usize,
        claim: AccountClaim<'_>,
        time: Option<Timestamp>,
    ) {
        let Some(AccountMatch::Tool(number)) = self.account(claim) else {
            return;
        };
        let detector = self.detector;
        let Some(rule) = detector.accounts.get(number) else {
            return;
        };
        let Some(tool) = &rule.review_tool else {
            return;
        };
        if self.author_account == Some(number) {
            return;
        }
        let mut confidence = rule.review_confidence;
        if rule.own_comments == OwnComments::OfTool
            && let Some(author_tool) = &rule.author_tool
        {
            if self.hits.authored_by(author_tool) {
                return;
            }
            // Without an author it may be the author.
            if !self.author_known {
                confidence = Confidence::Low;
            }
        }
        let claimed = Claimed {
            rule: &rule.id,
            tool,
            role: Role::Reviewed,
            signal: if list == "reviews" {
                Signal::Reviewer
            } else {
                Signal::Commenter
            },
            confidence,
            dates: rule.dates.as_ref(),
            time,
        };
        self.hits.add(claimed, || {
            account_spot(&format!("{list}[{index}]"), "author", claim)
        });
    }
}

/// Where an account was named: by its login, or by its number alone.
fn account_spot(owner: &str, login_field: &str, claim: AccountClaim<'_>) -> Spot {
    let id_field = if login_field == "login" {
        "id"
    } else {
        "author_id"
    };
    match (claim.login, claim.id) {
        (Some(login), _) => Spot {
            field: format!("{owner}.{login_field}"),
            quote: cut(login),
            offset_bytes: 0,
        },
        (None, id) => Spot {
            field: format!("{owner}.{id_field}"),
            quote: id.map(|id| id.to_string()).unwrap_or_default(),
            offset_bytes: 0,
        },
    }
}

/// A short field as a quote.
fn cut(text: &str) -> String {
    quoted(text, 0..text.len()).0
}
