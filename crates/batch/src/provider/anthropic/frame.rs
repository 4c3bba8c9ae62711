//! A request of a batch, and how requests become one document.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use serde_json::{Value, json};

use crate::provider::body::system_with_schema;
use crate::provider::{InputSource, LineFrame, RequestTemplate};
use crate::tier::ResponseMode;

/// `{"custom_id","params"}` with the parameters of a message.
///
/// Where JSON is asked for, the answer is the input of a tool that the model must call: that is the
/// documented way to an answer after a schema. How strictly the host holds the model to the schema is
/// not established, so every answer is checked here all the same. There is no setting for effort.
pub(super) fn line_frame(template: &RequestTemplate<'_>) -> LineFrame {
    let task = template.task;
    let is_tool = template.response != ResponseMode::Text;
    let system = if is_tool {
        task.system.clone()
    } else {
        system_with_schema(template)
    };
    let mut before = json!({"model": template.model});
    if !system.is_empty() {
        before["system"] = Value::from(system);
    }
    let mut settings = json!({
        "max_tokens": template.max_completion_tokens,
        "temperature": 0,
    });
    if is_tool {
        settings["tools"] = json!([{
            "name": task.schema.name,
            "description": "Gives the answer.",
            "input_schema": task.schema.schema,
        }]);
        settings["tool_choice"] = json!({"type": "tool", "name": task.schema.name});
    }
    let (before, settings) = (before.to_string(), settings.to_string());
    let before = before.strip_suffix('}').unwrap_or(&before);
    let settings = settings.strip_prefix('{').unwrap_or(&settings);
    LineFrame {
        before_id: br#"{"custom_id":""#.to_vec(),
        after_id: format!(r#"","params":{before},"messages":["#).into_bytes(),
        after_messages: format!("],{settings}}}\n").into_bytes(),
    }
}

const HEAD: &[u8] = br#"{"requests":["#;
const TAIL: &[u8] = b"]}";

/// The lines of an input file as the document of a create: its length, and its bytes as they are read.
/// Each line break but the last becomes a comma, so that nothing has to be held or counted.
pub(super) fn array_of(
    input: &dyn InputSource,
) -> (u64, BoxStream<'static, std::io::Result<Bytes>>) {
    let length_bytes = input.length_bytes();
    let last = length_bytes.saturating_sub(1);
    let mut place: u64 = 0;
    let lines = input.open().map(move |page| {
        let page = page?;
        let start = place;
        place += page.len() as u64;
        let mut page = BytesMut::from(page);
        for (offset, byte) in (start..).zip(page.iter_mut()) {
            if *byte == b'\n' && offset != last {
                *byte = b',';
            }
        }
        Ok(page.freeze())
    });
    let document = stream::iter([Ok(Bytes::from_static(HEAD))])
        .chain(lines)
        .chain(stream::iter([Ok(Bytes::from_static(TAIL))]));
    let length = length_bytes + (HEAD.len() + TAIL.len()) as u64;
    (length, document.boxed())
}
