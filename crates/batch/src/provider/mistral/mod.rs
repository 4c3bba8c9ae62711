//! Mistral's batch jobs: files as elsewhere, jobs of their own shape, results of the OpenAI shape.

mod job;

use std::sync::Arc;

use async_trait::async_trait;
use http::Method;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::body::ChatBody;
use super::caller::{Caller, path_segment};
use super::common::{TOKEN_KEY, delete_file, find_file, list_since, served_models};
use super::error::error_document;
use super::profile::Profile;
use super::reader::parse_result_line;
use super::result_file::result_lines;
use super::{
    InputSource, LineFrame, NewBatch, PollReply, Polled, Provider, ProviderError,
    ProviderErrorKind, ProviderLimits, RemoteBatch, RequestTemplate, ResultStream, Windows,
};
use crate::settings::RetrySettings;
use crate::tier::Billing;
use crate::transport::Transport;
use job::parse_job;

/// A host with Mistral's batch jobs.
#[derive(Debug)]
pub struct Mistral {
    profile: Profile,
    caller: Caller,
}

impl Mistral {
    /// A host after a profile. The same key goes with every call, whatever the tier.
    pub fn new(
        profile: Profile,
        key: Option<SecretString>,
        transport: Arc<dyn Transport>,
        retry: RetrySettings,
    ) -> Mistral {
        Mistral {
            caller: Caller::new(&profile, key, transport, retry),
            profile,
        }
    }

    fn no_job(&self, call: &'static str) -> ProviderError {
        let kind = ProviderErrorKind::Malformed;
        self.caller
            .error(call, kind, "the reply is not a batch job")
    }

