//! The OpenAI shape of files and batches: Groq, OpenAI, Azure and the like.

mod frame;

use std::sync::Arc;

use async_trait::async_trait;
use http::Method;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::json;

pub(super) use frame::line_frame;

use super::caller::{Caller, path_segment};
use super::common::{TOKEN_KEY, delete_file, find_file, list_since, served_models};
use super::error::error_document;
use super::listing::list_of;
use super::profile::Profile;
use super::reader::{parse_batch, parse_result_line};
use super::result_file::result_lines;
use super::{
    InputSource, LineFrame, NewBatch, PollReply, Polled, Provider, ProviderError,
    ProviderErrorKind, ProviderLimits, RemoteBatch, RequestTemplate, ResultStream, Windows,
};
use crate::settings::RetrySettings;
use crate::tier::Billing;
use crate::transport::Transport;

/// A host of the OpenAI shape.
#[derive(Debug)]
pub struct OpenAiShaped {
    profile: Profile,
    caller: Caller,
}

impl OpenAiShaped {
    /// A host after a profile. The same key goes with every call, whatever the tier.
    pub fn new(
        profile: Profile,
        key: Option<SecretString>,
        transport: Arc<dyn Transport>,
        retry: RetrySettings,
    ) -> OpenAiShaped {
        OpenAiShaped {
            caller: Caller::new(&profile, key, transport, retry),
            profile,
        }
    }

    async fn poll_one(&self, batch_id: &str) -> Result<PollReply, ProviderError> {
        const CALL: &str = "ask after a batch";
        let path = format!("/batches/{}", path_segment(batch_id));
        match self.caller.fetch(CALL, Method::GET, &path).await {
            Ok(document) => Ok(match parse_batch(&document, TOKEN_KEY) {
                Some(batch) => PollReply::Batch(Box::new(batch)),
                None if document.get("error").is_some_and(|error| !error.is_null()) => {
                    let (_, message) = error_document(&document);
                    PollReply::Gone(message.unwrap_or_else(|| "an error without words".to_owned()))
                }
                None => {
                    return Err(self.caller.error(
                        CALL,
                        ProviderErrorKind::Malformed,
                        "the reply is not a batch",
                    ));
                }
            }),
            Err(error) if error.says_unknown() => Ok(PollReply::Gone(error.message)),
            Err(error) => Err(error),
        }
    }

    /// Asks after many batches in one call; those it does not tell of are left out.
    async fn poll_many(&self, batch_ids: &[String]) -> Result<Vec<RemoteBatch>, ProviderError> {
        let ids: Vec<String> = batch_ids
            .iter()
            .map(|id| format!("id={}", path_segment(id)))
            .collect();
        let path = format!("/batches?{}", ids.join("&"));
        let document = self
            .caller
            .fetch("ask after batches", Method::GET, &path)
            .await?;
        let batches = list_of(&document)
            .iter()
            .filter_map(|batch| parse_batch(batch, TOKEN_KEY))
            .filter(|batch| batch_ids.contains(&batch.id));
        Ok(batches.collect())
    }
}

#[async_trait]
impl Provider for OpenAiShaped {
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

    fn frame(&self, template: &RequestTemplate<'_>) -> LineFrame {
        line_frame(&self.profile.endpoint, self.profile.token_cap, template)
    }

    async fn upload(
        &self,
        file_name: &str,
        input: &dyn InputSource,
    ) -> Result<String, ProviderError> {
        self.caller.upload("/files", file_name, input).await
    }

    async fn find_file(
        &self,
        file_name: &str,
        size_bytes: u64,
    ) -> Result<Option<String>, ProviderError> {
        find_file(&self.caller, self.profile.listing, file_name, size_bytes).await
    }

    async fn create(&self, new: &NewBatch<'_>) -> Result<RemoteBatch, ProviderError> {
        const CALL: &str = "create a batch";
        let body = json!({
            "input_file_id": new.input_file_id,
            "endpoint": self.profile.endpoint,
            "completion_window": self.profile.windows.word_for(new.window),
            "metadata": {TOKEN_KEY: new.token},
        });
        let request = self.caller.post_json("/batches", &body)?;
        let response = self.caller.send(CALL, request).await?;
        let document = self.caller.document(CALL, response).await?;
        parse_batch(&document, TOKEN_KEY).ok_or_else(|| {
            self.caller.error(
                CALL,
                ProviderErrorKind::Malformed,
                "the reply is not a batch",
            )
        })
    }

    async fn poll(&self, batch_ids: &[String]) -> Result<Vec<Polled>, ProviderError> {
        let mut polled = Vec::with_capacity(batch_ids.len());
        for ids in batch_ids.chunks(self.profile.poll_ids.max(1)) {
            let mut known = match ids {
                [_] => Vec::new(),
                _ => match self.poll_many(ids).await {
                    Ok(batches) => batches,
                    // A server of the same shape without this call is asked one by one.
                    Err(error)
                        if matches!(
                            error.kind,
                            ProviderErrorKind::NotFound | ProviderErrorKind::Rejected
                        ) =>
                    {
                        Vec::new()
                    }
                    Err(error) => return Err(error),
                },
            };
            for id in ids {
                let reply = match known.iter().position(|batch| batch.id == *id) {
                    Some(place) => PollReply::Batch(Box::new(known.swap_remove(place))),
                    None => self.poll_one(id).await?,
                };
                polled.push(Polled {
                    batch_id: id.clone(),
                    reply,
                });
            }
        }
        Ok(polled)
    }

    async fn list_batches(&self, since: Timestamp) -> Result<Vec<RemoteBatch>, ProviderError> {
        list_since(
            &self.caller,
            self.profile.listing,
            "/batches",
            since,
            |item| parse_batch(item, TOKEN_KEY),
        )
        .await
    }

    async fn cancel(&self, batch_id: &str) -> Result<(), ProviderError> {
        let path = format!("/batches/{}/cancel", path_segment(batch_id));
        self.caller
            .fetch("cancel a batch", Method::POST, &path)
            .await
            .map(|_| ())
    }

    async fn delete_file(&self, file_id: &str) -> Result<(), ProviderError> {
        delete_file(&self.caller, file_id).await
    }

    async fn models(&self) -> Result<Option<Vec<String>>, ProviderError> {
        served_models(&self.caller, "/models", self.profile.model_list).await
    }

    async fn results(&self, file_id: &str) -> Result<ResultStream, ProviderError> {
        let path = format!("/files/{}/content", path_segment(file_id));
        let opened = self.caller.open("read a result file", &path).await?;
        Ok(result_lines(&self.profile.name, opened, parse_result_line))
    }
}
