//! Anthropic's Message Batches: requests inside of the batch, no files, no metadata.

mod frame;
mod object;
mod result;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::StreamExt;
use http::{HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use secrecy::SecretString;

use super::caller::{Caller, path_segment};
use super::common::{list_since, served_models};
use super::error::error_document;
use super::profile::Profile;
use super::result_file::result_lines;
use super::{
    InputSource, LineFrame, NewBatch, PollReply, Polled, Progress, Provider, ProviderError,
    ProviderErrorKind, ProviderLimits, Recognition, RemoteBatch, RequestTemplate, ResultStream,
    Windows,
};
use crate::settings::RetrySettings;
use crate::tier::Billing;
use crate::transport::{RequestBody, Transport};
use frame::{array_of, line_frame};
use object::parse_message_batch;
use result::parse_message_line;

/// The version of the API that this dialect was written for.
const VERSION: &str = "2023-06-01";
const VERSION_HEADER: HeaderName = HeaderName::from_static("anthropic-version");
const BATCHES: &str = "/v1/messages/batches";
/// Ids of input files that are in no place but the ledger.
const INLINE_PREFIX: &str = "inline:";

/// A host with Message Batches.
#[derive(Debug)]
pub struct Anthropic {
    profile: Profile,
    caller: Caller,
}

impl Anthropic {
    /// A host after a profile. The same key goes with every call, whatever the tier.
    pub fn new(
        profile: Profile,
        key: Option<SecretString>,
        transport: Arc<dyn Transport>,
        retry: RetrySettings,
    ) -> Anthropic {
        let mut profile = profile;
        let has_version = profile
            .headers
            .iter()
            .any(|(name, _)| *name == VERSION_HEADER);
        if !has_version {
            let version = HeaderValue::from_static(VERSION);
            profile.headers.push((VERSION_HEADER, version));
        }
        Anthropic {
            caller: Caller::new(&profile, key, transport, retry),
            profile,
        }
    }

    fn no_batch(&self, call: &'static str) -> ProviderError {
        let kind = ProviderErrorKind::Malformed;
        self.caller.error(call, kind, "the reply is not a batch")
    }

    async fn poll_one(&self, batch_id: &str) -> Result<PollReply, ProviderError> {
        const CALL: &str = "ask after a batch";
        let path = format!("{BATCHES}/{}", path_segment(batch_id));
        match self.caller.fetch(CALL, Method::GET, &path).await {
            Ok(document) => match parse_message_batch(&document) {
                Some(batch) => Ok(PollReply::Batch(Box::new(batch))),
                None if document.get("error").is_some_and(|error| !error.is_null()) => {
                    let (_, message) = error_document(&document);
                    let words = message.unwrap_or_else(|| "an error without words".to_owned());
                    Ok(PollReply::Gone(words))
                }
                None => Err(self.no_batch(CALL)),
            },
            Err(error) if error.says_unknown() => Ok(PollReply::Gone(error.message)),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl Provider for Anthropic {
    fn name(&self) -> &str {
        &self.profile.name
    }

    fn limits(&self) -> &ProviderLimits {
        &self.profile.limits
    }

    fn windows(&self) -> &Windows {
        &self.profile.windows
    }

    fn billing(&self) -> Billing {
        self.profile.billing()
    }

    fn progress(&self) -> Progress {
        Progress::AtTheEnd
    }

    fn recognition(&self) -> Recognition {
        Recognition::CustomIds
    }

    fn frame(&self, template: &RequestTemplate<'_>) -> LineFrame {
        line_frame(template)
    }

    /// Nothing leaves: the requests go with the batch. The input is read once, so that its hash is in
    /// the ledger before anything is paid.
    async fn upload(
        &self,
        file_name: &str,
        input: &dyn InputSource,
    ) -> Result<String, ProviderError> {
        let mut pages = input.open();
        while let Some(page) = pages.next().await {
            page.map_err(|error| {
                let kind = ProviderErrorKind::Rejected;
                let words = format!("the requests cannot be read: {error}");
                self.caller.error("prepare a batch", kind, words)
            })?;
        }
        Ok(format!("{INLINE_PREFIX}{file_name}"))
    }

    async fn find_file(
        &self,
        _file_name: &str,
        _size_bytes: u64,
    ) -> Result<Option<String>, ProviderError> {
        Ok(None)
    }

    async fn create(&self, new: &NewBatch<'_>) -> Result<RemoteBatch, ProviderError> {
        const CALL: &str = "create a batch";
        let (length_bytes, stream) = array_of(new.input);
        let body = RequestBody::Stream {
            length_bytes,
            stream,
        };
        let mut request = self.caller.post_json_body(BATCHES, body)?;
        request.timeout = None;
        let response = self.caller.send(CALL, request).await?;
        let document = self.caller.document(CALL, response).await?;
        parse_message_batch(&document).ok_or_else(|| self.no_batch(CALL))
    }

    async fn poll(&self, batch_ids: &[String]) -> Result<Vec<Polled>, ProviderError> {
        let mut polled = Vec::with_capacity(batch_ids.len());
        for id in batch_ids {
            polled.push(Polled {
                batch_id: id.clone(),
                reply: self.poll_one(id).await?,
            });
        }
        Ok(polled)
    }

    async fn list_batches(&self, since: Timestamp) -> Result<Vec<RemoteBatch>, ProviderError> {
        let listing = self.profile.listing;
        list_since(&self.caller, listing, BATCHES, since, parse_message_batch).await
    }

    async fn cancel(&self, batch_id: &str) -> Result<(), ProviderError> {
        let path = format!("{BATCHES}/{}/cancel", path_segment(batch_id));
        self.caller
            .fetch("cancel a batch", Method::POST, &path)
            .await
            .map(|_| ())
    }

    /// There are no files; results go by themselves after 29 days.
    async fn delete_file(&self, _file_id: &str) -> Result<(), ProviderError> {
        Ok(())
    }

    async fn models(&self) -> Result<Option<Vec<String>>, ProviderError> {
        served_models(&self.caller, "/v1/models", self.profile.model_list).await
    }

    /// Reads the results at the address the host names, as long as it is the host's own.
    async fn results(&self, file_id: &str) -> Result<ResultStream, ProviderError> {
        const CALL: &str = "read the results of a batch";
        let address = own_address(&self.profile.base_url, file_id).ok_or_else(|| {
            let words = format!(
                "they are said to be at {:?}, and the key goes to {} alone",
                origin_of(file_id),
                origin_of(&self.profile.base_url)
            );
            self.caller.error(CALL, ProviderErrorKind::Rejected, words)
        })?;
        let opened = self.caller.open_at(CALL, &address).await?;
        Ok(result_lines(&self.profile.name, opened, parse_message_line))
    }
}

/// The address itself, as long as it has the base address's origin and names no user; one that is only a
/// path is at that origin.
fn own_address(base_url: &str, address: &str) -> Option<String> {
    let base_origin = origin_of(base_url);
    let origin = origin_of(address);
    let path = address.get(origin.len()..)?;
    let is_own = origin.is_empty() || origin.eq_ignore_ascii_case(base_origin);
    let is_plain = path.starts_with('/')
        && !path.starts_with("//")
        && path
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    (is_own && is_plain).then(|| format!("{base_origin}{path}"))
}

/// Scheme, host and port, and whatever else stands before the first slash after them.
fn origin_of(address: &str) -> &str {
    let start = address.find("://").map_or(0, |place| place + 3);
    let rest = address.get(start..).unwrap_or_default();
    let length = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    address.get(..start + length).unwrap_or_default()
}

#[cfg(test)]
mod tests;
