//! Runs a Python that has the SDKs.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use emulator::{EmulatorConfig, EmulatorHandle, Scenario, SchemaAnswerer};
use serde_json::Value;

/// The key that scenarios of these tests ask for.
pub(crate) const KEY: &str = "sdk-key";

/// One test installs at a time; the others find what it installed.
static INSTALLING: Mutex<()> = Mutex::new(());

/// Lets a script drive an emulator; returns what it saw, or nothing where there is no Python.
pub(crate) async fn drive(
    script: &'static str,
    arguments: &[&str],
    scenario: Scenario,
) -> Option<Value> {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/sdk-test");
    let finding = scripts.clone();
    let found = tokio::task::spawn_blocking(move || python_with_sdks(&finding))
        .await
        .expect("no panic");
    let python = match found {
        Ok(python) => python,
        Err(reason) => {
            eprintln!("skipped: the Python SDKs cannot be installed ({reason})");
            return None;
        }
    };
    let emulator = EmulatorHandle::start(EmulatorConfig::new(scenario), Arc::new(SchemaAnswerer))
        .await
        .expect("an emulator");
    let address = format!("http://{}", emulator.address());
    let mut command = Command::new(&python);
    command
        .arg(scripts.join(script))
        .args(arguments)
        .args([&address, KEY]);
    // Proxies and keys of the surroundings are none of the SDK's business here.
    for name in [
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
        "GROQ_BASE_URL",
        "OPENAI_BASE_URL",
        "ANTHROPIC_BASE_URL",
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "MISTRAL_API_KEY",
    ] {
        command.env_remove(name);
    }
    let limit = Duration::from_mins(2);
    let ended = tokio::task::spawn_blocking(move || run(&mut command, limit))
        .await
        .expect("no panic")
        .expect("Python starts");
    assert!(
        ended.success,
        "{script}:\n{}\n{}",
        ended.stdout, ended.stderr
    );
    Some(serde_json::from_str(&ended.stdout).expect("a report"))
}

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
    let _turn = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
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
