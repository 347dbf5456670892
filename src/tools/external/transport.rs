//! Handing messages to a mail system: `sendmail` or an SMTP relay.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{SmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;

use crate::postoffice::mailbag::MAX_MAIL_LEN;
use crate::protocol::mail::MailAddress;
use crate::tools::exit::{ExitCode, ToolError};

use super::options::{MailSystem, Relay, Tls};

/// How long the relay may keep us waiting for one answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Exit code of `sendmail` for "try again later" (`sysexits.h`).
const EX_TEMPFAIL: i32 = 75;

/// Exit codes of `sendmail` for an address that will never do: EX_DATAERR, EX_NOUSER, EX_NOHOST.
const EX_FINAL: [i32; 3] = [65, 67, 68];

/// Characters of a complaint that are kept.
const MAX_COMPLAINT_LEN: usize = 300;

/// Why a message was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tools) struct Refused {
    pub(in crate::tools) reason: String,
    /// Trying again will not help.
    pub(in crate::tools) is_final: bool,
}

/// A message on its way out: its header, and a file that stands where its body begins.
pub(in crate::tools) struct Outgoing<'a> {
    pub(in crate::tools) from: &'a MailAddress,
    pub(in crate::tools) to: &'a MailAddress,
    pub(in crate::tools) head: &'a [u8],
    pub(in crate::tools) body: &'a mut File,
}

/// A mail system.
#[derive(Debug)]
pub(in crate::tools) enum Transport {
    Sendmail(PathBuf),
    Smtp(Smtp),
}

impl Transport {
    /// Prepares it; nothing is sent yet.
    pub(in crate::tools) fn open(system: &MailSystem) -> Result<Self, ToolError> {
        match system {
            MailSystem::Sendmail(path) if path.is_file() => Ok(Self::Sendmail(path.clone())),
            MailSystem::Sendmail(path) => Err(ToolError::new(
                ExitCode::NotFound,
                format!("--sendmail: {}: no such program", path.display()),
            )),
            MailSystem::Smtp(relay) => Smtp::new(relay).map(Self::Smtp),
        }
    }

    /// Hands a message over; when it returns, the mail system answers for it.
    pub(in crate::tools) fn send(&mut self, mail: Outgoing<'_>) -> Result<(), Refused> {
        match self {
            Self::Sendmail(path) => sendmail(path, mail),
            Self::Smtp(smtp) => smtp.send(mail),
        }
    }
}

fn later(reason: impl std::fmt::Display) -> Refused {
    Refused {
        reason: bounded(&reason.to_string()),
        is_final: false,
    }
}

fn bounded(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(MAX_COMPLAINT_LEN).collect()
}

