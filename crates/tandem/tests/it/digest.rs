//! The weekly digest: what it says, and that it arrives whole or not at all.

use crate::served::{MailServer, Webhook};
use crate::support::Tandem;

const WEEK: &str = "2026-W10";

fn made() -> Tandem {
    Tandem::new().with_pull_requests(400)
}

/// Writes a configuration beside the database.
fn configure(tandem: &Tandem, text: &str) {
    std::fs::write(tandem.path("tandem.toml"), text).expect("written");
}

#[test]
fn the_letter_says_what_changed_and_how_sure_that_is() {
    let tandem = made();
    let ran = tandem.ok(&["digest", "--week", WEEK]);
    insta::assert_snapshot!("digest_text", ran.stdout);
    let html = tandem
        .ok(&["digest", "--week", WEEK, "--format", "html"])
        .stdout;
    assert!(html.starts_with("<!DOCTYPE html>"), "{html}");
    for line in ran.stdout.lines().filter(|line| line.starts_with("- ")) {
        let words = line.trim_start_matches("- ").replace('"', "&quot;");
        assert!(html.contains(&words), "the HTML lacks: {words}");
    }
}

#[test]
fn the_numbers_of_the_letter_are_those_of_the_document() {
    let tandem = made();
    let document = tandem.json(&["digest", "--week", WEEK]);
    assert_eq!(document["version"], 1);
    assert_eq!(document["week"]["first_day"], "2026-03-02");
    assert_eq!(document["before"]["name"], "2026-W09");
    let now = &document["adoption"]["now"];
    let text = tandem.ok(&["digest", "--week", WEEK]).stdout;
    let share = now["share"].as_f64().expect("a share") * 100.0;
    let counted = format!("{share:.1} % ");
    let of = format!("{} of {}", now["successes"], now["n"]);
    assert!(
        text.contains(&counted) && text.contains(&of),
        "{counted} {of}\n{text}"
    );
    let merged = format!("{} pull requests were merged", document["merged"]["now"]);
    assert!(text.contains(&merged), "{merged}\n{text}");
}

#[test]
fn weeks_that_cannot_be_told_are_refused_or_said() {
    let tandem = made();
    assert_eq!(tandem.run(&["digest", "--week", "2026-99"]).code, 2);
    assert_eq!(tandem.run(&["digest", "--week", "2400-W01"]).code, 2);
    // The record ends long before the last week that is over.
    let ran = tandem.ok(&["digest"]);
    assert!(
        ran.stdout
            .contains("The latest event on record is of 2026-06-"),
        "{}",
        ran.stdout
    );
}

#[test]
fn nobody_to_send_to_is_a_matter_of_configuration() {
    let tandem = made();
    let ran = tandem.run(&["digest", "--send", "--week", WEEK]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("[digest]"), "{}", ran.stderr);
    configure(&tandem, "[digest]\nsmtp = \"smtp://127.0.0.1:1\"\n");
    let ran = tandem.run(&["digest", "--send", "--week", WEEK]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("digest.from"), "{}", ran.stderr);
}

#[test]
fn a_mail_is_taken_whole_with_both_forms() {
    let server = MailServer::start(&[]);
    let mut tandem = made();
    tandem.set("TANDEM_SMTP_PASSWORD", "correct-horse");
    configure(
        &tandem,
        &format!(
            "[digest]\nsmtp = \"smtp://{}\"\nfrom = \"Tandem <tandem@example.org>\"\n\
             to = [\"one@example.org\", \"two@example.org\"]\nuser = \"tandem\"\n",
            server.address
        ),
    );
    let dry = tandem.ok(&["digest", "--dry-run", "--week", WEEK]);
    assert!(
        dry.stdout
            .contains("would go to one@example.org, two@example.org by 127.0.0.1"),
        "{}",
        dry.stdout
    );
    assert!(server.taken.lock().expect("whole").is_empty());
    let ran = tandem.ok(&["digest", "--send", "--week", WEEK]);
    let taken = server.taken.lock().expect("whole");
    let [mail] = taken.as_slice() else {
        panic!("{} mails", taken.len());
    };
    for wanted in [
        "RCPT TO:<one@example.org>",
        "RCPT TO:<two@example.org>",
        "Subject: AI in pull requests: week 2026-W10",
        "multipart/alternative",
        "text/plain",
        "text/html",
    ] {
        assert!(mail.contains(wanted), "the mail lacks {wanted}\n{mail}");
    }
    assert!(
        !server.logins.lock().expect("whole").is_empty(),
        "nobody logged in"
    );
    for text in [&ran.stdout, &ran.stderr, &dry.stdout, &dry.stderr] {
        assert!(!text.contains("correct-horse"), "the password is told");
    }
}

