//! Signers: the name and address in a commit's author line or a trailer.

use std::collections::HashMap;

use model::Confidence;

use crate::catalogue::Catalogue;
use crate::catalogue::rows::{NameAddress, NameMatch};
use crate::identity::{AccountClaim, AccountIndex, AccountMatch, with_lowercase};
use crate::text::trailers::{Signed, noreply_account};

/// The row a signature belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignerMatch {
    /// An account, by its private address or its `[bot]` name.
    Account(usize),
    /// An address row, with the confidence that its name leaves it.
    Address(usize, Confidence),
    /// A name row.
    Name(usize),
}

/// All signing names and addresses.
#[derive(Debug, Clone, Default)]
pub(crate) struct SignerIndex {
    by_address: HashMap<String, usize>,
    address_names: Vec<AddressNames>,
    whole_names: HashMap<String, usize>,
    first_words: Vec<(String, usize)>,
    suffixes: Vec<(String, usize)>,
    name_address: Vec<NameAddress>,
    address_tools: Vec<String>,
    name_tools: Vec<String>,
}

#[derive(Debug, Clone)]
struct AddressNames {
    names: Vec<String>,
    confidence: Confidence,
    other_name: Confidence,
}

impl SignerIndex {
    pub(crate) fn new(catalogue: &Catalogue) -> Self {
        let mut index = SignerIndex::default();
        for (number, sourced) in catalogue.addresses.iter().enumerate() {
            let row = &sourced.row;
            for address in &row.addresses {
                let address = address.to_ascii_lowercase();
                index.by_address.entry(address).or_insert(number);
            }
            index.address_tools.push(row.tool.clone());
            index.address_names.push(AddressNames {
                names: row
                    .names
                    .iter()
                    .map(|name| name.to_ascii_lowercase())
                    .collect(),
                confidence: row.confidence,
                other_name: row.other_name.unwrap_or(row.confidence),
            });
        }
        for (number, sourced) in catalogue.names.iter().enumerate() {
            let row = &sourced.row;
            for name in &row.names {
                let name = name.to_ascii_lowercase();
                match row.matches {
                    NameMatch::Whole => {
                        index.whole_names.entry(name).or_insert(number);
                    }
                    NameMatch::FirstWords => index.first_words.push((name, number)),
                    NameMatch::Suffix => index.suffixes.push((name, number)),
                }
            }
            index.name_address.push(row.address);
            index.name_tools.push(row.tool.clone());
        }
        index
    }

    /// The row of a signature.
    ///
    /// The number in a private address decides first. Then the name beats the address: third
    /// parties sign with a vendor's address, and say so in the name. A name alone counts only
    /// where its row says that it is unambiguous.
    pub(crate) fn find(&self, signed: Signed<'_>, accounts: &AccountIndex) -> Option<SignerMatch> {
        if let Some(noreply) = noreply_account(signed.address) {
            let claim = AccountClaim {
                id: noreply.id,
                login: Some(noreply.login),
                is_bot: None,
            };
            match accounts.find(claim) {
                Some(AccountMatch::Tool(number)) => return Some(SignerMatch::Account(number)),
                Some(AccountMatch::PlainBot(_)) => return None,
                None => {}
            }
        }
        let address = with_lowercase(signed.address, |address| {
            self.by_address.get(address).copied()
        });
        with_lowercase(signed.name, |name| self.find_named(name, address, accounts))
    }

    /// The rest of the search, with a lower-case name and the row of the address.
    fn find_named(
        &self,
        name: &str,
        address: Option<usize>,
        accounts: &AccountIndex,
    ) -> Option<SignerMatch> {
        if let Some(number) = self.by_name(name, address.is_some()) {
            let own_address = address.and_then(|row| self.address_tools.get(row));
            // A tool's own address says more than its name, and may be dated.
            if own_address != self.name_tools.get(number) {
                return Some(SignerMatch::Name(number));
            }
        }
        if let Some(number) = address {
            let names = self.address_names.get(number)?;
            let is_usual = names.names.is_empty()
                || names
                    .names
                    .iter()
                    .any(|usual| begins_with_words(name, usual));
            let confidence = if is_usual {
                names.confidence
            } else {
                names.other_name
            };
            return Some(SignerMatch::Address(number, confidence));
        }
        // An app's name ends in `[bot]`, which no person's account may.
        if name.ends_with("[bot]") {
            let claim = AccountClaim {
                login: Some(name),
                ..AccountClaim::default()
            };
            if let Some(AccountMatch::Tool(number)) = accounts.find(claim) {
                return Some(SignerMatch::Account(number));
            }
        }
        None
    }

    fn by_name(&self, name: &str, has_tool_address: bool) -> Option<usize> {
        if name.is_empty() {
            return None;
        }
        let allowed = |number: &usize| match self.name_address.get(*number) {
            Some(NameAddress::Any) => true,
            Some(NameAddress::OfSomeTool) => has_tool_address,
            None => false,
        };
        let suffix = self
            .suffixes
            .iter()
            .find(|(suffix, _)| name.ends_with(suffix));
        suffix
            .map(|(_, number)| *number)
            .filter(allowed)
            .or_else(|| self.whole_names.get(name).copied().filter(allowed))
            .or_else(|| {
                let words = |(first, _): &&(String, usize)| begins_with_words(name, first);
                let mut fitting = self.first_words.iter().filter(words);
                fitting
                    .find(|(_, number)| allowed(number))
                    .map(|(_, number)| *number)
            })
    }
}

/// Whether `name` begins with `words` as whole words.
fn begins_with_words(name: &str, words: &str) -> bool {
    name.strip_prefix(words)
        .is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric()))
}
