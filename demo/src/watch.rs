//! The watchers: each looks at one side of the pipeline, notes what it sees, and puts it on the
//! screen.

mod deliveries;
mod lines;
mod metrics;
mod names;
mod requests;
mod topics;

use std::sync::{Arc, Mutex, PoisonError};

use stackone_link_wire::Topic;
use stackone_simulator::AccountId;
use tokio::task::JoinSet;

use crate::observed::Notebook;
use crate::screen::Screen;
use crate::stage::Stage;

pub(crate) use names::Names;
use topics::TopicWatcher;

/// All watchers at work. They end with this.
pub(crate) struct Watch {
    /// What they have seen.
    pub notebook: Notebook,
    /// Whom it is about.
    pub spotlight: Spotlight,
    tasks: JoinSet<anyhow::Result<()>>,
}

impl Watch {
    /// Begins to watch. To be called on a `LocalSet`.
    pub(crate) fn begin(stage: &Stage, screen: &Screen) -> Self {
        let (notebook, spotlight) = (Notebook::default(), Spotlight::default());
        let names = Names::new(stage.simulator.clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(screen.clone().keep_up());
        tasks.spawn(deliveries::watch(
            stage.simulator.deliveries(),
            names.clone(),
            screen.clone(),
        ));
        tasks.spawn(requests::watch(
            stage.simulator.clone(),
            spotlight.clone(),
            names.clone(),
            screen.clone(),
        ));
        tasks.spawn(metrics::watch(
            stage.processor_admin,
            notebook.clone(),
            spotlight.clone(),
            names.clone(),
            screen.clone(),
        ));
        for topic in Topic::ALL
            .into_iter()
            .filter(|topic| *topic != Topic::State)
        {
            let watcher = TopicWatcher::new(
                topic,
                stage,
                notebook.clone(),
                names.clone(),
                screen.clone(),
            );
            // A reader must stay on its thread.
            tasks.spawn_local(watcher.watch());
        }
        Self {
            notebook,
            spotlight,
            tasks,
        }
    }

    /// Returns when a watcher can watch no longer, and why.
    pub(crate) async fn blinded(&mut self) -> anyhow::Error {
        match self.tasks.join_next().await {
            Some(Ok(Err(error))) => error.context("the demo can no longer watch"),
            Some(Err(error)) => anyhow::Error::new(error).context("a watcher died"),
            Some(Ok(Ok(()))) | None => anyhow::anyhow!("a watcher ended by itself"),
        }
    }
}

/// The one account that something is happening to, where it is one. What is counted and not listed
/// is attributed to it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spotlight(Arc<Mutex<Option<AccountId>>>);

impl Spotlight {
    /// Something happens to this account from now on, or to several.
    pub(crate) fn turn_to(&self, account: Option<AccountId>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = account;
    }

    /// The account.
    fn account(&self) -> Option<AccountId> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The account, as the screen shows it.
    fn label(&self, names: &Names) -> String {
        self.account()
            .map(|id| names.label(id.as_str()))
            .unwrap_or_default()
    }
}