#[test]
fn one_refused_recipient_means_nobody_gets_it() {
    let server = MailServer::start(&["250 fine", "550 no such user"]);
    let tandem = made();
    configure(
        &tandem,
        &format!(
            "[digest]\nsmtp = \"smtp://{}\"\nfrom = \"tandem@example.org\"\nto = [\"one@example.org\", \"gone@example.org\"]\n",
            server.address
        ),
    );
    let ran = tandem.run(&["digest", "--send", "--week", WEEK]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("no such user") && ran.stderr.contains("nothing was sent"),
        "{}",
        ran.stderr
    );
    assert!(server.taken.lock().expect("whole").is_empty());
}

#[test]
fn a_server_that_asks_for_patience_is_asked_again() {
    let server = MailServer::start(&["451 come back"]);
    let tandem = made();
    configure(
        &tandem,
        &format!(
            "[digest]\nsmtp = \"smtp://{}\"\nfrom = \"tandem@example.org\"\nto = [\"one@example.org\"]\n",
            server.address
        ),
    );
    tandem.ok(&["digest", "--send", "--week", WEEK]);
    assert_eq!(server.taken.lock().expect("whole").len(), 1);
}

#[test]
fn a_webhook_gets_one_text_and_its_address_stays_secret() {
    let hook = Webhook::start(&["500 Internal Server Error", "200 OK"]);
    let mut tandem = made();
    let url = format!("http://{}/services/T0/secret-path", hook.address);
    tandem.set("TANDEM_DIGEST_WEBHOOK_URL", &url);
    let dry = tandem.ok(&["digest", "--dry-run", "--week", WEEK]);
    assert!(hook.received.lock().expect("whole").is_empty());
    let ran = tandem.ok(&["digest", "--send", "--week", WEEK]);
    let received = hook.received.lock().expect("whole");
    assert_eq!(received.len(), 2, "a failure and the retry");
    let (line, body) = received[1].split_once('\n').expect("a body");
    assert_eq!(line, "POST /services/T0/secret-path HTTP/1.1");
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert!(
        body["text"]
            .as_str()
            .expect("a text")
            .starts_with("*AI in pull requests: week 2026-W10*")
    );
    for text in [&ran.stdout, &ran.stderr, &dry.stdout, &dry.stderr] {
        assert!(!text.contains("secret-path"), "the address is told: {text}");
    }
}

#[test]
fn a_webhook_that_refuses_is_not_asked_again() {
    let hook = Webhook::start(&["404 Not Found"]);
    let mut tandem = made();
    tandem.set(
        "TANDEM_DIGEST_WEBHOOK_URL",
        &format!("http://{}/gone", hook.address),
    );
    let ran = tandem.run(&["digest", "--send", "--week", WEEK]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("404") && !ran.stderr.contains("/gone"),
        "{}",
        ran.stderr
    );
    assert_eq!(hook.received.lock().expect("whole").len(), 1);
    tandem.set("TANDEM_DIGEST_WEBHOOK_URL", "http://example.org/plain");
    assert_eq!(tandem.run(&["digest", "--send", "--week", WEEK]).code, 3);
}
