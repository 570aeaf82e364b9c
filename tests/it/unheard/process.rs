//! A service whose standard error nobody reads: what it serves is found by looking at its sockets.

use std::io::PipeReader;

use harness::{WITHIN, eventually};
use tokio::process::{Child, Command};

use super::reader::Reader;

/// A running service; killed when dropped.
pub(super) struct Unheard {
    child: Child,
    _unread: Option<PipeReader>,
}

impl Unheard {
    pub(super) fn start(mut command: Command, reader: Reader) -> Self {
        let (stderr, unread) = reader.output();
        let child = command.stderr(stderr).kill_on_drop(true).spawn().unwrap();
        Self {
            child,
            _unread: unread,
        }
    }

    /// The public listener of ingest and that of its operators, which alone says whether it is
    /// alive.
    pub(super) async fn listeners(&self) -> (String, String) {
        let listeners = self.wait_for_listeners(2).await;
        let mut is_alive = Vec::new();
        for listener in &listeners {
            let answer = reqwest::get(format!("{listener}/livez")).await.unwrap();
            is_alive.push(answer.status().is_success());
        }
        let [first, second]: [String; 2] = listeners.try_into().unwrap();
        assert_ne!(is_alive[0], is_alive[1], "one of them is the operators'");
        if is_alive[0] {
            (second, first)
        } else {
            (first, second)
        }
    }

    /// The operators' listener of a processor.
    pub(super) async fn only_listener(&self) -> String {
        self.wait_for_listeners(1).await.remove(0)
    }

    async fn wait_for_listeners(&self, count: usize) -> Vec<String> {
        let process = self.child.id().unwrap();
        let listening = eventually("it listens", WITHIN, async || {
            let ports = listening_ports(process);
            (ports.len() == count)
                .then_some(ports)
                .ok_or("not on all of its ports")
        });
        let address = |port| format!("http://127.0.0.1:{port}");
        listening.await.unwrap().into_iter().map(address).collect()
    }

    /// SIGTERM, and the exit code.
    pub(super) async fn terminated(mut self) -> Option<i32> {
        let process = self.child.id().unwrap().to_string();
        let sent = Command::new("kill").args(["-TERM", &process]).status();
        assert!(sent.await.unwrap().success());
        let ended = tokio::time::timeout(WITHIN, self.child.wait()).await;
        ended.unwrap().unwrap().code()
    }
}

/// The ports that a process listens on, by Linux's account; none where it has ended.
fn listening_ports(process: u32) -> Vec<u16> {
    let descriptors = std::fs::read_dir(format!("/proc/{process}/fd"));
    let links = descriptors.into_iter().flatten().flatten();
    let opened = links.filter_map(|link| std::fs::read_link(link.path()).ok());
    let opened: Vec<String> = opened.map(|path| path.display().to_string()).collect();
    let table = std::fs::read_to_string(format!("/proc/{process}/net/tcp")).unwrap_or_default();
    let listening = table.lines().filter_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        // Of the form `1: 0100007F:1F90 00000000:0000 0A … … … … … INODE`; 0A is a listener.
        let (address, state, inode) = (columns.get(1)?, columns.get(3)?, columns.get(9)?);
        let is_ours = *state == "0A" && opened.contains(&format!("socket:[{inode}]"));
        let (_, port) = address.split_once(':').filter(|_| is_ours)?;
        u16::from_str_radix(port, 16).ok()
    });
    listening.collect()
}
