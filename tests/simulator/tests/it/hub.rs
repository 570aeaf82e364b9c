//! The Hub's calls, as a browser makes them.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use stackone_simulator::{
    AccountId, AccountStatus, AttemptStatus, Fault, FaultRule, NewAccount, Notify, Operation,
    Simulator, StatusReason,
};

use crate::connect::{ask, session, token};
use crate::stage::{client, config, config_for, received, receiver, start, within_deadline};

const PAGE: &str = "https://host.example.com";

fn request(simulator: &Simulator, token: &str, method: Method, path: &str) -> RequestBuilder {
    client()
        .request(method, format!("{}/hub{path}", simulator.api_url()))
        .header("origin", PAGE)
        .header("content-type", "application/json")
        .header("x-hub-session-token", token)
        .header("x-hub-version", "1.11.4")
}

pub(crate) async fn call(
    simulator: &Simulator,
    token: &str,
    method: Method,
    path: &str,
    body: &Value,
) -> (u16, Value) {
    let request = request(simulator, token, method, path).body(body.to_string());
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or(Value::Null))
}

async fn get(simulator: &Simulator, token: &str, path: &str) -> (u16, Value) {
    call(simulator, token, Method::GET, path, &Value::Null).await
}

/// Begins a connection attempt, and gives the path at which it is found.
pub(crate) async fn attempt(simulator: &Simulator, token: &str) -> String {
    let body = json!({ "token": token });
    let begun = call(
        simulator,
        token,
        Method::POST,
        "/connection_attempts",
        &body,
    )
    .await;
    format!("/connection_attempts/{}", begun.1["id"].as_str().unwrap())
}

/// The session as its token shows it.
pub(crate) async fn authenticated(simulator: &Simulator, token: &str) -> Value {
    let body = json!({ "token": token });
    let path = "/connect_sessions/authenticate";
    ask(simulator, Method::POST, path, &body).await.1
}

fn filled() -> Value {
    json!({ "integration_id": "int-bamboohr", "credentials": { "subdomain": "acme", "api_key": "s3cret" } })
}

async fn save(simulator: &Simulator, token: &str) -> (u16, Value) {
    call(simulator, token, Method::POST, "/accounts", &filled()).await
}

fn allows(answer: &Response) -> bool {
    answer.headers()["access-control-allow-origin"] == PAGE
}

#[tokio::test]
async fn a_tenant_links_by_the_form_and_nothing_secret_is_kept() {
    let receiver = receiver(&[]).await;
    let simulator = start(config_for(&receiver)).await;
    let made = session(&simulator, json!({ "categories": ["hris"], "label": "L" })).await;
    let token = token(&made);
    assert_eq!(
        get(&simulator, token, "/settings").await.1,
        json!({ "enabled_features": [] })
    );
    let (_, list) = get(&simulator, token, "/connectors").await;
    let rows = list["integrations"].as_array().unwrap();
    let of_category = |row: &Value| row["type"] == "hris" && row["active"] == true;
    assert!(rows.len() > 1 && rows.iter().all(of_category), "{rows:?}");
    let (_, connector) = get(&simulator, token, "/connectors/int-bamboohr").await;
    assert_eq!(connector["config"]["configFields"][1]["type"], "password");

    let (status, saved) = save(&simulator, token).await;
    assert_eq!((status, &saved["provider"]), (201, &"bamboohr".into()));
    let id = AccountId::from(saved["id"].as_str().unwrap());
    let account = simulator.account(&id).unwrap();
    assert_eq!(account.label.as_deref(), Some("L"));
    assert_eq!(
        (&*account.origin_owner_id, &account.status),
        ("tenant-1", &AccountStatus::Active)
    );
    assert_eq!(
        json!(account.setup_information),
        json!({ "subdomain": "acme" })
    );
    let webhooks = received(&simulator, &receiver).await;
    let body = String::from_utf8(webhooks[0].body.clone()).unwrap();
    assert!(
        body.contains("account.created") && !body.contains("s3cret"),
        "{body}"
    );
}

