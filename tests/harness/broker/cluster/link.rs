//! A way to a broker that can be cut.

use std::io;
use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Forwards connections. Cut, it is as a network that loses every packet: connections stay open,
/// nothing comes through, and what was on its way comes when the link is mended.
pub(super) struct Link {
    pub(super) address: String,
    is_whole: watch::Sender<bool>,
    _serving: JoinSet<()>,
}

impl Link {
    /// A link to a port of this machine.
    pub(super) async fn to(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?.to_string();
        let is_whole = watch::Sender::new(true);
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, port, is_whole.subscribe()));
        Ok(Self {
            address,
            is_whole,
            _serving: serving,
        })
    }

    pub(super) fn cut(&self) {
        self.is_whole.send_replace(false);
    }

    pub(super) fn mend(&self) {
        self.is_whole.send_replace(true);
    }
}

async fn serve(listener: TcpListener, to: u16, is_whole: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        connections.spawn(forward(client, to, is_whole.clone()));
        while connections.try_join_next().is_some() {}
    }
}

/// Until both sides have ended. Where nobody listens behind the link, the client's connection ends.
async fn forward(client: TcpStream, to: u16, mut is_whole: watch::Receiver<bool>) {
    passes(&mut is_whole).await;
    let Ok(broker) = TcpStream::connect((Ipv4Addr::LOCALHOST, to)).await else {
        return;
    };
    let (from_client, to_client) = client.into_split();
    let (from_broker, to_broker) = broker.into_split();
    let there = pass(from_client, to_broker, is_whole.clone());
    let back = pass(from_broker, to_client, is_whole);
    // An error of one side is the end of both, as in any connection.
    let _ended = tokio::try_join!(there, back);
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut is_whole: watch::Receiver<bool>,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = from.read(&mut buffer).await?;
        passes(&mut is_whole).await;
        match read {
            0 => return to.shutdown().await,
            _more => to.write_all(&buffer[..read]).await?,
        }
    }
}

/// Waits while the link is cut. One that is gone does not pass anything either, and its tasks end
/// with it.
async fn passes(is_whole: &mut watch::Receiver<bool>) {
    let _link_is_gone = is_whole.wait_for(|is_whole| *is_whole).await;
}
