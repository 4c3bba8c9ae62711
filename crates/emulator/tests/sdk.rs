//! The official Python SDKs drive the emulator unchanged.
//!
//! The SDKs are installed once into the target directory. Where Python, its `venv` or the network
//! is missing, the test says so and does nothing.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use emulator::{EmulatorConfig, EmulatorHandle, Scenario, SchemaAnswerer};
use serde_json::{Value, json};

/// What goes wrong, on purpose, while an SDK works. Calls for files: one list, one look at a file,
/// then those that are spoiled.
const SCENARIO: &str = r#"
[server]
api_key = "sdk-key"
[timing]
in_progress_ms = 400
chat_scale = 0.0
[[http_faults]]
kind = "rate_limited"
call = "files"
calls = [3]
[[http_faults]]
kind = "server_error"
status = 503
call = "files"
# Counted among the calls that the rules above let through.
calls = [3]
[[http_faults]]
kind = "dropped"
call = "files"
calls = [3]
[[http_faults]]
kind = "rate_limited"
call = "models"
calls = [4]
retry_after_seconds = 1
"#;

/// What a program left behind.
struct Ended {
    success: bool,
    stdout: String,
    stderr: String,
}

/// Runs a program for at most a time, then ends it.
fn run(command: &mut Command, limit: Duration) -> std::io::Result<Ended> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (sender, receiver) = mpsc::channel();
    let pipes: [(usize, Option<Box<dyn Read + Send>>); 2] = [
        (
            0,
            child
                .stdout
                .take()
                .map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
        ),
        (
            1,
            child
                .stderr
                .take()
                .map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
        ),
    ];
    for (place, pipe) in pipes {
        let sender = sender.clone();
        std::thread::spawn(move || {
            let mut text = String::new();
            if let Some(mut pipe) = pipe {
                let _ = pipe.read_to_string(&mut text);
            }
            let _ = sender.send((place, text));
        });
    }
    let mut texts = [String::new(), String::new()];
    let mut in_time = true;
    for _ in 0..2 {
        if let Ok((place, text)) = receiver.recv_timeout(limit) {
            texts[place] = text;
        } else {
            in_time = false;
            // Only this child, which may have ended just now.
            let _ = child.kill();
        }
    }
    let success = child.wait()?.success() && in_time;
    let [stdout, stderr] = texts;
    Ok(Ended {
        success,
        stdout,
        stderr,
    })
}

/// Returns a Python that has the SDKs, or says why there is none.
fn python_with_sdks(scripts: &Path) -> Result<PathBuf, String> {
    let wanted =
        fs::read_to_string(scripts.join("requirements.txt")).map_err(|error| error.to_string())?;
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sdk-venv");
    let python = home.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    });
    let stamp = home.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    let limit = Duration::from_mins(5);
    let steps = [
        (
            "python3 -m venv",
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&home),
            limit,
        ),
        (
            "pip install",
            Command::new(&python)
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                    "-r",
                ])
                .arg(scripts.join("requirements.txt")),
            limit,
        ),
    ]
    .map(|(name, command, limit)| {
        run(command, limit)
            .map_err(|error| format!("{name}: {error}"))
            .and_then(|ended| {
                if ended.success {
                    Ok(())
                } else {
                    Err(format!("{name}: {}", ended.stderr.trim()))
                }
            })
    });
    steps.into_iter().collect::<Result<Vec<()>, String>>()?;
    fs::write(&stamp, wanted).map_err(|error| error.to_string())?;
    Ok(python)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_python_sdks_work_unchanged() {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/sdk-test");
    let finding = scripts.clone();
    let found = tokio::task::spawn_blocking(move || python_with_sdks(&finding))
        .await
        .expect("no panic");
    let python = match found {
        Ok(python) => python,
        Err(reason) => {
            eprintln!("skipped: the Python SDKs cannot be installed ({reason})");
            return;
        }
    };
    for sdk in ["groq", "openai"] {
        let config = EmulatorConfig::new(Scenario::parse(SCENARIO).expect("a scenario"));
        let emulator = EmulatorHandle::start(config, Arc::new(SchemaAnswerer))
            .await
            .expect("an emulator");
        let address = format!("http://{}", emulator.address());
        let mut command = Command::new(&python);
        command
            .arg(scripts.join("drive.py"))
            .args([sdk, &address, "sdk-key"]);
        // Proxies and keys of the surroundings are none of the SDK's business here.
        for name in [
            "HTTP_PROXY",
            "http_proxy",
            "ALL_PROXY",
            "all_proxy",
            "GROQ_BASE_URL",
            "OPENAI_BASE_URL",
        ] {
            command.env_remove(name);
        }
        let limit = Duration::from_mins(2);
        let ended = tokio::task::spawn_blocking(move || run(&mut command, limit))
            .await
            .expect("no panic");
        let ended = ended.expect("Python starts");
        assert!(ended.success, "{sdk}:\n{}\n{}", ended.stdout, ended.stderr);
        let seen: Value = serde_json::from_str(&ended.stdout).expect("a report");
        check(sdk, &seen);
    }
}

fn check(sdk: &str, seen: &Value) {
    let expect =
        |key: &str, expected: Value| assert_eq!(seen[key], expected, "{sdk}: {key} in {seen:#}");
    let version = if sdk == "groq" {
        "groq 1.7.0"
    } else {
        "openai 3.54.0"
    };
    expect("sdk", json!(version));
    expect("uploaded", json!(["file", "batch", true]));
    expect("created", json!(["batch", "validating", {"token": "t1"}]));
    let statuses = seen["statuses"].as_array().expect("statuses");
    assert_eq!(statuses.last(), Some(&json!("completed")));
    assert!(statuses.contains(&json!("in_progress")), "{statuses:?}");
    expect("counts", json!([25, 24, 1]));
    expect("line_error", json!(["invalid_method", 26]));
    expect("answers", json!(24));
    expect("answers_valid", json!(true));
    expect("failures", json!([[400, "json_validate_failed"]]));
    expect("all_ids", json!(true));
    expect("cancelling", json!("cancelling"));
    expect("cancelled", json!("cancelled"));
    for key in [
        "listed",
        "many",
        "marked",
        "files",
        "chat_usage",
        "after_retry",
    ] {
        expect(key, json!(true));
    }
    expect("file", json!("batch_output"));
    let models = [
        "openai/gpt-oss-120b",
        "openai/gpt-oss-20b",
        "openai/gpt-oss-safeguard-20b",
        "qwen/qwen3.6-27b",
    ];
    expect("models", json!(models));
    expect("model_owner", json!("OpenAI (emulated by Tandem)"));
    expect(
        "chat",
        json!(["chat.completion", "stop", ["is_assisted", "tools"]]),
    );
    expect("fingerprint", json!("fp_tandem_emulator"));
    expect("deleted", json!([true, true]));
    expect(
        "raised",
        json!({
            "wrong_key": ["AuthenticationError", 401, "invalid_api_key"],
            "bad_schema": ["BadRequestError", 400, null],
            "retired_model": ["NotFoundError", 404, "model_not_found"],
            "no_file": ["NotFoundError", 404, "not_found"],
            "no_batch": ["NotFoundError", 404, "not_found"],
            "bad_window": ["BadRequestError", 400, null],
            "budget": ["BadRequestError", 400, "json_validate_failed"],
            "cancel_ended": ["BadRequestError", 400, null],
        }),
    );
    expect(
        "spoiled",
        json!([
            ["RateLimitError", 429, "rate_limit_exceeded"],
            ["InternalServerError", 503, null],
            ["APIConnectionError", null, null],
        ]),
    );
}
