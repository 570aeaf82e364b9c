//! What a visitor is told before the story and after it: where to look, and what to try.

use crate::screen::Screen;
use crate::settings::{PROJECT, WEBHOOK_SECRET};
use crate::stage::Stage;

/// Before the story.
pub(crate) fn before(stage: &Stage, screen: &Screen) {
    screen.text(&format!(
        "ready to accept webhooks after {} ms",
        screen.elapsed_ms()
    ));
    let Stage {
        simulator,
        ingest_admin,
        processor_admin,
        connect_admin,
        ..
    } = stage;
    let (api, control) = (simulator.api_url(), simulator.control_url());
    let broker = stage.broker.bootstrap_servers();
    entry(screen, "webhooks", &stage.webhook_url);
    entry(
        screen,
        "ingest",
        &format!("http://{ingest_admin}/readyz  /metrics"),
    );
    entry(
        screen,
        "processor",
        &format!("http://{processor_admin}/readyz  /metrics"),
    );
    entry(
        screen,
        "connect",
        &format!("http://{connect_admin}/readyz  /metrics"),
    );
    entry(screen, "accounts API", &format!("{api}/accounts"));
    entry(
        screen,
        "simulator control",
        &format!("{control}/control/accounts  /control/deliveries  /control/faults"),
    );
    if stage.broker.is_real() {
        entry(screen, "Kafka", broker);
    } else {
        entry(
            screen,
            "embedded broker",
            &format!("{broker} (its first records take some 4 s, later ones none)"),
        );
    }
    entry(
        screen,
        "topics",
        &stage.topics.lifecycle.replace("account.lifecycle", "…"),
    );
}

fn entry(screen: &Screen, name: &str, value: &str) {
    screen.text(&format!("  {name:<18} {value}"));
}

/// After it, when only gentle traffic goes on.
pub(crate) fn after(stage: &Stage, screen: &Screen) {
    let (control, webhook) = (stage.simulator.control_url(), &stage.webhook_url);
    screen.heading(
        "Gentle traffic from here on; Ctrl-C ends it. Try it yourself, in another terminal:",
    );
    screen
        .text("\n  # The page of a host product: press Connect and link an account, in a browser.");
    screen.text(&format!("  {}", stage.host.url()));
    screen.text("  # A customer links an account, and StackOne tells us.");
    screen.text(&format!(
        "  curl -s {control}/control/accounts -d '{{\"provider\":\"bamboohr\",\"origin_owner_name\":\"You\"}}'"
    ));
    screen.text("  # A signed webhook about an account that does not exist. With --tamper signature it is forged.");
    screen.text(&format!(
        "  STACKONE_SIMULATOR_WEBHOOK_SECRET={WEBHOOK_SECRET} cargo run -q -p stackone-simulator -- \\\n    \
         send account.updated --project-id {PROJECT} --url {webhook}\n"
    ));
}
