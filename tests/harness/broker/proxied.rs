//! A broker behind a proxy that can make it answer as one does that is just starting.

mod metadata;

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use stackone_link_transport::KafkaConfig;
use testcontainers::ImageExt;
use testcontainers::core::IntoContainerPort;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Broker;
use super::container::{KafkaContainer, image, request};
use crate::free_port;
use crate::{Overdue, WITHIN, eventually};
use metadata::{Request, without_brokers};

/// The listener behind the proxy; the broker names the proxy as its address to who comes there.
const BEHIND: u16 = 9097;
/// More than any request or answer of a test.
const LONGEST_FRAME: usize = 64 << 20;

/// Apache Kafka in a container, and a proxy before one of its two listeners.
pub struct ProxiedBroker {
    kafka: KafkaContainer,
    proxy: String,
    answers: Arc<Answers>,
    cut: watch::Sender<()>,
    _serving: JoinSet<()>,
}

/// How the proxy answers who asks for metadata.
#[derive(Default)]
struct Answers {
    hide_brokers: AtomicBool,
    /// The ids of the clients that were told of no broker.
    told: Mutex<HashSet<String>>,
}

impl ProxiedBroker {
    /// Starts both.
    ///
    /// # Errors
    ///
    /// Where they do not start.
    pub async fn start() -> anyhow::Result<Self> {
        let (image, direct, behind) = (image()?, free_port()?, free_port()?);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let proxy = listener.local_addr()?.to_string();
        let inside = format!("CLIENT://0.0.0.0:9092,PROXIED://0.0.0.0:{BEHIND}");
        let outside = format!("CLIENT://127.0.0.1:{direct},PROXIED://{proxy}");
        let own = "BROKER://localhost:9093";
        let request = request(&image, direct)
            .with_mapped_port(behind, BEHIND.tcp())
            .with_env_var(
                "KAFKA_LISTENERS",
                format!("{inside},{own},CONTROLLER://localhost:9094"),
            )
            .with_env_var("KAFKA_ADVERTISED_LISTENERS", format!("{outside},{own}"))
            .with_env_var(
                "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP",
                "CLIENT:PLAINTEXT,PROXIED:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
            );
        let kafka = KafkaContainer::of(request, direct).await;
        let kafka = kafka.with_context(|| format!("image {}:{}", image.0, image.1))?;
        let (answers, cut) = (Arc::new(Answers::default()), watch::Sender::new(()));
        let mut serving = JoinSet::new();
        serving.spawn(serve(
            listener,
            behind,
            Arc::clone(&answers),
            cut.subscribe(),
        ));
        Ok(Self {
            kafka,
            proxy,
            answers,
            cut,
            _serving: serving,
        })
    }

    /// A broker for a [`crate::Pipeline`] whose processor comes through the proxy, and everybody
    /// else does not.
    #[must_use]
    pub fn for_processor(&self) -> Broker {
        let direct = &self.kafka.bootstrap_servers;
        let services = [direct, &self.proxy].map(KafkaConfig::plaintext);
        Broker {
            services: Some(Box::new(services)),
            ..Broker::external(direct.clone())
        }
    }

    /// Cuts every connection, and tells who comes back of topics and of no broker, until each of
    /// `clients`, by their ids, was told so. Then the proxy does nothing any more.
    ///
    /// # Errors
    ///
    /// Where one of them does not ask.
    pub async fn names_no_broker_to(&self, clients: &[&str]) -> Result<(), Overdue> {
        self.answers.hide_brokers.store(true, Ordering::Release);
        self.cut.send_replace(());
        let told = eventually("all were told of no broker", WITHIN, async || {
            let told = self.answers.told();
            let are_told = clients.iter().all(|client| told.contains(*client));
            are_told.then_some(()).ok_or(format!("{told:?} were"))
        });
        let told = told.await;
        self.answers.hide_brokers.store(false, Ordering::Release);
        told
    }
}

impl Answers {
    fn told(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve(listener: TcpListener, to: u16, how: Arc<Answers>, cut: watch::Receiver<()>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let (how, mut cut) = (Arc::clone(&how), cut.clone());
        cut.mark_unchanged();
        connections.spawn(async move {
            tokio::select! {
                // Either side has gone: so does the other.
                _gone = forward(client, to, &how) => {}
                _cut = cut.changed() => {}
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Forwards requests and answers until one side ends.
async fn forward(client: TcpStream, to: u16, how: &Answers) -> io::Result<()> {
    let broker = TcpStream::connect((Ipv4Addr::LOCALHOST, to)).await?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_broker, mut to_broker) = broker.into_split();
    let asked = Mutex::new(HashMap::<i32, Request>::new());
    let asked = || asked.lock().unwrap_or_else(PoisonError::into_inner);
    let requests = async {
        loop {
            let frame = read(&mut from_client).await?;
            if let Some((correlation, request)) = Request::of_metadata(&frame) {
                asked().insert(correlation, request);
            }
            write(&mut to_broker, &frame).await?;
        }
    };
    let answers = async {
        loop {
            let mut frame = read(&mut from_broker).await?;
            let correlation = metadata::correlation(&frame);
            let request = correlation.and_then(|correlation| asked().remove(&correlation));
            if let Some(request) = request
                && how.hide_brokers.load(Ordering::Acquire)
            {
                let hidden = without_brokers(&frame, request.version);
                frame = hidden.ok_or(io::ErrorKind::InvalidData)?;
                how.told().insert(request.client);
            }
            write(&mut to_client, &frame).await?;
        }
    };
    tokio::select! {
        ended = requests => ended,
        ended = answers => ended,
    }
}

async fn read(from: &mut OwnedReadHalf) -> io::Result<Vec<u8>> {
    let length = usize::try_from(from.read_i32().await?).unwrap_or(usize::MAX);
    if length > LONGEST_FRAME {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut frame = vec![0; length];
    from.read_exact(&mut frame).await?;
    Ok(frame)
}

async fn write(to: &mut OwnedWriteHalf, frame: &[u8]) -> io::Result<()> {
    let length = i32::try_from(frame.len()).map_err(io::Error::other)?;
    to.write_all(&[&length.to_be_bytes(), frame].concat()).await
}