    async fn poll_one(&self, job_id: &str) -> Result<PollReply, ProviderError> {
        const CALL: &str = "ask after a batch";
        let path = format!("/batch/jobs/{}", path_segment(job_id));
        match self.caller.fetch(CALL, Method::GET, &path).await {
            Ok(document) => match parse_job(&document) {
                Some(job) => Ok(PollReply::Batch(Box::new(job))),
                None if document.get("error").is_some_and(|error| !error.is_null()) => {
                    let (_, message) = error_document(&document);
                    let words = message.unwrap_or_else(|| "an error without words".to_owned());
                    Ok(PollReply::Gone(words))
                }
                None => Err(self.no_job(CALL)),
            },
            Err(error) if error.says_unknown() => Ok(PollReply::Gone(error.message)),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl Provider for Mistral {
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

    /// `{"custom_id","body"}`: the job names the model, no line does.
    fn frame(&self, template: &RequestTemplate<'_>) -> LineFrame {
        let body = ChatBody::new(template, self.profile.token_cap);
        LineFrame {
            before_id: br#"{"custom_id":""#.to_vec(),
            after_id: format!(r#"","body":{{"messages":[{}"#, body.before_messages).into_bytes(),
            after_messages: format!("{}}}\n", body.after_messages).into_bytes(),
        }
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
            "input_files": [new.input_file_id],
            "endpoint": self.profile.endpoint,
            "model": new.model,
            "timeout_hours": new.window.hours(),
            "metadata": {TOKEN_KEY: new.token},
        });
        let request = self.caller.post_json("/batch/jobs", &body)?;
        let response = self.caller.send(CALL, request).await?;
        let document: Value = self.caller.document(CALL, response).await?;
        parse_job(&document).ok_or_else(|| self.no_job(CALL))
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
        list_since(&self.caller, listing, "/batch/jobs", since, parse_job).await
    }

    async fn cancel(&self, batch_id: &str) -> Result<(), ProviderError> {
        let path = format!("/batch/jobs/{}/cancel", path_segment(batch_id));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::testing::{Script, Text, render, retry, template};
    use crate::provider::{LineBody, RemoteStatus};
    use crate::tier::{CompletionWindow, ResponseMode};
    use futures_util::StreamExt;

    fn mistral(script: &Arc<Script>) -> Mistral {
        let key = Some("secret".to_owned().into());
        Mistral::new(Profile::mistral(), key, script.clone(), retry())
    }

    #[test]
    fn lines_name_no_model() {
        let line =
            render(&mistral(&Script::new(&[])).frame(&template(ResponseMode::JsonObject, None)));
        assert_eq!(line["custom_id"], "id-1");
        assert_eq!(line.as_object().unwrap().len(), 2);
        let body = line["body"].as_object().unwrap();
        let keys: Vec<&str> = body.keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            ["messages", "temperature", "max_tokens", "response_format"]
        );
        assert_eq!(line["body"]["max_tokens"], 99);
    }

    #[tokio::test]
    async fn a_job_is_asked_for_as_documented() {
        let script = Script::new(&[
            (200, json!({"id": "file-1", "object": "file", "bytes": 20})),
            (
                200,
                json!({"id": "job-1", "status": "QUEUED", "metadata": {"batch_token": "word"}}),
            ),
        ]);
        let mistral = mistral(&script);
        let file = mistral.upload("word.jsonl", &Text("{}\n")).await.unwrap();
        let window: CompletionWindow = "2d".parse().unwrap();
        let job = mistral
            .create(&NewBatch {
                input_file_id: &file,
                input: &Text("{}\n"),
                window: &window,
                token: "word",
                model: "mistral-small-latest",
                requests: 1,
            })
            .await
            .unwrap();
        assert_eq!(
            (job.id.as_str(), job.token.as_deref()),
            ("job-1", Some("word"))
        );
        assert_eq!(job.status, RemoteStatus::Running);
        let asked = script.asked();
        assert_eq!(asked[0].url, "https://api.mistral.ai/v1/files");
        assert!(asked[0].body.contains("name=\"purpose\"\r\n\r\nbatch\r\n"));
        assert_eq!(asked[1].url, "https://api.mistral.ai/v1/batch/jobs");
        assert_eq!(asked[1].headers["authorization"], "Bearer secret");
        let body: Value = serde_json::from_str(&asked[1].body).unwrap();
        assert_eq!(
            body,
            json!({
                "input_files": ["file-1"], "endpoint": "/v1/chat/completions",
                "model": "mistral-small-latest", "timeout_hours": 48,
                "metadata": {"batch_token": "word"}
            })
        );
    }

    #[tokio::test]
    async fn lists_are_followed_by_page_and_results_read_as_elsewhere() {
        let job = |id: &str| json!({"id": id, "status": "SUCCESS", "created_at": 1_800_000_000});
        let line = r#"{"custom_id":"a","response":{"status_code":200,"body":{"choices":[{"message":{"content":"{}"},"finish_reason":"stop"}]}}}"#;
        let script = Script::new(&[
            (
                200,
                json!({"object": "list", "total": 3, "data": [job("1"), job("2")]}),
            ),
            (
                200,
                json!({"object": "list", "total": 3, "data": [job("3")]}),
            ),
            (200, Value::from(format!("{line}\n\n{line}"))),
        ]);
        let mistral = mistral(&script);
        let since = Timestamp::from_second(1_800_000_000).unwrap();
        let ids: Vec<String> = mistral
            .list_batches(since)
            .await
            .unwrap()
            .into_iter()
            .map(|job| job.id)
            .collect();
        assert_eq!(ids, ["1", "2", "3"]);
        let pages: Vec<_> = mistral.results("file/1").await.unwrap().collect().await;
        let lines: Vec<_> = pages.into_iter().flat_map(Result::unwrap).collect();
        assert_eq!(lines.len(), 2);
        assert!(
            matches!(&lines[0].body, LineBody::Answer(answer) if answer.content.as_deref() == Some("{}"))
        );
        let urls: Vec<String> = script.asked().into_iter().map(|asked| asked.url).collect();
        assert_eq!(
            urls,
            [
                "https://api.mistral.ai/v1/batch/jobs",
                "https://api.mistral.ai/v1/batch/jobs?page=1",
                "https://api.mistral.ai/v1/files/file%2F1/content"
            ]
        );
    }
}