#[tokio::test]
async fn any_page_may_ask_and_read_errors_and_a_backends_calls_are_for_no_page() {
    let simulator = start(config()).await;
    let preflight = request(&simulator, "", Method::OPTIONS, "/accounts/acc-1")
        .header("access-control-request-method", "PATCH");
    let answer = preflight.send().await.unwrap();
    assert!(answer.status().is_success() && allows(&answer));
    let allowed = answer.headers()["access-control-allow-headers"]
        .to_str()
        .unwrap();
    assert_eq!(allowed, "content-type, x-hub-session-token, x-hub-version");
    assert!(
        answer.headers()["access-control-allow-methods"]
            .to_str()
            .unwrap()
            .contains("PATCH")
    );
    let refused = request(&simulator, "expired", Method::GET, "/connectors");
    let refused = refused.send().await.unwrap();
    assert!(refused.status() == 401 && allows(&refused));
    let url = format!("{}/connect_sessions", simulator.api_url());
    let of_backend = client()
        .post(url)
        .header("origin", PAGE)
        .send()
        .await
        .unwrap();
    assert!(
        !of_backend
            .headers()
            .contains_key("access-control-allow-origin")
    );
}

#[tokio::test]
async fn a_create_becomes_an_edit_where_owner_and_provider_are_there_unless_it_is_for_several() {
    let simulator = start(config()).await;
    let first = session(&simulator, json!({})).await;
    let (_, linked) = save(&simulator, token(&first)).await;
    let again = session(&simulator, json!({ "label": "another" })).await;
    assert_eq!(save(&simulator, token(&again)).await.1["id"], linked["id"]);
    let several = session(&simulator, json!({ "multiple": true })).await;
    let second = save(&simulator, token(&several)).await.1;
    assert_ne!(second["id"], linked["id"]);
    let renamed = session(&simulator, json!({ "origin_owner_name": "Acme Ltd" })).await;
    assert_ne!(
        save(&simulator, token(&renamed)).await.1["id"],
        linked["id"]
    );
    let before = simulator.linked_accounts().len();
    simulator
        .faults()
        .set(FaultRule::always(Fault::CreateAsEdit))
        .unwrap();
    assert_eq!(
        save(&simulator, token(&several)).await.1["id"],
        linked["id"]
    );
    assert_eq!(simulator.linked_accounts().len(), before);
}

#[tokio::test]
async fn an_edit_makes_a_broken_account_active_and_sees_only_the_tenants() {
    let receiver = receiver(&[]).await;
    let simulator = start(config_for(&receiver)).await;
    let quiet = |tenant: &str| NewAccount {
        notify: Notify::Silent,
        ..NewAccount::new("bamboohr", tenant, "Acme")
    };
    let id = simulator.link(&quiet("tenant-1")).unwrap();
    let foreign = simulator.link(&quiet("tenant-2")).unwrap();
    let reasons = vec![StatusReason::new("401", "refused")];
    simulator
        .set_status(&id, AccountStatus::Error, reasons, Notify::Silent)
        .unwrap();

    let made = session(&simulator, json!({ "account_id": id })).await;
    let token = token(&made);
    assert_eq!(
        get(&simulator, token, "/settings").await.1["existing_account_id"],
        json!(id)
    );
    let (_, form) = get(&simulator, token, &format!("/accounts/{id}")).await;
    assert_eq!(
        (&form["secureId"], &form["integrationId"]),
        (&json!(id), &"int-bamboohr".into())
    );
    let body = json!({ "integration_id": "int-bamboohr", "credentials": {} });
    let update = async |id: &AccountId| {
        call(
            &simulator,
            token,
            Method::PATCH,
            &format!("/accounts/{id}"),
            &body,
        )
        .await
        .0
    };
    assert_eq!((update(&id).await, update(&foreign).await), (204, 404));
    assert_eq!(
        get(&simulator, token, &format!("/accounts/{foreign}"))
            .await
            .0,
        404
    );
    let account = simulator.account(&id).unwrap();
    assert_eq!(
        (account.status, account.status_reasons.len()),
        (AccountStatus::Active, 0)
    );
    let webhooks = received(&simulator, &receiver).await;
    let body: Value = serde_json::from_slice(&webhooks[0].body).unwrap();
    assert_eq!(
        (webhooks.len(), &body["event"]),
        (1, &"account.updated".into())
    );
}

#[tokio::test]
async fn an_incomplete_form_is_told_in_words_and_links_nothing() {
    let simulator = start(config()).await;
    let made = session(&simulator, json!({})).await;
    for (body, words) in [
        (
            json!({ "integration_id": "int-hibob", "credentials": {} }),
            "API key is required",
        ),
        (json!({ "integration_id": "int-x" }), "no integration"),
        (json!({}), "integration_id"),
    ] {
        let (status, error) =
            call(&simulator, token(&made), Method::POST, "/accounts", &body).await;
        let message = error["message"].as_str().unwrap();
        assert!(
            status == 400 && message.contains(words),
            "{status} {message}"
        );
    }
    assert_eq!(simulator.linked_accounts(), []);
}

