//! Accounts: the numeric id first, since it survives renames, then the login.

use std::collections::HashMap;

use crate::catalogue::rows::BareLogin;
use crate::catalogue::rows::{AccountRow, PlainBotRow};
use crate::catalogue::{Catalogue, Sourced};
use crate::identity::with_normal_login;

/// What a record says of an account.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct AccountClaim<'a> {
    pub(crate) id: Option<u64>,
    pub(crate) login: Option<&'a str>,
    pub(crate) is_bot: Option<bool>,
}

/// An account of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccountMatch {
    /// Plain automation. Checked first.
    PlainBot(usize),
    /// The account of a tool, by row number.
    Tool(usize),
}

/// All accounts by number and login.
#[derive(Debug, Clone, Default)]
pub(crate) struct AccountIndex {
    by_id: HashMap<u64, AccountMatch>,
    by_login: HashMap<String, (AccountMatch, BareLogin)>,
}

impl AccountIndex {
    pub(crate) fn new(catalogue: &Catalogue) -> Self {
        let mut index = AccountIndex::default();
        for (number, Sourced { row, .. }) in catalogue.plain_bots.iter().enumerate() {
            let PlainBotRow {
                logins,
                github_ids,
                bare_login,
                ..
            } = row;
            index.add(
                AccountMatch::PlainBot(number),
                logins,
                github_ids,
                *bare_login,
            );
        }
        for (number, Sourced { row, .. }) in catalogue.accounts.iter().enumerate() {
            let AccountRow {
                logins,
                github_ids,
                bare_login,
                ..
            } = row;
            index.add(AccountMatch::Tool(number), logins, github_ids, *bare_login);
        }
        index
    }

    /// The account of a claim. A known number decides alone; an unknown one leaves it to the login.
    pub(crate) fn find(&self, claim: AccountClaim<'_>) -> Option<AccountMatch> {
        if let Some(found) = claim.id.and_then(|id| self.by_id.get(&id)) {
            return Some(*found);
        }
        with_normal_login(claim.login?, |login| {
            let &(found, bare) = self.by_login.get(login.name)?;
            let identifies = match bare {
                BareLogin::Identifies => true,
                BareLogin::NeedsBot => login.marked_bot || claim.is_bot == Some(true),
            };
            identifies.then_some(found)
        })?
    }

    fn add(&mut self, found: AccountMatch, logins: &[String], ids: &[u64], bare: BareLogin) {
        for id in ids {
            self.by_id.entry(*id).or_insert(found);
        }
        for login in logins {
            with_normal_login(login, |normal| {
                let name = normal.name.to_owned();
                self.by_login.entry(name).or_insert((found, bare));
            });
        }
    }
}
