//! A digest by mail.

use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Message, SmtpTransport, Transport};
use secrecy::ExposeSecret;
use web::Letter;

use super::send::{PATIENCE, PAUSES, is_this_machine};
use crate::config::{Config, KeySource};
use crate::error::{CliError, ErrorKind};

const SMTPS_PORT: u16 = 465;
const SUBMISSION_PORT: u16 = 587;

/// A mail that is ready to go.
pub(super) struct Mail {
    server: Server,
    transport: SmtpTransport,
    message: Message,
    to: Vec<String>,
}

/// A mail server by its address.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Server {
    host: String,
    port: u16,
    security: Security,
}

/// How the way to a mail server is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    /// TLS from the first byte.
    Tls,
    /// TLS after a word in plain; refused where the server does not offer it.
    StartTls,
    /// None: this machine.
    None,
}

fn wrong(message: impl Into<String>) -> CliError {
    CliError::configuration(message)
}

impl Mail {
    /// The mail that the configuration asks for; `None` where it has no mail server.
    pub(super) fn new(config: &Config, letter: &Letter) -> Result<Option<Self>, CliError> {
        let digest = &config.digest;
        let Some(address) = &digest.smtp else {
            return Ok(None);
        };
        let server = Server::read(address)?;
        let mailbox = |text: &str, key: &str| -> Result<Mailbox, CliError> {
            text.parse()
                .map_err(|_| wrong(format!("'{text}' in digest.{key} is not a mail address")))
        };
        let from = digest
            .from
            .as_ref()
            .ok_or_else(|| wrong("digest.smtp is set, but digest.from says nobody who sends"))?;
        if digest.to.is_empty() {
            return Err(wrong(
                "digest.smtp is set, but digest.to says nobody who gets it",
            ));
        }
        let mut builder = Message::builder()
            .from(mailbox(from, "from")?)
            .subject(letter.subject_line())
            .message_id(None);
        for to in &digest.to {
            builder = builder.to(mailbox(to, "to")?);
        }
        let message = builder
            .multipart(MultiPart::alternative_plain_html(
                letter.text(),
                letter.html(),
            ))
            .map_err(|error| CliError::new(ErrorKind::Internal, error))?;
        let mut transport = SmtpTransport::builder_dangerous(&server.host)
            .port(server.port)
            .timeout(Some(PATIENCE))
            .tls(server.tls()?);
        if let Some(user) = &digest.user {
            let source = KeySource {
                variable: digest
                    .password_env
                    .clone()
                    .unwrap_or_else(|| "TANDEM_SMTP_PASSWORD".to_owned()),
                file: digest
                    .password_file
                    .as_ref()
                    .map(|path| config.resolve(path)),
            };
            let password = source.key()?.ok_or_else(|| {
                wrong(format!("digest.user is {user}, but there is no password"))
                    .hint(format!("set {} or digest.password_file", source.variable))
            })?;
            transport = transport.credentials(Credentials::new(
                user.clone(),
                password.expose_secret().to_owned(),
            ));
        }
        Ok(Some(Mail {
            transport: transport.build(),
            message,
            to: digest.to.clone(),
            server,
        }))
    }

    /// Where it goes, in words.
    pub(super) fn place(&self) -> String {
        format!(
            "{} by {}:{}{}",
            self.to.join(", "),
            self.server.host,
            self.server.port,
            match self.server.security {
                Security::Tls => " (TLS)",
                Security::StartTls => " (STARTTLS)",
                Security::None => " (this machine, not encrypted)",
            }
        )
    }