#[tokio::test]
async fn a_save_that_is_refused_changes_nothing_and_one_whose_answer_is_lost_does() {
    let simulator = start(config()).await;
    let made = session(&simulator, json!({ "multiple": true })).await;
    let refused = FaultRule::next(1, Fault::status(401)).for_operation(Operation::HubSave);
    simulator.faults().set(refused).unwrap();
    let lost = FaultRule::next(1, Fault::Drop).for_operation(Operation::HubSave);
    simulator.faults().set(lost).unwrap();
    assert_eq!(save(&simulator, token(&made)).await.0, 401);
    assert_eq!(simulator.linked_accounts(), []);
    let request = request(&simulator, token(&made), Method::POST, "/accounts");
    assert!(request.body(filled().to_string()).send().await.is_err());
    assert_eq!(simulator.linked_accounts().len(), 1);
}

#[tokio::test]
async fn one_rule_is_for_every_call_of_the_hub_and_for_nothing_else() {
    let simulator = start(config()).await;
    let made = session(&simulator, json!({})).await;
    let token = token(&made);
    let rejected = FaultRule::always(Fault::status(401)).for_operation(Operation::Hub);
    let rejected = simulator.faults().set(rejected).unwrap();
    for path in [
        "/settings",
        "/connectors",
        "/connectors/int-hibob",
        "/accounts/x",
    ] {
        assert_eq!(get(&simulator, token, path).await.0, 401, "{path}");
    }
    assert_eq!(save(&simulator, token).await.0, 401);
    assert_eq!(
        ask(&simulator, Method::GET, "/accounts", &Value::Null)
            .await
            .0,
        200
    );
    simulator.faults().clear(rejected);
    assert_eq!(save(&simulator, token).await.0, 201);
}

#[tokio::test]
async fn a_call_of_the_hub_that_never_returns_is_answered_when_it_is_let_go() {
    let simulator = start(config()).await;
    let made = session(&simulator, json!({})).await;
    let hangs = FaultRule::always(Fault::Hang).for_operation(Operation::HubSettings);
    let hangs = simulator.faults().set(hangs).unwrap();
    let call = get(&simulator, token(&made), "/settings");
    tokio::pin!(call);
    let early = tokio::time::timeout(Duration::from_millis(50), &mut call).await;
    assert!(early.is_err());
    simulator.faults().clear(hangs);
    assert_eq!(within_deadline(call).await.0, 200);
}

#[tokio::test]
async fn an_attempt_comes_to_what_a_switch_says_and_the_backend_sees_it() {
    let simulator = start(config()).await;
    for (outcome, status) in [
        (AttemptStatus::Error, "error"),
        (AttemptStatus::Cancelled, "cancelled"),
        (AttemptStatus::Expired, "expired"),
    ] {
        let made = session(&simulator, json!({})).await;
        let token = token(&made);
        let path = attempt(&simulator, token).await;
        let (_, pending) = get(&simulator, token, &path).await;
        assert_eq!(
            pending,
            json!({ "status": "pending", "account": null, "error": null })
        );
        let fault = Fault::OAuth {
            outcome,
            code: Some("temporarily_unavailable".to_owned()),
            description: None,
        };
        simulator.faults().set(FaultRule::next(1, fault)).unwrap();
        let (_, decided) = get(&simulator, token, &path).await;
        assert_eq!(decided["status"], status);
        let is_error = outcome == AttemptStatus::Error;
        assert_eq!(
            decided["error"]["code"] == "temporarily_unavailable",
            is_error
        );
        let shown = authenticated(&simulator, token).await;
        assert_eq!(shown["latest_connection_attempt"]["status"], status);
    }
}

#[tokio::test]
async fn an_attempt_that_the_hub_cancels_is_cancelled() {
    let simulator = start(config()).await;
    let made = session(&simulator, json!({})).await;
    let token = token(&made);
    let path = attempt(&simulator, token).await;
    assert_eq!(
        call(&simulator, token, Method::DELETE, &path, &Value::Null)
            .await
            .0,
        204
    );
    assert_eq!(get(&simulator, token, &path).await.1["status"], "cancelled");
    let other = session(&simulator, json!({})).await;
    assert_eq!(
        get(&simulator, crate::connect::token(&other), &path)
            .await
            .0,
        404
    );
}
