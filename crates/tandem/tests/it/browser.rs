//! A real browser and other programs of npm's, and the scripts in `tests/browser` that drive them.

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long a script may take.
const LIMIT: Duration = Duration::from_mins(15);

/// The programs of this machine.
pub(crate) struct Browser {
    node: PathBuf,
    chromium: PathBuf,
    pub(crate) modules: PathBuf,
    /// Where pictures of pages are kept.
    pub(crate) screenshots: PathBuf,
}

impl Browser {
    /// The browser, where it and these modules are here; where not, says that the test is skipped.
    pub(crate) fn find(wanted: &[&str]) -> Option<Self> {
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
        let modules = target.join("browser/node_modules");
        let node = program(&["node"]);
        let chromium = program(&["chromium", "chromium-browser", "google-chrome"]);
        let has_modules = wanted.iter().all(|module| modules.join(module).is_dir());
        let (Some(node), Some(chromium), true) = (node, chromium, has_modules) else {
            eprintln!(
                "skipped: this wants node, chromium and npm's {} (scripts/test installs them)",
                wanted.join(" and ")
            );
            return None;
        };
        Some(Browser {
            node,
            chromium,
            modules,
            screenshots: target.join("screenshots"),
        })
    }

    /// Opens what is served at an address by a script that takes `ADDRESS MODULES WITH CHROMIUM` and more, and
    /// insists that it finds nothing wrong; returns what it said.
    pub(crate) fn open(&self, script: &str, address: &str, with: &Path, more: &[&str]) -> String {
        let address = format!("http://{address}");
        let mut arguments: Vec<&OsStr> = vec![
            address.as_ref(),
            self.modules.as_ref(),
            with.as_ref(),
            self.chromium.as_ref(),
        ];
        arguments.extend(more.iter().map(OsStr::new));
        self.run(script, &arguments)
    }

    /// Runs a script, and insists that it finds nothing wrong; returns what it said.
    pub(crate) fn run(&self, script: &str, arguments: &[impl AsRef<OsStr>]) -> String {
        let log = tempfile::NamedTempFile::new().expect("a log");
        let mut run = Command::new(&self.node)
            .arg(
                Path::new(env!("CARGO_MANIFEST_DIR"))
                    .join("tests/browser")
                    .join(script),
            )
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.reopen().expect("a log"))
            .stderr(Stdio::inherit())
            .spawn()
            .expect("node starts");
        let said = || {
            let mut said = String::new();
            let mut log = log.reopen().expect("a log");
            log.read_to_string(&mut said).expect("read");
            said
        };
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = run.try_wait().expect("waited for") {
                break status;
            }
            if begin.elapsed() > LIMIT {
                // The browser ends with the pipe that node holds.
                run.kill().expect("killed");
                run.wait().expect("ended");
                panic!("{script} was not done within {LIMIT:?}\n{}", said());
            }
            std::thread::sleep(Duration::from_millis(100));
        };
        assert!(status.success(), "{status}\n{}", said());
        said()
    }
}

/// A program of one of these names on the path.
fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .find(|candidate| candidate.is_file())
}
