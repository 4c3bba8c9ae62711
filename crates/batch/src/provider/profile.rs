//! Hosts of the OpenAI shape, as data.

use super::ProviderLimits;

/// What differs between hosts that share the OpenAI shape of files and batches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The name in `provider:model`.
    pub name: String,
    /// The address up to the version, without a slash at the end.
    pub base_url: String,
    /// How the key is presented.
    pub auth: AuthScheme,
    /// The address of chat completions as lines and batches name it.
    pub endpoint: String,
    /// How lists are paged.
    pub listing: Listing,
    /// Most batches one call can ask after; 1 where each needs its own.
    pub poll_ids: usize,
    /// What the host takes.
    pub limits: ProviderLimits,
    /// Whether all lines of a file must name one model. Shards always do; other programs that read the
    /// profile need to know.
    pub one_model_per_file: bool,
}

/// How the key is presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthScheme {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// The key alone in a header of this lower-case name.
    Header(&'static str),
}

/// How lists are paged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// `?cursor=` with `paging.next_cursor` in the reply.
    Cursor,
    /// `?after=` with `has_more` and `last_id` in the reply.
    After,
}

impl Profile {
    /// Groq. Its documents allow files of 200 MB, its SDK 100 MB: files are kept below 95 MB.
    pub fn groq() -> Profile {
        Profile {
            name: "groq".to_owned(),
            base_url: "https://api.groq.com/openai/v1".to_owned(),
            auth: AuthScheme::Bearer,
            endpoint: "/v1/chat/completions".to_owned(),
            listing: Listing::Cursor,
            poll_ids: 200,
            limits: ProviderLimits {
                max_lines: 50_000,
                max_bytes: 95_000_000,
                max_enqueued_tokens: None,
            },
            one_model_per_file: false,
        }
    }

    /// OpenAI.
    pub fn openai() -> Profile {
        Profile {
            name: "openai".to_owned(),
            base_url: "https://api.openai.com/v1".to_owned(),
            auth: AuthScheme::Bearer,
            endpoint: "/v1/chat/completions".to_owned(),
            listing: Listing::After,
            poll_ids: 1,
            limits: ProviderLimits {
                max_lines: 50_000,
                max_bytes: 190_000_000,
                max_enqueued_tokens: None,
            },
            one_model_per_file: true,
        }
    }

    /// Azure OpenAI at a resource's address, `https://RESOURCE.openai.azure.com/openai/v1`.
    pub fn azure(base_url: &str) -> Profile {
        Profile {
            name: "azure".to_owned(),
            auth: AuthScheme::Header("api-key"),
            ..Profile::openai()
        }
        .at(base_url)
    }

    /// The same host shape at another address, for instance a server on this machine.
    pub fn at(self, base_url: &str) -> Profile {
        Profile {
            base_url: base_url.trim_end_matches('/').to_owned(),
            ..self
        }
    }

    /// The profile with a name of the built-in table.
    pub fn named(name: &str) -> Option<Profile> {
        match name {
            "groq" => Some(Profile::groq()),
            "openai" => Some(Profile::openai()),
            _ => None,
        }
    }
}
