//! A way to a directory server that can be stopped: requests go through to the real server, and answers come back, until
//! the first request of a kind. It waits until the test has done what happens meanwhile.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Kinds of requests, by number of the operation (RFC 4511).
pub(crate) const SEARCH: u8 = 3;
pub(crate) const MODIFY: u8 = 6;
pub(crate) const ADD: u8 = 8;
pub(crate) const DELETE: u8 = 10;
pub(crate) const COMPARE: u8 = 14;

/// The way.
pub(crate) struct Relay {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// Where new connections lead.
    server: Mutex<String>,
    bar: Mutex<Bar>,
    moved: Condvar,
}

#[derive(Default)]
struct Bar {
    /// Requests of this kind that still go through, and then one that does not.
    stops: Option<(u8, usize)>,
    is_stopped: bool,
    /// Requests of each kind so far.
    counts: [usize; 32],
}

impl Relay {
    /// Begins a way to a server `127.0.0.1:PORT`.
    pub(crate) fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(State {
            server: Mutex::new(server),
            ..State::default()
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.expect("a connection");
                let state = Arc::clone(&shared);
                let server = state.server.lock().expect("no panic").clone();
                thread::spawn(move || carry(&client, &server, &state));
            }
        });
        Self { address, state }
    }

    /// Returns `ldap://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("ldap://{}", self.address)
    }

    /// Leads new connections to another server, under the same address.
    pub(crate) fn lead_to(&self, server: String) {
        *self.state.server.lock().expect("no panic") = server;
    }

    /// Returns how many requests of this kind have come.
    pub(crate) fn count(&self, operation: u8) -> usize {
        self.lock().counts[usize::from(operation)]
    }

    /// Stops at a request of this kind, behind some that still go through.
    pub(crate) fn stop_at(&self, operation: u8, behind: usize) {
        self.lock().stops = Some((operation, behind));
    }

    /// Waits until a request stands there.
    #[track_caller]
    pub(crate) fn until_stopped(&self) {
        let wait = self
            .state
            .moved
            .wait_timeout_while(self.lock(), PATIENCE, |bar| !bar.is_stopped);
        let (_bar, ended) = wait.expect("no panic");
        assert!(!ended.timed_out(), "no such request came");
    }

    /// Lets it go on.
    pub(crate) fn go_on(&self) {
        self.lock().is_stopped = false;
        self.state.moved.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Bar> {
        self.state.bar.lock().expect("no panic")
    }
}

impl State {
    fn pass(&self, operation: u8) {
        let mut bar = self.bar.lock().expect("no panic");
        bar.counts[usize::from(operation)] += 1;
        match &mut bar.stops {
            Some((kind, behind)) if *kind == operation => match behind {
                0 => bar.stops = None,
                _ => {
                    *behind -= 1;
                    return;
                }
            },
            _ => return,
        }
        bar.is_stopped = true;
        self.moved.notify_all();
        let wait = self
            .moved
            .wait_timeout_while(bar, PATIENCE, |bar| bar.is_stopped);
        drop(wait.expect("no panic"));
    }
}

fn carry(client: &TcpStream, server: &str, state: &State) {
    let Ok(server) = TcpStream::connect(server) else {
        return;
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = io::copy(&mut &server, &mut &*client);
            let _ = client.shutdown(Shutdown::Both);
        });
        while let Ok(request) = read_message(&mut &*client) {
            state.pass(operation(&request));
            if (&server).write_all(&request).is_err() {
                break;
            }
        }
        let _ = server.shutdown(Shutdown::Both);
    });
}

/// Reads one message of a client that is no enemy.
fn read_message(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut message = vec![0; 2];
    from.read_exact(&mut message)?;
    let mut len = usize::from(message[1]);
    if len >= 0x80 {
        let count = len & 0x7f;
        message.resize(2 + count, 0);
        from.read_exact(&mut message[2..])?;
        len = message[2..]
            .iter()
            .fold(0, |len, byte| len << 8 | usize::from(*byte));
    }
    let begin = message.len();
    message.resize(begin + len, 0);
    from.read_exact(&mut message[begin..])?;
    Ok(message)
}

/// Returns the number of the operation of a message.
fn operation(message: &[u8]) -> u8 {
    let begin = match message[1] {
        len @ 0x80.. => 2 + usize::from(len & 0x7f),
        _ => 2,
    };
    // Behind the number of the message.
    let id_len = usize::from(message[begin + 1]);
    message[begin + 2 + id_len] & 0x1f
}
