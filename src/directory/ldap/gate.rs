//! What stands between a server and the client library: nothing comes through that is no answer to a request.
//!
//! The library (ldap3 0.12) trusts its peer. A message without parts, a text that is no UTF-8 or an entry where a result is
//! due is a panic in it, values deep in each other use up its stack, and a value that claims to be longer than what it lies
//! in lets it read on and on. So it never holds the socket: it speaks through a pair of local ones with this task, which
//! takes the stream apart into messages of bounded length and looks at each before it goes on. What is wrong ends the
//! connection, with a reason. Encryption, where there is any, lies on the far side of the gate.
//!
//! Entries that a search finds do not go through: they are read here and fetched by who searches.

mod ber;
mod entry;
mod message;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;

pub(super) use ber::check;
use ber::{Malformed, Value};
pub(super) use entry::Found;
pub(super) use message::Id;
use message::{Verdict, Waiting};

use super::code::{Refusal, ResultCode};

/// Bytes of one message of a server. An entry with a photograph, or a group of a hundred thousand members, has less.
const MAX_MESSAGE_LEN: usize = 32 << 20;

/// Bytes that are asked for at a time.
const CHUNK: usize = 64 << 10;

/// Tag of a message: `SEQUENCE`.
const MESSAGE: u8 = 0x30;

/// Why a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// The server sent what no server should.
    Nonsense(String),
    /// It said that it goes.
    Notice(Refusal),
}

/// What a gate says of itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Gate {
    end: Arc<Mutex<Option<End>>>,
    found: Found,
}

impl Gate {
    /// Returns why the connection ended, where that was not for want of a server.
    pub(super) fn end(&self) -> Option<End> {
        lock(&self.end).clone()
    }

    /// Returns the entries that come in.
    pub(super) fn found(&self) -> &Found {
        &self.found
    }

    /// Lets messages through, both ways, until one side ends.
    pub(super) async fn stand<S>(self, server: S, client: UnixStream)
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let waiting = Mutex::new(Waiting::default());
        let (from_server, mut to_server) = tokio::io::split(server);
        let (from_client, to_client) = client.into_split();
        let asked = async {
            let ask = |message: &mut [u8]| lock(&waiting).ask(message).map(|()| Verdict::Pass);
            // Requests are our own, of any length.
            if pump(from_client, &mut to_server, usize::MAX, ask)
                .await
                .is_err()
            {
                // The server takes no more. It may have said why.
                std::future::pending::<()>().await;
            }
            // It may be gone already.
            let _ = to_server.shutdown().await;
        };
        let answered = async {
            let answer = |message: &mut [u8]| {
                let verdict = lock(&waiting).answer(message)?;
                match &verdict {
                    Verdict::Pass | Verdict::Drop => {}
                    Verdict::Entry(id, content) => {
                        self.found.put(*id, entry::read(message, content.clone()));
                    }
                    Verdict::Notice(code, text) => self.ends(End::Notice(Refusal {
                        code: ResultCode(*code),
                        text: text.clone(),
                    })),
                }
                Ok(verdict)
            };
            if let Err(Stopped::Nonsense(why)) =
                pump(from_server, to_client, MAX_MESSAGE_LEN, answer).await
            {
                self.ends(End::Nonsense(why.to_owned()));
            }
        };
        // Where one ends, so does the other: each side then sees that nobody is there.
        tokio::select! {
            () = asked => {}
            () = answered => {}
        }
    }

    fn ends(&self, why: End) {
        lock(&self.end).get_or_insert(why);
    }
}

/// Asks a server to begin encryption (RFC 4511 section 4.14), and returns its answer.
///
/// # Errors
/// It hung up, or said something else, or more: what came before the encryption must not be taken for what comes in it.
pub(super) async fn start_tls<S>(server: &mut S) -> io::Result<Result<(), Refusal>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    const REQUEST: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";
    const MAX_ANSWER_LEN: usize = 64 << 10;
    let nonsense = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why.to_owned());
    server.write_all(REQUEST).await?;
    server.flush().await?;
    let mut waiting = Waiting::default();
    waiting.ask(REQUEST).map_err(nonsense)?;
    let mut buffer = Vec::new();
    let len = loop {
        if let Some(len) = frame(&buffer, MAX_ANSWER_LEN).map_err(nonsense)? {
            break len;
        }
        buffer.reserve(CHUNK);
        if server.read_buf(&mut buffer).await? == 0 {
            return Err(io::Error::other("the server hung up"));
        }
    };
    if len < buffer.len() {
        return Err(nonsense("it says more before the encryption begins"));
    }
    match waiting.answer(&mut buffer).map_err(nonsense)? {
        Verdict::Pass => {
            let (code, text) = message::result(&buffer).map_err(nonsense)?;
            let code = ResultCode(code);
            Ok(match code {
                ResultCode::SUCCESS => Ok(()),
                _ => Err(Refusal { code, text }),
            })
        }
        Verdict::Notice(code, text) => Ok(Err(Refusal {
            code: ResultCode(code),
            text,
        })),
        Verdict::Drop | Verdict::Entry(..) => Err(nonsense("an answer to nothing")),
    }
}

