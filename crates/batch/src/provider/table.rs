//! The built-in hosts, read from `providers.toml`.

use serde::Deserialize;

use super::profile::{
    AuthScheme, Dialect, KeyUse, Listing, ModelList, PriceSource, Profile, ProfileChanges,
    SYNC_SUFFIX, TokenCap,
};
use super::windows::Windows;
use crate::tier::ResponseMode;

const EMBEDDED: &str = include_str!("../../providers.toml");

impl Profile {
    /// The built-in profiles, in the order of the file.
    pub fn built_in() -> Vec<Profile> {
        // A test reads the embedded file, so that an empty list never occurs.
        parse(EMBEDDED).unwrap_or_default()
    }

    /// The built-in profile of this name. A name that ends in `-sync` is the host before it, asked by
    /// plain, synchronous calls; of hosts that have no calls of the OpenAI shape there is none.
    pub fn named(name: &str) -> Option<Profile> {
        let exact = |name: &str| {
            Profile::built_in()
                .into_iter()
                .find(|profile| profile.name == name)
        };
        if let Some(profile) = exact(name) {
            return Some(profile);
        }
        let host = exact(name.strip_suffix(SYNC_SUFFIX)?)?;
        (host.dialect != Dialect::Anthropic).then(|| host.by_plain_calls())
    }

    /// Groq.
    pub fn groq() -> Profile {
        Profile::known("groq")
    }

    /// OpenAI.
    pub fn openai() -> Profile {
        Profile::known("openai")
    }

    /// Azure OpenAI at a resource's address, `https://RESOURCE.openai.azure.com/openai/v1`.
    pub fn azure(base_url: &str) -> Profile {
        Profile::known("azure").at(base_url)
    }

    /// Anthropic.
    pub fn anthropic() -> Profile {
        Profile::known("anthropic")
    }

    /// Mistral.
    pub fn mistral() -> Profile {
        Profile::known("mistral")
    }

    fn known(name: &str) -> Profile {
        Profile::named(name).unwrap_or_else(|| Profile::of(name, Dialect::OpenAi))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileShape {
    version: u32,
    #[expect(dead_code, reason = "the date is for readers of the file")]
    as_of: toml::value::Datetime,
    provider: Vec<ProviderShape>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderShape {
    name: String,
    dialect: Dialect,
    base_url: Option<String>,
    auth: Option<AuthScheme>,
    key: Option<KeyUse>,
    endpoint: Option<String>,
    listing: Option<Listing>,
    poll_ids: Option<usize>,
    windows: Option<Windows>,
    max_requests_per_file: Option<u64>,
    max_file_bytes: Option<u64>,
    max_enqueued_tokens: Option<u64>,
    one_model_per_file: Option<bool>,
    model_list: Option<ModelList>,
    response: Option<ResponseMode>,
    token_cap: Option<TokenCap>,
    concurrency: Option<usize>,
    price: Option<PriceSource>,
}

fn parse(text: &str) -> Result<Vec<Profile>, toml::de::Error> {
    let file: FileShape = toml::from_str(text)?;
    debug_assert_eq!(file.version, 1);
    let profiles = file.provider.into_iter().map(|shape| {
        Profile::of(&shape.name, shape.dialect).with(ProfileChanges {
            dialect: None,
            base_url: shape.base_url,
            auth: shape.auth,
            key: shape.key,
            headers: Vec::new(),
            endpoint: shape.endpoint,
            listing: shape.listing,
            poll_ids: shape.poll_ids,
            windows: shape.windows,
            max_requests_per_file: shape.max_requests_per_file,
            max_file_bytes: shape.max_file_bytes,
            max_enqueued_tokens: shape.max_enqueued_tokens,
            one_model_per_file: shape.one_model_per_file,
            model_list: shape.model_list,
            response: shape.response,
            token_cap: shape.token_cap,
            concurrency: shape.concurrency,
            price: shape.price,
        })
    });
    Ok(profiles.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tier::Billing;

    #[test]
    fn the_embedded_file_reads_and_names_are_unique() {
        let profiles = parse(EMBEDDED).unwrap();
        let mut names: Vec<&str> = profiles
            .iter()
            .map(|profile| profile.name.as_str())
            .collect();
        assert_eq!(names[0], "groq");
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), profiles.len());
        for profile in &profiles {
            let is_sound = profile.base_url.is_empty()
                || profile.base_url.starts_with("https://")
                || profile.base_url.starts_with("http://127.0.0.1:");
            assert!(is_sound, "{profile:?}");
            assert!(profile.limits.max_lines > 0 && profile.limits.max_bytes > 0);
        }
    }

    #[test]
    fn what_established_hosts_are() {
        let check = |name: &str, dialect, billing, listing, windows: &str| {
            let profile = Profile::named(name).unwrap();
            assert_eq!(profile.name, name);
            assert_eq!(profile.dialect, dialect, "{name}");
            assert_eq!(profile.billing(), billing, "{name}");
            assert_eq!(profile.listing, listing, "{name}");
            assert_eq!(profile.windows.to_string(), windows, "{name}");
        };
        let (openai, after) = (Dialect::OpenAi, Listing::After);
        check("groq", openai, Billing::Batch, Listing::Cursor, "24h to 7d");
        check("openai", openai, Billing::Batch, after, "24h");
        check("azure", openai, Billing::Batch, after, "24h");
        check("doubleword", openai, Billing::Batch, after, "1h or 24h");
        let anthropic = Dialect::Anthropic;
        check(
            "anthropic",
            anthropic,
            Billing::Batch,
            Listing::AfterId,
            "24h",
        );
        let mistral = Dialect::Mistral;
        check(
            "mistral",
            mistral,
            Billing::Batch,
            Listing::Page,
            "1h to 7d",
        );
        check("ollama", Dialect::Chat, Billing::Free, after, "any");
        check(
            "groq-sync",
            Dialect::Chat,
            Billing::Synchronous,
            after,
            "any",
        );
        assert_eq!(Profile::azure("https://r/").base_url, "https://r");
        assert_eq!(Profile::named("nobody"), None);
        assert_eq!(Profile::named("nobody-sync"), None);
        assert_eq!(Profile::named("anthropic-sync"), None);
    }

    #[test]
    fn a_host_by_plain_calls_keeps_address_key_and_habits() {
        let batch = Profile::groq();
        let sync = Profile::named("groq-sync").unwrap();
        assert_eq!(sync.base_url, batch.base_url);
        assert_eq!(sync.auth, batch.auth);
        assert_eq!(sync.token_cap, batch.token_cap);
        assert_eq!(sync.key, batch.key);
        // Azure's header stays, Mistral's name of the cap stays.
        let azure = Profile::named("azure-sync").unwrap();
        assert_eq!(azure.auth, Profile::known("azure").auth);
        assert_eq!(
            Profile::named("mistral-sync").unwrap().token_cap,
            TokenCap::MaxTokens
        );
    }
}
