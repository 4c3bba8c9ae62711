//! `tandem serve` as a process of its own, and small servers for what it sends out.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::Tandem;

/// How long anything is waited for.
const LIMIT: Duration = Duration::from_mins(2);

/// The pages of a database; they end with the test.
pub(crate) struct Served {
    child: Child,
    pub(crate) address: SocketAddr,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Got {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Served {
    /// Starts, and waits until it listens.
    pub(crate) fn start(tandem: &Tandem, arguments: &[&str]) -> Self {
        let mut all = vec!["serve", "--json", "--listen", "127.0.0.1:0"];
        all.extend(arguments);
        let mut child = tandem
            .command(&all)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the pages start");
        let mut first = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::new(stdout)
            .read_line(&mut first)
            .expect("a line");
        let ready: Value = serde_json::from_str(&first).expect("the start-up line");
        let address = ready["serving"].as_str().expect("an address");
        Served {
            child,
            address: address.parse().expect("an address"),
        }
    }

    /// Asks once.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Got {
        let mut stream = TcpStream::connect(self.address).expect("connected");
        stream.set_read_timeout(Some(LIMIT)).expect("set");
        let headers: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{headers}\r\n",
            self.address
        )
        .expect("written");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an answer");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let mut lines = head.lines();
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1)?.parse().ok())
            .expect("a status");
        Got {
            status,
            headers: lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect(),
            body: body.to_owned(),
        }
    }

    /// Asks until the report is worked out.
    pub(crate) fn get(&self, path: &str) -> Got {
        let start = Instant::now();
        loop {
            let got = self.ask("GET", path, &[]);
            if got.status != 503 {
                return got;
            }
            assert!(got.headers.contains_key("retry-after"), "{got:?}");
            assert!(start.elapsed() < LIMIT, "no report within {LIMIT:?}");
            std::thread::yield_now();
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A mail server that knows enough words to take a mail, or to refuse it.
pub(crate) struct MailServer {
    pub(crate) address: SocketAddr,
    /// Mails taken, each with its envelope in front.
    pub(crate) taken: Arc<Mutex<Vec<String>>>,
    /// Account and password as given, in base64.
    pub(crate) logins: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    /// Answers each `RCPT` with the next of these lines, then with 250.
    pub(crate) fn start(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        let server = MailServer {
            address: listener.local_addr().expect("an address"),
            taken: Arc::default(),
            logins: Arc::default(),
        };
        let (taken, logins) = (Arc::clone(&server.taken), Arc::clone(&server.logins));
        let mut answers: Vec<String> = answers.iter().rev().map(ToString::to_string).collect();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away ends its talk, not the server.
                let _ = talk(stream, &mut answers, &taken, &logins);
            }
        });
        server
    }
}

fn talk(
    stream: TcpStream,
    answers: &mut Vec<String>,
    taken: &Mutex<Vec<String>>,
    logins: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    let mut envelope = String::new();
    stream.write_all(b"220 test ESMTP\r\n")?;
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let word = line.trim_end().to_owned();
        let answer = match word.split(' ').next().unwrap_or_default() {
            "EHLO" => "250-test\r\n250-AUTH PLAIN\r\n250 8BITMIME".to_owned(),
            "AUTH" => {
                logins.lock().expect("whole").push(word.clone());
                "235 welcome".to_owned()
            }
            "RCPT" => {
                envelope.push_str(&format!("{word}\n"));
                answers.pop().unwrap_or_else(|| "250 fine".to_owned())
            }
            "MAIL" => {
                envelope = format!("{word}\n");
                "250 fine".to_owned()
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n")?;
                let mut mail = envelope.clone();
                loop {
                    line.clear();
                    reader.read_line(&mut line)?;
                    if line == ".\r\n" {
                        break;
                    }
                    mail.push_str(&line);
                }
                taken.lock().expect("whole").push(mail);
                "250 taken".to_owned()
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n")?;
                return Ok(());
            }
            _ => "250 fine".to_owned(),
        };
        stream.write_all(format!("{answer}\r\n").as_bytes())?;
    }
}

/// A webhook that keeps what it is sent.
pub(crate) struct Webhook {
    pub(crate) address: SocketAddr,
    /// Bodies, with the line of the request in front.
    pub(crate) received: Arc<Mutex<Vec<String>>>,
}

impl Webhook {
    /// Answers with these statuses one after the other, then with the last again.
    pub(crate) fn start(statuses: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        let hook = Webhook {
            address: listener.local_addr().expect("an address"),
            received: Arc::default(),
        };
        let received = Arc::clone(&hook.received);
        std::thread::spawn(move || {
            for (index, stream) in listener.incoming().flatten().enumerate() {
                let status = statuses.get(index).or(statuses.last()).unwrap_or(&"200 OK");
                let _ = take(stream, status, &received);
            }
        });
        hook
    }
}

fn take(stream: TcpStream, status: &str, received: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8_lossy(&body);
    received
        .lock()
        .expect("whole")
        .push(format!("{}\n{body}", first.trim_end()));
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    )
}