/// Why nothing more is let through.
enum Stopped {
    /// Nobody takes it.
    Unwanted,
    /// A message is none.
    Nonsense(Malformed),
}

/// Passes whole messages on, as they are judged, until no more come.
async fn pump<R, W>(
    mut from: R,
    mut to: W,
    max_len: usize,
    mut judge: impl FnMut(&mut [u8]) -> Result<Verdict, Malformed>,
) -> Result<(), Stopped>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut buffer = Vec::new();
    loop {
        // Memory follows what came, not what a length says.
        buffer.reserve(CHUNK);
        if !matches!(from.read_buf(&mut buffer).await, Ok(1..)) {
            return Ok(());
        }
        // What passes is put together in front of what was judged.
        let (mut passed, mut judged) = (0, 0);
        let stopped = loop {
            let len = match frame(&buffer[judged..], max_len) {
                Ok(Some(len)) => len,
                Ok(None) => break None,
                Err(why) => break Some(why),
            };
            let message = judged..judged + len;
            match judge(&mut buffer[message.clone()]) {
                Ok(Verdict::Pass) => {
                    buffer.copy_within(message, passed);
                    passed += len;
                }
                Ok(Verdict::Drop | Verdict::Entry(..) | Verdict::Notice(..)) => {}
                Err(why) => break Some(why),
            }
            judged += len;
        };
        if passed > 0 {
            let written = to.write_all(&buffer[..passed]).await;
            written.map_err(|_| Stopped::Unwanted)?;
            to.flush().await.map_err(|_| Stopped::Unwanted)?;
        }
        buffer.drain(..judged);
        if let Some(why) = stopped {
            return Err(Stopped::Nonsense(why));
        }
    }
}

/// Returns the length of the message that stands in front; `None` where it is not there whole.
fn frame(bytes: &[u8], max_len: usize) -> Result<Option<usize>, Malformed> {
    if bytes.first().is_some_and(|tag| *tag != MESSAGE) {
        return Err("no message");
    }
    let Some(head) = Value::head(bytes, 0..bytes.len())? else {
        return Ok(None);
    };
    let len = head.content.end;
    if len > max_len {
        return Err("a message that is too long");
    }
    Ok((len <= bytes.len()).then_some(len))
}

/// What a lock holds is whole at any time, whoever had it before.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_whole_and_in_order_and_the_rest_is_not_there() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        let message = |id: u8| [0x30, 5, 2, 1, id, 0x42, 0];
        let sent: Vec<u8> = (0..100).flat_map(message).chain([0x30, 9]).collect();
        let mut passed = Vec::new();
        let judge = |message: &mut [u8]| match message[4] % 3 {
            0 => Ok(Verdict::Pass),
            1 => Ok(Verdict::Drop),
            _ => Ok(Verdict::Entry(1, 0..0)),
        };
        let pumped = runtime.block_on(pump(&sent[..], &mut passed, 100, judge));
        assert!(pumped.is_ok());
        let expected: Vec<u8> = (0..100).step_by(3).flat_map(message).collect();
        assert_eq!(passed, expected);
    }

    #[test]
    fn a_message_is_as_long_as_it_says_and_not_too_long() {
        let message = b"\x30\x05\x02\x01\x01\x42\x00";
        for end in 0..message.len() {
            assert_eq!(frame(&message[..end], 100), Ok(None), "{end}");
        }
        assert_eq!(frame(message, 100), Ok(Some(7)));
        assert_eq!(frame(&message.repeat(2), 100), Ok(Some(7)));
        assert_eq!(frame(message, 6), Err("a message that is too long"));
        assert_eq!(frame(b"HTTP/1.1 400 Bad Request", 100), Err("no message"));
        // What a head says is known before any of it is there.
        let long = b"\x30\x84\x7f\xff\xff\xff";
        assert_eq!(
            frame(long, MAX_MESSAGE_LEN),
            Err("a message that is too long")
        );
    }
}
