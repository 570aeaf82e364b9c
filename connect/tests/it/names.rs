//! Names that a page could take for something else than text.

use reqwest::Method;
use serde_json::{Value, json};

use crate::broker::Broker;
use crate::eventually::eventually;
use crate::service::{SERVICE_TOKEN, Service};
use crate::stackone::{asked, stackone};

const MARKUP: &str = "<img src=x onerror=alert(1)> \"Büro\" & \u{1f3ed}";

#[tokio::test]
async fn markup_is_text_from_the_request_to_stackone_and_back() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    let tenant = json!({"id": "<t1>", "name": MARKUP, "user_name": MARKUP});
    let made = service
        .create(json!({"tenant": tenant, "label": MARKUP}))
        .await;
    assert_eq!(service.call(&made, "/token", &json!({})).await, 200);
    let sent = asked(&stackone).await.remove(0);
    for member in ["origin_owner_name", "origin_username", "label"] {
        assert_eq!(sent[member], MARKUP, "{member}");
    }
    let about = json!({
        "provider": "bamboohr", "provider_name": MARKUP, "origin_owner_id": "<t1>", "label": MARKUP,
    });
    let state = json!({"state": "active", "status": "active", "account": about});
    broker.confirms_with("new", 1, state).await;
    service.becomes(&made, "verified").await;
    let listed = "/v1/accounts/new?tenant=%3Ct1%3E";
    let account = service.get(listed, SERVICE_TOKEN).await;
    let headers = account.headers();
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    let account: Value = account.json();
    for member in ["provider_name", "label"] {
        assert_eq!(account[member], MARKUP, "{member}");
    }
}

#[tokio::test]
async fn what_turns_or_hides_text_is_refused_in_each_name_and_half_an_emoji_too() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    for hidden in [
        "\u{202e}", "\u{2066}", "\u{200f}", "\u{200b}", "\u{feff}", "\u{7}", "\n",
    ] {
        for member in ["id", "name", "user_name"] {
            let mut tenant = json!({"id": "t1", "name": "Acme"});
            tenant[member] = json!(format!("Ac{hidden}me"));
            let refused = service.try_create(json!({"tenant": tenant}), None).await;
            assert_eq!(refused.status(), 422, "{member}: {hidden:?}");
        }
    }
    for member in ["id", "name", "user_name"] {
        let mut tenant = json!({"id": "t1", "name": "Acme"});
        tenant[member] = json!("HALF");
        let body = json!({"channel": "hub", "tenant": tenant}).to_string();
        let request = service.request(Method::POST, "/v1/link-sessions", SERVICE_TOKEN);
        let request = request.header("content-type", "application/json");
        let request = request.body(body.replace("HALF", "\\ud83d"));
        assert_eq!(service.send(request).await.status(), 400, "{member}");
    }
}

#[tokio::test]
async fn a_name_of_stackone_s_that_turns_text_is_handed_on_as_it_is() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    let label = "invoice\u{202e}fdp.exe";
    let about = json!({"provider": "bamboohr", "origin_owner_id": "t1", "label": label});
    let state = json!({"state": "active", "status": "active", "account": about});
    broker.confirms_with("odd", 1, state).await;
    let account = eventually("known", async || {
        let account = service
            .get("/v1/accounts/odd?tenant=t1", SERVICE_TOKEN)
            .await;
        (account.status() == 200).then(|| account.json())
    });
    // None of our pages shows it; whoever does has the text that StackOne has.
    assert_eq!(account.await["label"], label);
}