    /// Sends it to all or to nobody. Tries again where the server cannot be reached or asks for
    /// patience; never after the letter may have been taken.
    pub(super) fn send(&self) -> Result<(), CliError> {
        let refused = |error: lettre::transport::smtp::Error| {
            // The chain of its sources says what went wrong.
            CliError::new(ErrorKind::Internal, error).context(format!(
                "the mail server {}:{} did not take the digest",
                self.server.host, self.server.port
            ))
        };
        let mut pauses = PAUSES.iter();
        loop {
            // A connection that stands is the only thing that can be tried twice without a doubt.
            let reached = self.transport.test_connection();
            let error = match reached {
                Ok(true) => match self.transport.send(&self.message) {
                    Ok(_) => return Ok(()),
                    Err(error) if error.is_transient() => error,
                    Err(error) => return Err(refused(error)),
                },
                Ok(false) => {
                    return Err(CliError::new(
                        ErrorKind::Internal,
                        anyhow::anyhow!(
                            "the mail server {}:{} does not answer",
                            self.server.host,
                            self.server.port
                        ),
                    ));
                }
                Err(error) if error.is_permanent() => return Err(refused(error)),
                Err(error) => error,
            };
            match pauses.next() {
                Some(pause) => std::thread::sleep(*pause),
                None => return Err(refused(error)),
            }
        }
    }
}

impl Server {
    fn read(address: &str) -> Result<Self, CliError> {
        let unclear = || {
            wrong("digest.smtp is not the address of a mail server")
                .hint("write it as smtps://mail.example.org or smtp://mail.example.org:587; the account goes into digest.user")
        };
        let (scheme, rest) = address.split_once("://").ok_or_else(unclear)?;
        let rest = rest.trim_end_matches('/');
        if rest.is_empty() || rest.contains(['/', '@', '?', '#', ' ']) {
            return Err(unclear());
        }
        let after_host = rest.rfind(']').map_or(0, |end| end + 1);
        let (host, port) = match rest.get(after_host..).and_then(|tail| tail.rfind(':')) {
            Some(colon) => {
                let (host, port) = rest.split_at(after_host + colon);
                let port = port.trim_start_matches(':');
                (host, Some(port.parse::<u16>().map_err(|_| unclear())?))
            }
            None => (rest, None),
        };
        let (usual, security) = match scheme {
            "smtps" => (SMTPS_PORT, Security::Tls),
            "smtp" if is_this_machine(host) => (SUBMISSION_PORT, Security::None),
            "smtp" => (SUBMISSION_PORT, Security::StartTls),
            _ => return Err(unclear()),
        };
        Ok(Server {
            host: host.to_owned(),
            port: port.unwrap_or(usual),
            security,
        })
    }

    fn tls(&self) -> Result<Tls, CliError> {
        let parameters = || {
            TlsParameters::new(self.host.clone())
                .map_err(|error| CliError::new(ErrorKind::Internal, error))
        };
        Ok(match self.security {
            Security::Tls => Tls::Wrapper(parameters()?),
            Security::StartTls => Tls::Required(parameters()?),
            Security::None => Tls::None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_servers_are_read_and_secured() {
        for (address, expected) in [
            (
                "smtps://mail.example.org",
                Some(("mail.example.org", 465, Security::Tls)),
            ),
            (
                "smtp://mail.example.org",
                Some(("mail.example.org", 587, Security::StartTls)),
            ),
            (
                "smtp://mail.example.org:25/",
                Some(("mail.example.org", 25, Security::StartTls)),
            ),
            (
                "smtp://127.0.0.1:2525",
                Some(("127.0.0.1", 2525, Security::None)),
            ),
            ("smtp://[::1]:2525", Some(("[::1]", 2525, Security::None))),
            ("smtp://user:secret@mail.example.org", None),
            ("mail.example.org", None),
            ("https://mail.example.org", None),
            ("smtp://mail.example.org:x", None),
            ("smtp://", None),
        ] {
            let read = Server::read(address);
            let read = read.as_ref().ok();
            assert_eq!(
                read.map(|server| (server.host.as_str(), server.port, server.security)),
                expected,
                "{address}"
            );
        }
    }

    #[test]
    fn a_secret_in_an_address_is_not_told() {
        let error = Server::read("smtp://user:hunter2@h")
            .expect_err("refused")
            .text();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
