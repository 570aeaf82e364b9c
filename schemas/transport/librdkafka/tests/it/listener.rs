//! A listener that lets clients log in as far as their first message, and then hangs up.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Longer than a client waits before it connects again.
const DEADLINE: Duration = Duration::from_secs(30);
/// Requests that are answered, by key.
const SASL_HANDSHAKE: i16 = 17;
const API_VERSIONS: i16 = 18;
/// The error of an `ApiVersions` request of another version than 0.
const UNSUPPORTED_VERSION: i16 = 35;

pub(crate) struct Listener {
    address: String,
    logins: Receiver<Vec<u8>>,
}

impl Listener {
    /// One that offers the mechanism. Its thread ends with the process.
    pub(crate) fn new(mechanism: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (sender, logins) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away in between has nothing to tell.
                let Ok(login) = login(stream, mechanism) else {
                    continue;
                };
                if login.is_some_and(|login| sender.send(login).is_err()) {
                    return;
                }
            }
        });
        Self { address, logins }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The first message of the next login.
    pub(crate) fn next_login(&self) -> Vec<u8> {
        self.logins.recv_timeout(DEADLINE).unwrap()
    }
}

/// Answers what comes before a login, and reads that; nothing where the client wants something
/// else.
fn login(mut stream: TcpStream, mechanism: &str) -> std::io::Result<Option<Vec<u8>>> {
    stream.set_read_timeout(Some(DEADLINE))?;
    loop {
        let request = frame(&mut stream)?;
        let number = |at: usize| i16::from_be_bytes([request[at], request[at + 1]]);
        let (key, version, correlation) = (number(0), number(2), &request[4..8]);
        let body = match (key, version) {
            (API_VERSIONS, 0) => {
                // No error, and two requests with their lowest and highest versions.
                let known = [SASL_HANDSHAKE, 0, 0, API_VERSIONS, 0, 0];
                numbers(&[&[0, 0, 2], known.as_slice()].concat())
            }
            (API_VERSIONS, _) => numbers(&[UNSUPPORTED_VERSION, 0, 0]),
            // No error, and one mechanism.
            (SASL_HANDSHAKE, _) => {
                let length = i16::try_from(mechanism.len()).unwrap();
                [&numbers(&[0, 0, 1, length]), mechanism.as_bytes()].concat()
            }
            _ => return Ok(None),
        };
        let length = u32::try_from(correlation.len() + body.len()).unwrap();
        stream.write_all(&[&length.to_be_bytes(), correlation, &body].concat())?;
        if key == SASL_HANDSHAKE {
            return frame(&mut stream).map(Some);
        }
    }
}

fn numbers(numbers: &[i16]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| number.to_be_bytes())
        .collect()
}

fn frame(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut frame = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
    stream.read_exact(&mut frame)?;
    Ok(frame)
}
