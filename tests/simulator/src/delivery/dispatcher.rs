//! One task takes webhooks in the order of their events, and sends each on as the disturbance has
//! decided.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use crate::delivery::carrier::Carrier;
use crate::delivery::courier::{Dispatch, Webhook, lock};
use crate::delivery::disturbance::{Disturber, Fate};

/// Webhooks held for reordering go out when no other has come for so long.
const REORDER_PATIENCE: Duration = Duration::from_millis(250);

pub(crate) struct Dispatcher {
    disturber: Arc<Mutex<Disturber<Arc<Webhook>>>>,
    tracker: TaskTracker,
    carrier: Carrier,
}

impl Dispatcher {
    pub(crate) fn new(
        disturber: Arc<Mutex<Disturber<Arc<Webhook>>>>,
        tracker: TaskTracker,
        carrier: Carrier,
    ) -> Self {
        Self {
            disturber,
            tracker,
            carrier,
        }
    }

    /// Works until everything stops.
    pub(crate) async fn run(self, mut dispatches: mpsc::UnboundedReceiver<Dispatch>) {
        let stop = self.carrier.stopped();
        let work = async {
            while let Some(fates) = self.next_fates(&mut dispatches).await {
                for fate in fates {
                    self.carry_out(fate).await;
                }
            }
        };
        stop.run_until_cancelled(work).await;
    }

    async fn next_fates(
        &self,
        dispatches: &mut mpsc::UnboundedReceiver<Dispatch>,
    ) -> Option<Vec<Fate<Arc<Webhook>>>> {
        let holds = lock(&self.disturber).holds();
        let next = tokio::select! {
            next = dispatches.recv() => next?,
            () = tokio::time::sleep(REORDER_PATIENCE), if holds => {
                return Some(lock(&self.disturber).release());
            }
        };
        tokio::time::sleep_until(next.not_before.into()).await;
        Some(if next.lost {
            vec![Fate::Lost(next.webhook)]
        } else {
            lock(&self.disturber).take(next.webhook)
        })
    }

    async fn carry_out(&self, fate: Fate<Arc<Webhook>>) {
        let (webhook, wait, extra) = match fate {
            Fate::Lost(webhook) => return self.carrier.lose(&webhook),
            Fate::Sent { item, wait, extra } => (item, wait, extra),
        };
        let copy = self.carrier.count_copy(&webhook, extra);
        // Without a wait the slot is taken here and not by the task, so that first attempts begin
        // in order.
        let slot = if wait.is_zero() {
            self.carrier.slot().await
        } else {
            None
        };
        let carrier = self.carrier.clone();
        self.tracker
            .spawn(async move { carrier.deliver(&webhook, copy, wait, slot).await });
    }
}
