//! To whom a digest goes, and how it gets there.

use std::time::Duration;

use web::Letter;

use super::{mail, webhook};
use crate::app::App;
use crate::config::Config;
use crate::error::{CliError, Outcome};

/// How often something is tried in all, and how long is waited between.
pub(super) const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];

/// How long an answer is waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Sends a letter to every place that is configured. Everything that can be wrong here is looked at
/// before the first word leaves.
pub(super) fn send(
    app: &App,
    config: &Config,
    letter: &Letter,
    is_dry_run: bool,
) -> Result<Outcome, CliError> {
    let mail = mail::Mail::new(config, letter)?;
    let post = webhook::Post::new(config, letter)?;
    if mail.is_none() && post.is_none() {
        return Err(CliError::configuration("nobody is configured to get the digest")
            .hint("set smtp, from and to, or webhook_url_file, under [digest]; tandem doctor --print-config shows them"));
    }
    if is_dry_run {
        for place in mail
            .iter()
            .map(mail::Mail::place)
            .chain(post.iter().map(webhook::Post::place))
        {
            app.output.line(&format!("would go to {place}"))?;
        }
        if mail.is_some() {
            app.output
                .heading("Mail, as text (an HTML form goes along)")?;
            app.output.line(letter.text().trim_end())?;
        }
        if post.is_some() {
            app.output.heading("Webhook")?;
            app.output.line(&webhook::body(letter))?;
        }
        return Ok(Outcome::Done);
    }
    let mut sent: Vec<String> = Vec::new();
    let told = |error: CliError, sent: &[String]| {
        if sent.is_empty() {
            error.hint("nothing was sent")
        } else {
            error.hint(format!("it was sent to {}", sent.join(" and ")))
        }
    };
    if let Some(mail) = mail {
        mail.send().map_err(|error| told(error, &sent))?;
        sent.push(mail.place());
    }
    if let Some(post) = post {
        post.send().map_err(|error| told(error, &sent))?;
        sent.push(post.place());
    }
    for place in sent {
        app.output.note(&format!("sent to {place}"));
    }
    Ok(Outcome::Done)
}

/// Whether a host is this machine, where nothing needs to be encrypted.
pub(super) fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
