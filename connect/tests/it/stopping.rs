//! Stopping.

use std::time::Duration;

use serde_json::json;

use crate::broker::Broker;
use crate::eventually::eventually;
use crate::service::{Service, text};
use crate::stackone::stackone;
use crate::streams::Events;

#[tokio::test]
async fn connect_stops_by_being_not_ready_then_ending_its_streams_then_itself() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready_with(&broker, &stackone, |settings| {
        settings.shutdown.drain_delay = Duration::from_secs(10);
    })
    .await;
    let made = service.create(json!({})).await;
    let mut events = Events::open(&service, &made, text(&made, "client_token"), "").await;
    assert!(events.next().await.is_some());
    service.stop.cancel();
    eventually("not ready", async || {
        (service.admin("/readyz").await.status() == 503).then_some(())
    })
    .await;
    assert_eq!(
        service.session(&made).await["state"],
        "created",
        "still accepting"
    );
    // A page whose stream has ended may come back before traffic goes elsewhere.
    let mut again = Events::open(&service, &made, text(&made, "client_token"), "").await;
    assert!(again.next().await.is_some());
    assert_eq!(again.next().await, None);
    assert_eq!(events.next().await, None);
    service.stopped().await.unwrap();
}
