//! The line of an input file of the OpenAI shape.

use serde_json::Value;

use crate::provider::body::ChatBody;
use crate::provider::profile::TokenCap;
use crate::provider::{LineFrame, RequestTemplate};

/// `{"custom_id","method","url","body"}` with the body of a chat completion.
pub(in crate::provider) fn line_frame(
    endpoint: &str,
    cap: TokenCap,
    template: &RequestTemplate<'_>,
) -> LineFrame {
    let body = ChatBody::new(template, cap);
    LineFrame {
        before_id: br#"{"custom_id":""#.to_vec(),
        after_id: format!(
            r#"","method":"POST","url":{},"body":{{"model":{},"messages":[{}"#,
            Value::from(endpoint),
            Value::from(template.model),
            body.before_messages,
        )
        .into_bytes(),
        after_messages: format!("{}}}\n", body.after_messages).into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::testing::{render, template};
    use crate::tier::{Effort, ResponseMode};
    use serde_json::json;

    #[test]
    fn lines_are_what_hosts_document() {
        let line = |response, effort, cap| {
            render(&line_frame(
                "/v1/chat/completions",
                cap,
                &template(response, effort),
            ))
        };
        let strict = line(
            ResponseMode::StrictSchema,
            Some(Effort::Low),
            TokenCap::MaxCompletionTokens,
        );
        assert_eq!(
            strict,
            json!({
                "custom_id": "id-1", "method": "POST", "url": "/v1/chat/completions",
                "body": {
                    "model": "some/model",
                    "messages": [
                        {"role": "system", "content": "Be \"brief\".\n"},
                        {"role": "user", "content": "line one\nline \u{2028} two"}
                    ],
                    "temperature": 0, "max_completion_tokens": 99, "reasoning_effort": "low",
                    "response_format": {"type": "json_schema", "json_schema": {
                        "name": "answer", "strict": true, "schema": {"type": "object"}}}
                }
            })
        );
        // Without strict mode the model has to be told the schema, and JSON mode wants the word JSON.
        let object = line(ResponseMode::JsonObject, None, TokenCap::MaxTokens);
        assert_eq!(
            object["body"]["response_format"],
            json!({"type": "json_object"})
        );
        assert_eq!(object["body"].get("reasoning_effort"), None);
        assert_eq!(object["body"].get("max_completion_tokens"), None);
        assert_eq!(object["body"]["max_tokens"], 99);
        let system = object["body"]["messages"][0]["content"].as_str().unwrap();
        assert!(
            system.starts_with("Be")
                && system.contains("JSON")
                && system.ends_with("{\"type\":\"object\"}")
        );
    }
}
