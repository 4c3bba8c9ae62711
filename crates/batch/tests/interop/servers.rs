//! Installs, starts and ends the foreign servers.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long one installation may take; it is cached.
const INSTALLATION: Duration = Duration::from_mins(8);
/// How long a server may take to its first answer.
const START: Duration = Duration::from_mins(2);

/// A running server on a port of the loopback interface. It is ended with the value.
pub(crate) struct Server {
    name: &'static str,
    child: Child,
    port: u16,
    log: PathBuf,
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/interop-test")
}

/// Where servers are installed and keep their state.
fn home() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("interop")
}

/// Installs a server; says whether it is there, and if not, why.
pub(crate) fn install(servers: &[&str]) -> bool {
    for server in servers {
        if let Err(reason) = try_install(server) {
            eprintln!("skipped: {}", reason.trim());
            return false;
        }
    }
    true
}

fn try_install(server: &str) -> Result<(), String> {
    fs::create_dir_all(home()).map_err(|error| error.to_string())?;
    let log = home().join(format!("install-{server}.log"));
    let output = File::create(&log).map_err(|error| error.to_string())?;
    let errors = output.try_clone().map_err(|error| error.to_string())?;
    let mut child = Command::new("bash")
        .arg(scripts().join("install"))
        .arg(home())
        .arg(server)
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .spawn()
        .map_err(|error| format!("{server} cannot be installed: bash: {error}"))?;
    let begun = Instant::now();
    loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) if status.success() => return Ok(()),
            Some(_) => return Err(last_line(&log)),
            None if begun.elapsed() > INSTALLATION => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("{server} cannot be installed in time"));
            }
            None => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

fn last_line(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    text.lines().last().unwrap_or("no reason given").to_owned()
}

/// A port that was free just now.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
    listener.local_addr().expect("an address").port()
}

impl Server {
    /// aimock with the fixtures of the test; every call is answered after `delay`.
    pub(crate) fn aimock(delay: Duration) -> Server {
        let port = free_port();
        let program = home().join("aimock/node_modules/@copilotkit/aimock/dist/cli.js");
        let mut command = Command::new("node");
        command
            .arg(program)
            .args(["--host", "127.0.0.1", "--log-level", "warn", "--port"])
            .arg(port.to_string())
            .arg("--fixtures")
            .arg(scripts().join("fixtures.json"));
        if !delay.is_zero() {
            let milliseconds = delay.as_millis().to_string();
            command.args(["--chaos-latency", &milliseconds]);
        }
        Server::start("aimock", port, command, "/v1/models")
    }

    /// llmock.
    pub(crate) fn llmock() -> Server {
        let port = free_port();
        let mut command = Command::new(home().join("llmock/bin/llmock"));
        command
            .args(["serve", "--host", "127.0.0.1", "--port"])
            .arg(port.to_string());
        Server::start("llmock", port, command, "/v1/models")
    }

    /// OGX with a state of its own, in front of another server.
    pub(crate) fn ogx(state: &str, backend: &Server) -> Server {
        let state = home().join(state);
        let _ = fs::remove_dir_all(&state);
        Server::ogx_at(&state, free_port(), &backend.groq())
    }

    fn ogx_at(state: &Path, port: u16, backend: &str) -> Server {
        fs::create_dir_all(state).expect("a folder");
        let template = fs::read_to_string(scripts().join("ogx.yaml")).expect("a template");
        let config = template
            .replace("@STATE@", &state.display().to_string())
            .replace("@PORT@", &port.to_string())
            .replace("@BACKEND@", backend);
        let path = state.join("config.yaml");
        fs::write(&path, config).expect("a file");
        let mut command = Command::new(home().join("ogx/bin/ogx"));
        command
            .args(["run", "--insecure"])
            .arg(&path)
            .env("HOME", state)
            .env("OTEL_SDK_DISABLED", "true");
        Server::start("ogx", port, command, "/v1/models")
    }

    fn start(name: &'static str, port: u16, mut command: Command, first_call: &str) -> Server {
        let log = home().join(format!("{name}-{port}.log"));
        let output = File::create(&log).expect("a log");
        let errors = output.try_clone().expect("a log");
        // Neither proxies nor keys of the surroundings are the server's business.
        for name in [
            "HTTP_PROXY",
            "http_proxy",
            "ALL_PROXY",
            "all_proxy",
            "GROQ_API_KEY",
        ] {
            command.env_remove(name);
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .expect("the server starts");
        let mut server = Server {
            name,
            child,
            port,
            log,
        };
        let begun = Instant::now();
        while !answers(port, first_call) {
            let has_ended = server.child.try_wait().expect("a state").is_some();
            if has_ended || begun.elapsed() > START {
                let log = fs::read_to_string(&server.log).unwrap_or_default();
                panic!("{name} does not start:\n{log}");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        server
    }

    /// Ends OGX as a lost machine would, and starts it again where it was.
    pub(crate) fn kill_and_restart_ogx(self, state: &str, backend: &Server) -> Server {
        let port = self.port;
        // The signal that cannot be caught.
        drop(self);
        Server::ogx_at(&home().join(state), port, &backend.groq())
    }

    /// Where a client of Groq finds `/openai/v1`.
    pub(crate) fn groq(&self) -> String {
        match self.name {
            "llmock" => format!("{}/groq", self.origin()),
            _ => self.origin(),
        }
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Only this child, which may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            let _ = fs::remove_file(&self.log);
        } else if let Ok(log) = fs::read_to_string(&self.log) {
            let from = log.len().saturating_sub(4000);
            eprintln!(
                "the end of what {} said:\n{}",
                self.name,
                log.get(from..).unwrap_or(&log)
            );
        }
    }
}

/// Whether the server answers a call with success.
fn answers(port: u16, path: &str) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let call = format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer none\r\n\
             Connection: close\r\n\r\n"
        );
        stream.write_all(call.as_bytes())?;
        let mut status = String::new();
        BufReader::new(stream).read_line(&mut status)?;
        Ok(status)
    };
    ask().is_ok_and(|status| status.split(' ').nth(1) == Some("200"))
}
