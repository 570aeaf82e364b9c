//! Watches what StackOne's webhooks are answered.

use anyhow::Context as _;
use stackone_simulator::{Delivery, DeliveryOutcome};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::Names;
use crate::screen::{Line, Screen, Tone, Who};

pub(super) async fn watch(
    mut deliveries: Receiver<Delivery>,
    names: Names,
    screen: Screen,
) -> anyhow::Result<()> {
    loop {
        match deliveries.recv().await {
            Ok(delivery) => screen.line(line(&delivery, &names)),
            Err(RecvError::Lagged(missed)) => {
                screen.note(&format!("{missed} deliveries were too fast to be shown"))
            }
            Err(closed @ RecvError::Closed) => return Err(closed).context("deliveries"),
        }
    }
}

fn line(delivery: &Delivery, names: &Names) -> Line {
    let took = delivery.elapsed.as_millis();
    let (tone, answer) = match &delivery.outcome {
        DeliveryOutcome::Delivered => (Tone::Good, format!("200 in {took} ms")),
        DeliveryOutcome::Refused { status } => (Tone::Bad, format!("{status} in {took} ms")),
        DeliveryOutcome::Unanswered { error } => (Tone::Bad, format!("no answer: {error}")),
        DeliveryOutcome::Lost => (Tone::Bad, "lost on the way".to_owned()),
    };
    let remark = match (delivery.tampered, delivery.retry_in) {
        (true, _) => ", nothing is stored".to_owned(),
        (false, Some(wait)) => format!(", again in {} ms", wait.as_millis()),
        (false, None) if delivery.copy > 1 => ", delivered again".to_owned(),
        (false, None) => String::new(),
    };
    let event = match delivery.event.as_str() {
        "" => "(not JSON)",
        event => event,
    };
    Line {
        who: if delivery.tampered {
            Who::Stranger
        } else {
            Who::StackOne
        },
        what: format!("POST {event}"),
        account: delivery
            .account_id
            .as_ref()
            .map(|id| names.label(id.as_str()))
            .unwrap_or_default(),
        verdict: format!("{answer}{remark}"),
        tone,
    }
}
