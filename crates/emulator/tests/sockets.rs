//! Over real sockets: refusals of large uploads are heard, faults close connections, the handle
//! stops its server.

use std::sync::Arc;
use std::time::Duration;

use emulator::{EmulatorConfig, EmulatorHandle, Scenario, SchemaAnswerer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(20);

async fn start(scenario: &str) -> EmulatorHandle {
    let config = EmulatorConfig::new(Scenario::parse(scenario).expect("a scenario"));
    EmulatorHandle::start(config, Arc::new(SchemaAnswerer))
        .await
        .expect("an emulator")
}

/// Sends a request and reads until the server closes; an aborted connection counts as closed.
async fn exchange(emulator: &EmulatorHandle, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(emulator.address())
        .await
        .expect("a connection");
    stream
        .write_all(request)
        .await
        .expect("the server reads it all");
    let mut answer = Vec::new();
    let read = timeout(LIMIT, stream.read_to_end(&mut answer))
        .await
        .expect("in time");
    assert!(read.is_ok() || answer.is_empty(), "{read:?}");
    String::from_utf8(answer).expect("UTF-8")
}

fn get(path: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\nconnection: close\r\n\r\n"
    )
    .into_bytes()
}

fn upload(megabytes: usize) -> Vec<u8> {
    let body = "x".repeat(megabytes * 1_000_000);
    format!(
        "POST /v1/files HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\nconnection: close\r\n\
         content-type: multipart/form-data; boundary=edge\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[tokio::test]
async fn refusals_of_large_uploads_are_heard() {
    for (scenario, status) in [
        ("server.api_key = \"other\"", "401"),
        ("[[http_faults]]\nkind = \"rate_limited\"", "429"),
        (
            "[[http_faults]]\nkind = \"server_error\"\nstatus = 502",
            "502",
        ),
    ] {
        let emulator = start(scenario).await;
        let answer = exchange(&emulator, &upload(20)).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn faults_close_the_connection_without_a_response() {
    let emulator = start("[[http_faults]]\nkind = \"dropped\"\ncalls = [1]\n[[http_faults]]\nkind = \"response_lost\"\ncalls = [1]").await;
    assert_eq!(exchange(&emulator, &get("/v1/models")).await, "");
    assert_eq!(exchange(&emulator, &get("/v1/models")).await, "");
    let answer = exchange(&emulator, &get("/v1/models")).await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("x-tandem-emulator"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_dropped_handle_closes_its_port_and_idle_connections() {
    let emulator = start("").await;
    let address = emulator.address();
    let mut idle = TcpStream::connect(address).await.expect("a connection");
    idle.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .expect("sent");
    let mut start = [0; 15];
    timeout(LIMIT, idle.read_exact(&mut start))
        .await
        .expect("in time")
        .expect("an answer");
    assert_eq!(&start, b"HTTP/1.1 200 OK");
    drop(emulator);
    let mut rest = Vec::new();
    timeout(LIMIT, idle.read_to_end(&mut rest))
        .await
        .expect("closed in time")
        .expect("closed cleanly");
    assert!(
        TcpStream::connect(address).await.is_err(),
        "nobody listens any more"
    );
}
