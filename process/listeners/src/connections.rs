//! Counts the open connections of each peer, so that no peer can have them all.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use prometheus::IntGauge;

/// The network part of an IPv6 address: a host usually has the other 64 bits to itself (RFC 4291,
/// 2.5.4).
const NETWORK: u128 = !0 << 64;

/// The open connections of each peer.
#[derive(Debug)]
pub(crate) struct Connections {
    per_peer: usize,
    /// The gauge of the open connections of all peers.
    all: IntGauge,
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// An open connection; dropping it ends the count.
#[derive(Debug)]
pub(crate) struct OpenConnection {
    connections: Arc<Connections>,
    peer: IpAddr,
}

impl Connections {
    pub(crate) fn new(per_peer: usize, all: IntGauge) -> Arc<Self> {
        Arc::new(Self {
            per_peer,
            all,
            open: Mutex::default(),
        })
    }

    /// Counts one more connection; `None` where the peer has too many.
    pub(crate) fn open(self: &Arc<Self>, address: IpAddr) -> Option<OpenConnection> {
        let peer = peer(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(peer).or_default();
        if *count >= self.per_peer {
            return None;
        }
        *count += 1;
        self.all.inc();
        Some(OpenConnection {
            connections: Arc::clone(self),
            peer,
        })
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.connections.all.dec();
        let open = self.connections.open.lock();
        let mut open = open.unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut count) = open.entry(self.peer) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

fn peer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & NETWORK).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(per_peer: usize) -> Arc<Connections> {
        Connections::new(per_peer, IntGauge::new("open", "All.").unwrap())
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn each_peer_has_its_own_number_of_connections_and_gets_them_back() {
        let connections = connections(2);
        let one = connections.open(address("192.0.2.1"));
        let _two = connections.open(address("::ffff:192.0.2.1")).unwrap();
        assert!(connections.open(address("192.0.2.1")).is_none());
        let other = connections.open(address("192.0.2.2"));
        assert!(other.is_some());
        assert_eq!(connections.all.get(), 3);
        drop((one, other));
        assert!(connections.open(address("192.0.2.1")).is_some());
        assert_eq!(connections.all.get(), 1);
        assert_eq!(connections.open.lock().unwrap().len(), 1, "none is kept");
    }

    #[test]
    fn a_network_of_ipv6_is_one_peer() {
        let connections = connections(1);
        let _one = connections.open(address("2001:db8::1")).unwrap();
        assert!(connections.open(address("2001:db8::ffff:1")).is_none());
        assert!(connections.open(address("2001:db8:0:1::1")).is_some());
    }
}
