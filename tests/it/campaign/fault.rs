//! What happens to the brokers.

use std::fmt;

use harness::Node;
use tokio::time::Instant;

use super::report::Recovery;
use super::stage::Stage;

/// Something that happens to the brokers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    LeaderKilled,
    BrokerPaused,
    NetworkCut,
    RollingRestart,
    ControllerKilled,
    TwoKilled,
}

impl Fault {
    pub(super) const ALL: [Self; 6] = [
        Self::LeaderKilled,
        Self::BrokerPaused,
        Self::NetworkCut,
        Self::RollingRestart,
        Self::ControllerKilled,
        Self::TwoKilled,
    ];
    /// One that all see and two brokers survive, and one that only ingest sees.
    pub(super) const FEW: [Self; 2] = [Self::LeaderKilled, Self::NetworkCut];

    /// Lets it happen and end. Gives how long it took until the services were at work again: where
    /// two brokers are enough, from its beginning, while it lasts; else from its end.
    pub(super) async fn happens_to(self, stage: &mut Stage<'_>) -> Recovery {
        let cluster = stage.cluster;
        match self {
            Self::LeaderKilled => is_killed(stage.leader().await, stage).await,
            Self::ControllerKilled => is_killed(cluster.controller().await.unwrap(), stage).await,
            Self::BrokerPaused => {
                let leader = stage.leader().await;
                let began = Instant::now();
                leader.broker.pause().await.unwrap();
                let recovery = stage.is_at_work(began).await;
                leader.broker.unpause().await.unwrap();
                recovery
            }
            Self::NetworkCut => {
                let leader = stage.leader().await;
                leader.cut();
                stage.refuses().await;
                leader.mend();
                stage.is_at_work(Instant::now()).await
            }
            Self::RollingRestart => {
                for node in cluster.nodes() {
                    node.broker.restart().await.unwrap();
                    cluster.is_whole().await.unwrap();
                }
                stage.is_at_work(Instant::now()).await
            }
            Self::TwoKilled => {
                let first = stage.leader().await;
                let mut others = cluster.nodes().iter();
                let second = others.find(|node| !std::ptr::eq(*node, first)).unwrap();
                let (one, other) = tokio::join!(first.broker.kill(), second.broker.kill());
                one.and(other).unwrap();
                stage.refuses().await;
                let again = (first.broker.start_again(), second.broker.start_again());
                let (one, other) = tokio::join!(again.0, again.1);
                one.and(other).unwrap();
                stage.is_at_work(Instant::now()).await
            }
        }
    }
}

async fn is_killed(node: &Node, stage: &mut Stage<'_>) -> Recovery {
    let began = Instant::now();
    node.broker.kill().await.unwrap();
    let recovery = stage.is_at_work(began).await;
    node.broker.start_again().await.unwrap();
    recovery
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::LeaderKilled => "leader killed",
            Self::BrokerPaused => "broker paused",
            Self::NetworkCut => "network cut",
            Self::RollingRestart => "rolling restart",
            Self::ControllerKilled => "controller killed",
            Self::TwoKilled => "two killed",
        })
    }
}
