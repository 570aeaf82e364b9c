//! The control endpoints, as a shell uses them.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use stackone_simulator::Simulator;

use crate::stage::{client, config, config_for, get, received, receiver, start};

async fn call(
    simulator: &Simulator,
    method: Method,
    path: &str,
    body: &str,
) -> (StatusCode, Value) {
    let url = format!("{}{path}", simulator.control_url());
    let answer = client()
        .request(method, url)
        .body(body.to_owned())
        .send()
        .await
        .unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

async fn post(simulator: &Simulator, path: &str, body: &str) -> (StatusCode, Value) {
    call(simulator, Method::POST, path, body).await
}

#[tokio::test]
async fn an_account_lives_and_dies_by_control() {
    let receiver = receiver(&[]).await;
    let simulator = start(config_for(&receiver)).await;
    let (status, account) = post(
        &simulator,
        "/control/accounts",
        r#"{"provider":"hibob","origin_owner_id":"t","activates_after_ms":60000,"notify":"lose"}"#,
    )
    .await;
    assert_eq!(status, 201);
    assert_eq!(
        (&account["provider"], &account["status"]),
        (&"hibob".into(), &"inactive".into())
    );
    let path = format!("/control/accounts/{}", account["id"].as_str().unwrap());

    let change = r#"{"status":"error","reasons":[{"code":"401"}]}"#;
    let (_, degraded) = post(&simulator, &format!("{path}/status"), change).await;
    assert_eq!(degraded["status_reasons"][0]["code"], "401");
    assert_eq!(
        post(&simulator, &format!("{path}/refresh"), "").await.0,
        200
    );
    let (_, labelled) = post(
        &simulator,
        &format!("{path}/label"),
        r#"{"label":"HR","notify":"silent"}"#,
    )
    .await;
    assert_eq!(labelled["label"], "HR");
    let (_, all) = call(&simulator, Method::GET, "/control/accounts", "").await;
    assert_eq!(all.as_array().unwrap().len(), 1);
    let (_, unlinked) = post(
        &simulator,
        &format!("{path}/unlink"),
        r#"{"notify":"silent"}"#,
    )
    .await;
    assert_eq!(unlinked["unlinked"], true);
    assert_eq!(post(&simulator, &format!("{path}/unlink"), "").await.0, 404);

    assert_eq!(received(&simulator, &receiver).await.len(), 2);
    let (_, deliveries) = call(&simulator, Method::GET, "/control/deliveries?limit=2", "").await;
    assert_eq!(deliveries["counts"]["lost"], 1);
    assert_eq!(deliveries["newest"][0]["outcome"], "delivered");
    assert_eq!(deliveries["newest"].as_array().unwrap().len(), 2);
    let again = format!(
        "/control/deliveries/{}/again",
        deliveries["newest"][0]["webhook"]
    );
    assert_eq!(post(&simulator, &again, "").await.0, 202);
    assert_eq!(received(&simulator, &receiver).await.len(), 3);
}

#[tokio::test]
async fn faults_are_switched_on_and_off_by_control() {
    let simulator = start(config()).await;
    let rules = r#"[{"kind":"status","status":503,"retry_after":{"seconds":2}},{"kind":"latency","ms":1,"operation":"get"}]"#;
    let (status, listed) = call(&simulator, Method::PUT, "/control/faults", rules).await;
    assert_eq!(status, 200);
    assert_eq!(
        (&listed[0]["id"], &listed[0]["status"]),
        (&1.into(), &503.into())
    );
    assert_eq!(
        get(&simulator, "/accounts").await.headers()["retry-after"],
        "2"
    );

    let (_, requests) = call(&simulator, Method::GET, "/control/requests", "").await;
    let expected = json!([{"project_id": "acme", "operation": "list", "status": 503, "count": 1}]);
    assert_eq!(requests, expected);
    let (_, added) = post(
        &simulator,
        "/control/faults",
        r#"{"kind":"html","remaining":1}"#,
    )
    .await;
    assert_eq!(added["id"], 3);
    let delete = |path: &'static str| call(&simulator, Method::DELETE, path, "");
    assert_eq!(delete("/control/faults/1").await.0, 204);
    assert_eq!(delete("/control/faults/1").await.0, 404);
    assert_eq!(delete("/control/faults").await.0, 204);
    assert_eq!(
        call(&simulator, Method::GET, "/control/faults", "").await.1,
        json!([])
    );
    assert_eq!(get(&simulator, "/accounts").await.status(), 200);
}

#[tokio::test]
async fn webhooks_are_sent_and_disturbed_by_control() {
    let receiver = receiver(&[]).await;
    let simulator = start(config_for(&receiver)).await;
    let two = r#"{"copies":2}"#;
    let (_, disturbance) = call(&simulator, Method::PUT, "/control/disturbance", two).await;
    assert_eq!(
        (&disturbance["copies"], &disturbance["lose_next"]),
        (&2.into(), &0.into())
    );
    let webhook = r#"{"event":"account.updated","account_id":"x","tamper":"encoding"}"#;
    assert_eq!(
        post(&simulator, "/control/webhooks", webhook).await,
        (StatusCode::ACCEPTED, json!({"webhook": 1}))
    );
    let webhooks = received(&simulator, &receiver).await;
    assert_eq!(webhooks.len(), 2);
    assert_eq!(webhooks[0].headers["x-stackone-signature"].len(), 64);
}

#[tokio::test]
async fn a_mistake_is_answered_with_what_is_wrong() {
    let simulator = start(config()).await;
    let put_account = r#"{"id":"a"}"#;
    assert_eq!(
        post(&simulator, "/control/accounts", put_account).await.0,
        201
    );
    for (path, body, status, word) in [
        ("/control/accounts", put_account, 409, "linked already"),
        ("/control/accounts", r#"{"project_id":"nope"}"#, 400, "nope"),
        ("/control/accounts", r#"{"colour":"red"}"#, 400, "colour"),
        ("/control/accounts", "{", 400, "EOF"),
        ("/control/accounts/b/refresh", "", 404, "b"),
        (
            "/control/faults",
            r#"{"kind":"status","status":200}"#,
            400,
            "400 to 599",
        ),
        ("/control/faults", r#"{"kind":"plague"}"#, 400, "plague"),
        ("/control/nothing", "", 404, "/control/nothing"),
    ] {
        let (answered, answer) = post(&simulator, path, body).await;
        let error = answer["error"].as_str().unwrap_or_default();
        assert_eq!(answered, status, "{path} {body} {error}");
        assert!(error.contains(word), "{path} {body}: {error}");
    }
    let half = r#"{"lose_probability":1.5}"#;
    assert_eq!(
        call(&simulator, Method::PUT, "/control/disturbance", half)
            .await
            .0,
        400
    );
    assert_eq!(
        call(&simulator, Method::GET, "/livez", "").await.1["status"],
        "ok"
    );
}
