//! Whatever stands in a reply or a line of a result file, reading it survives, and one line never
//! speaks for another.

use batch::provider::{LineBody, parse_batch, parse_result_line};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Any JSON, with the names that hosts use often among its keys.
fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("")),
        Just(json!("completed")),
        Just(json!("{\"choices\":[]}")),
    ];
    let key = prop_oneof![
        3 => prop::sample::select(vec![
            "id", "custom_id", "status", "status_code", "response", "body", "error", "errors", "data",
            "choices", "message", "content", "finish_reason", "usage", "prompt_tokens", "code",
            "failed_generation", "request_counts", "metadata", "output_file_id", "created_at",
        ])
        .prop_map(str::to_owned),
        1 => ".{0,6}",
    ];
    leaf.prop_recursive(5, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Lines that look like answers, with anything in their places.
fn line() -> impl Strategy<Value = Value> {
    let answered = (document(), document(), prop::option::of(document())).prop_map(
        |(choices, usage, error)| {
            let body = json!({"choices": [choices], "usage": usage});
            let mut line =
                json!({"custom_id": "a", "response": {"status_code": 200, "body": body}});
            if let Some(error) = error {
                line["error"] = error;
            }
            line
        },
    );
    prop_oneof![document(), answered]
}

proptest! {
    #[test]
    fn any_bytes_are_a_line_or_none(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let is_blank = bytes.iter().all(u8::is_ascii_whitespace);
        prop_assert_eq!(parse_result_line(&bytes).is_none(), is_blank);
    }

    #[test]
    fn a_line_speaks_for_the_id_it_names_alone(line in line()) {
        let read = parse_result_line(line.to_string().as_bytes()).expect("it is not blank");
        let named = line.get("custom_id").and_then(Value::as_str);
        prop_assert_eq!(read.custom_id.as_deref(), named);
        // An answer is only what came as one: choices, and no error beside them.
        if let LineBody::Answer(_) = read.body {
            let error = line.get("error").unwrap_or(&Value::Null);
            // Hosts write "no error" in every way there is.
            let holds = ![Value::Null, json!(false), json!(""), json!({}), json!([])].contains(error);
            prop_assert!(!holds, "{line}");
        }
    }

    #[test]
    fn a_batch_has_an_id_and_a_status(reply in document()) {
        if let Some(batch) = parse_batch(&reply, "batch_token") {
            prop_assert!(!batch.id.is_empty() && !batch.status_text.is_empty());
            // `""` counts as no file.
            prop_assert!(batch.output_file_id.is_none_or(|id| !id.is_empty()));
            prop_assert!(batch.error_file_id.is_none_or(|id| !id.is_empty()));
        }
    }
}
