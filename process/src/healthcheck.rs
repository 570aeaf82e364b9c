//! The probe of a container: one request to the operators' listener, made without an HTTP client.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use clap::Args;

/// How long the service has to answer.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Why a service is not healthy.
#[derive(Debug, thiserror::Error)]
pub enum Unhealthy {
    /// The connection failed or broke.
    #[error("no answer from {address}: {source}")]
    Unreachable {
        /// The address that was asked.
        address: SocketAddr,
        /// The error of the connection.
        source: io::Error,
    },
    /// The service answered with another status than 200; this is the text of its answer.
    #[error("{0}")]
    SaysNo(String),
}

/// The question that the probe asks.
#[derive(Debug, Clone, Args)]
pub struct Healthcheck {
    /// Ask whether it is alive, not whether it is ready: an outage of a dependency does not change
    /// that.
    #[arg(long)]
    pub live: bool,
}

impl Healthcheck {
    /// Asks the service whose operators' listener is configured as `listen`.
    ///
    /// # Errors
    ///
    /// Fails where the service does not answer within 3 s, or answers with another status than 200.
    pub fn ask(&self, listen: SocketAddr) -> Result<(), Unhealthy> {
        ask(listen, if self.live { "/livez" } else { "/readyz" })
    }
}

fn ask(listen: SocketAddr, path: &str) -> Result<(), Unhealthy> {
    let address = reachable(listen);
    let answer = get(address, path).map_err(|source| Unhealthy::Unreachable { address, source })?;
    if answer.starts_with("HTTP/1.1 200 ") {
        return Ok(());
    }
    let (_, body) = answer
        .split_once("\r\n\r\n")
        .unwrap_or(("", "unreadable answer"));
    Err(Unhealthy::SaysNo(body.trim().to_owned()))
}

/// Returns the loopback address where the listener is bound to all addresses.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn get(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    // The request is sent in one piece: a service answers the first of several before the rest
    // arrive, and resets the connection.
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Answers one request, and returns what was asked.
    fn answer(listener: TcpListener, answer: String) -> thread::JoinHandle<String> {
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 1024];
            let length = stream.read(&mut asked).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&asked[..length]).into_owned()
        })
    }

    #[test]
    fn a_service_on_all_addresses_is_asked_on_the_loopback_and_its_answer_is_told() {
        for (live, path, status, expected) in [
            (false, "/readyz", "200 OK", Ok(())),
            (true, "/livez", "503 Service Unavailable", Err("a reason")),
        ] {
            let listener = TcpListener::bind("0.0.0.0:0").unwrap();
            let listen = listener.local_addr().unwrap();
            let text = format!("HTTP/1.1 {status}\r\n\r\na reason\n");
            let asked = answer(listener, text);
            let answered = Healthcheck { live }.ask(listen);
            assert_eq!(
                answered.map_err(|error| error.to_string()),
                expected.map_err(str::to_owned)
            );
            let asked = asked.join().unwrap();
            assert!(asked.starts_with(&format!("GET {path} ")), "{asked}");
            assert!(listen.ip().is_unspecified() && asked.contains("host: 127.0.0.1"));
            assert!(Healthcheck { live }.ask(listen).is_err(), "nobody listens");
        }
    }
}