fn sendmail(path: &Path, mail: Outgoing<'_>) -> Result<(), Refused> {
    let failed = |e: io::Error| later(format_args!("{}: {e}", path.display()));
    // A file, so that a program that complains at length and one that reads slowly cannot wait for each other.
    let mut complaint = tempfile::tempfile().map_err(failed)?;
    let mut child = Command::new(path)
        .args(["-i", "-f", mail.from.as_str(), "--", mail.to.as_str()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(complaint.try_clone().map_err(failed)?)
        .spawn()
        .map_err(failed)?;
    let written = match child.stdin.take() {
        Some(mut input) => input
            .write_all(mail.head)
            .and_then(|()| io::copy(mail.body, &mut input).map(|_| ())),
        None => Ok(()),
    };
    if written.is_err() {
        // It must not take half a message for a whole one.
        let _ = child.kill();
    }
    let status = child.wait().map_err(failed)?;
    if status.success() && written.is_ok() {
        return Ok(());
    }
    let mut text = String::new();
    let _ = complaint.seek(SeekFrom::Start(0)).map(|_| {
        let mut bytes = Vec::new();
        let _ = complaint.take(4096).read_to_end(&mut bytes);
        text = String::from_utf8_lossy(&bytes).into_owned();
    });
    let end = match (status.code(), written) {
        (Some(code), _) => format!("{} ended with {code}", path.display()),
        (None, Err(e)) => format!("{}: {e}", path.display()),
        (None, Ok(())) => format!("{} was killed", path.display()),
    };
    Err(Refused {
        reason: bounded(&format!("{end} {text}")),
        is_final: status
            .code()
            .is_some_and(|code| code != EX_TEMPFAIL && EX_FINAL.contains(&code)),
    })
}

/// A relay, and the connection to it once there is one.
pub(in crate::tools) struct Smtp {
    relay: Relay,
    password: Option<String>,
    connection: Option<Box<SmtpConnection>>,
    /// Why it cannot be reached: asked once in a run, not for each message.
    unreachable: Option<String>,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Smtp({}:{})", self.relay.host, self.relay.port)
    }
}

impl Smtp {
    fn new(relay: &Relay) -> Result<Self, ToolError> {
        let password = match &relay.login {
            Some((_, file)) => {
                let text = std::fs::read_to_string(file).map_err(|error| {
                    let what = format!("password file {}", file.display());
                    ToolError::new(ExitCode::NotFound, what).caused_by(error)
                })?;
                Some(text.lines().next().unwrap_or_default().to_owned())
            }
            None => None,
        };
        Ok(Self {
            relay: relay.clone(),
            password,
            connection: None,
            unreachable: None,
        })
    }

    fn send(&mut self, mail: Outgoing<'_>) -> Result<(), Refused> {
        let address = |a: &MailAddress| {
            a.as_str().parse().map_err(|e| Refused {
                reason: format!("{a}: {e}"),
                is_final: true,
            })
        };
        let envelope = Envelope::new(Some(address(mail.from)?), vec![address(mail.to)?])
            .map_err(|e| later(format_args!("{}: {e}", mail.to)))?;
        let message = with_crlf(mail.head, mail.body)?;
        if let Some(reason) = &self.unreachable {
            return Err(later(reason));
        }
        let mut connection = match self.connection.take() {
            Some(connection) if !connection.has_broken() => connection,
            _ => match self.connect() {
                Ok(connection) => connection,
                Err(reason) => {
                    self.unreachable = Some(bounded(&reason));
                    return Err(later(reason));
                }
            },
        };
        match connection.send(&envelope, &message) {
            Ok(_) => {
                self.connection = Some(connection);
                Ok(())
            }
            Err(error) => {
                connection.abort();
                Err(Refused {
                    reason: bounded(&format!("{}: {}", self.relay.host, with_causes(&error))),
                    is_final: error.is_permanent(),
                })
            }
        }
    }

    fn connect(&self) -> Result<Box<SmtpConnection>, String> {
        let Relay {
            host, port, tls, ..
        } = &self.relay;
        let failed =
            |e: lettre::transport::smtp::Error| format!("{host}:{port}: {}", with_causes(&e));
        let parameters = match tls {
            Tls::None => None,
            Tls::Starttls | Tls::Tls => Some(TlsParameters::new(host.clone()).map_err(failed)?),
        };
        let wrapped = parameters.as_ref().filter(|_| *tls == Tls::Tls);
        let hello = ClientId::Domain(super::host_name());
        let mut connection = SmtpConnection::connect(
            (host.as_str(), *port),
            Some(PATIENCE),
            &hello,
            wrapped,
            None,
        )
        .map_err(failed)?;
        if let (Tls::Starttls, Some(parameters)) = (tls, &parameters) {
            connection.starttls(parameters, &hello).map_err(failed)?;
        }
        if let (Some((user, _)), Some(password)) = (&self.relay.login, &self.password) {
            let credentials = Credentials::new(user.clone(), password.clone());
            connection
                .auth(DEFAULT_MECHANISMS, &credentials)
                .map_err(failed)?;
        }
        Ok(Box::new(connection))
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        if let Some(mut connection) = self.connection.take() {
            // The relay has answered for every message; this is courtesy.
            let _ = connection.quit();
        }
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// Returns a message with the line ends of SMTP, without the last one: the end mark brings its own.
fn with_crlf(head: &[u8], body: &mut File) -> Result<Vec<u8>, Refused> {
    let mut text = head.to_vec();
    body.take(MAX_MAIL_LEN)
        .read_to_end(&mut text)
        .map_err(later)?;
    let mut out = Vec::with_capacity(text.len() + text.len() / 40);
    for line in text.split_inclusive(|&b| b == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        out.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        out.extend_from_slice(b"\r\n");
    }
    out.truncate(out.len().saturating_sub(2));
    Ok(out)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn body(text: &str) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        file
    }

    fn send(transport: &mut Transport, text: &str) -> Result<(), Refused> {
        let address = |text| MailAddress::parse(text).unwrap();
        transport.send(Outgoing {
            from: &address("a@b.test"),
            to: &address("c@d.test"),
            head: b"Subject: x\n\n",
            body: &mut body(text),
        })
    }

    #[test]
    fn lines_end_in_cr_lf_on_the_wire() {
        let made = with_crlf(b"A: b\nC: d\r\n\n", &mut body("x\n.y\r\n")).unwrap();
        assert_eq!(made, b"A: b\r\nC: d\r\n\r\nx\r\n.y");
    }

    #[test]
    fn sendmail_gets_the_message_and_its_end_is_understood() {
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("sendmail");
        let out = directory.path().join("out");
        for (code, is_final) in [
            (0, None),
            (75, Some(false)),
            (67, Some(true)),
            (1, Some(false)),
        ] {
            let script = format!(
                "#!/bin/sh\necho \"$@\" > {0}\ncat >> {0}\necho no such user >&2\nexit {code}\n",
                out.display()
            );
            std::fs::write(&program, script).unwrap();
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
            let mut transport = Transport::open(&MailSystem::Sendmail(program.clone())).unwrap();
            let refused = send(&mut transport, "body\n").err();
            assert_eq!(
                refused.as_ref().map(|r| r.is_final),
                is_final,
                "{refused:?}"
            );
            if let Some(refused) = refused {
                assert!(
                    refused
                        .reason
                        .ends_with(&format!("ended with {code} no such user"))
                );
            }
            assert_eq!(
                std::fs::read_to_string(&out).unwrap(),
                "-i -f a@b.test -- c@d.test\nSubject: x\n\nbody\n"
            );
        }
        let error = Transport::open(&MailSystem::Sendmail("/nowhere/sendmail".into())).unwrap_err();
        assert_eq!(error.exit, ExitCode::NotFound);
    }

    #[test]
    fn a_relay_that_is_not_there_is_asked_once() {
        // A port that was free a moment ago.
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let relay = Relay {
            host: "127.0.0.1".into(),
            port,
            tls: Tls::None,
            login: None,
        };
        let mut transport = Transport::open(&MailSystem::Smtp(relay)).unwrap();
        for _ in 0..2 {
            let refused = send(&mut transport, "x").unwrap_err();
            assert!(
                !refused.is_final && refused.reason.contains("127.0.0.1"),
                "{refused:?}"
            );
        }
    }
}
