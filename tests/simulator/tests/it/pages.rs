//! The pages that a person clicks through, as their browser asks for them.

use reqwest::Method;
use serde_json::{Value, json};
use stackone_simulator::{
    AccountId, AccountStatus, AttemptStatus, Fault, FaultRule, NewAccount, Notify, Simulator,
};

use crate::connect::{session, token};
use crate::hub::{attempt, authenticated, call};
use crate::stage::{client, config, start};

async fn shown(url: &str) -> (u16, String) {
    let answer = client().get(url).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Sends a form; gives where the browser is sent to, too.
async fn sent(url: &str, fields: &[(&str, &str)]) -> (u16, String, Option<String>) {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields);
    let request = client()
        .post(url)
        .header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(body.finish()).send().await.unwrap();
    let location = answer.headers().get("location");
    let location = location.map(|value| value.to_str().unwrap().to_owned());
    (
        answer.status().as_u16(),
        answer.text().await.unwrap(),
        location,
    )
}

fn link(session: &Value) -> String {
    session["auth_link_url"].as_str().unwrap().to_owned()
}

/// An attempt of a session, and the popup's address as the Hub makes it.
async fn popup(simulator: &Simulator, token: &str) -> (String, String) {
    let path = attempt(simulator, token).await;
    let id = path.rsplit('/').next().unwrap().to_owned();
    let base = simulator.api_url();
    let url = format!(
        "{base}/connect/oauth2/int-workday?redirect_uri={base}/embedded/accounts/callback&token={token}\
         &connection_attempt_id={id}&client_secret=s3cr"
    );
    (url, id)
}

async fn decided(
    simulator: &Simulator,
    token: &str,
    decision: &str,
) -> (u16, Option<String>, Value) {
    let (url, id) = popup(simulator, token).await;
    let (status, page) = shown(&url).await;
    assert!(
        status == 200 && page.contains("Allow") && page.contains("Deny"),
        "{page}"
    );
    assert!(!page.contains("s3cr"), "{page}");
    let back = format!("{}/embedded/accounts/callback", simulator.api_url());
    let fields = [
        ("token", token),
        ("connection_attempt_id", &id),
        ("redirect_uri", &back),
        ("decision", decision),
    ];
    let (status, _, location) = sent(&url, &fields).await;
    let path = format!("/connection_attempts/{id}");
    let polled = call(simulator, token, Method::GET, &path, &Value::Null).await;
    assert_eq!(sent(&url, &fields).await.0, 409, "it is decided");
    (status, location, polled.1)
}

#[tokio::test]
async fn a_person_links_by_the_form_of_an_auth_link() {
    let simulator = start(config()).await;
    let made = session(&simulator, json!({ "origin_username": "p" })).await;
    let (status, list) = shown(&link(&made)).await;
    assert!(
        status == 200 && list.contains("BambooHR") && list.contains("Workday"),
        "{list}"
    );
    let chosen = format!("{}&integration_id=int-bamboohr", link(&made));
    let (_, form) = shown(&chosen).await;
    assert!(
        form.contains("Subdomain") && form.contains("type=\"password\""),
        "{form}"
    );

    let url = format!("{}/embedded/integrations", simulator.api_url());
    let base = [("token", token(&made)), ("integration_id", "int-bamboohr")];
    let (status, again, _) = sent(&url, &base).await;
    assert!(
        status == 400 && again.contains("Subdomain is required"),
        "{again}"
    );
    assert_eq!(simulator.linked_accounts(), []);
    let whole = [base[0], base[1], ("subdomain", "acme"), ("api_key", "k")];
    let (status, page, _) = sent(&url, &whole).await;
    assert!(
        status == 200 && page.contains("BambooHR is connected"),
        "{page}"
    );
    let account = simulator.linked_accounts().remove(0);
    assert_eq!(
        (&*account.provider, account.origin_username.as_deref()),
        ("bamboohr", Some("p"))
    );
}

#[tokio::test]
async fn a_person_links_by_the_providers_page_of_an_auth_link() {
    let simulator = start(config()).await;
    let made = session(&simulator, json!({ "provider": "workday" })).await;
    let (_, form) = shown(&link(&made)).await;
    assert!(
        form.contains("Connect Workday"),
        "one connector needs no list: {form}"
    );
    let url = format!("{}/embedded/integrations", simulator.api_url());
    let fields = [("token", token(&made)), ("integration_id", "int-workday")];
    let (status, _, location) = sent(&url, &fields).await;
    assert_eq!(status, 303);
    assert!(
        shown(&location.unwrap())
            .await
            .1
            .contains("Sign in to Workday")
    );
}

#[tokio::test]
async fn a_session_that_is_over_or_unknown_opens_nothing() {
    let simulator = start(config()).await;
    let over = session(&simulator, json!({ "expires_in": 0 })).await;
    let (status, page) = shown(&link(&over)).await;
    assert!(status == 401 && page.contains("expired"), "{page}");
    let (popup, _) = popup(&simulator, token(&session(&simulator, json!({})).await)).await;
    let foreign = session(&simulator, json!({})).await;
    let own = popup
        .split("token=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    assert_eq!(shown(&popup.replace(own, "x")).await.0, 401);
    let foreign = popup.replace(own, token(&foreign));
    assert_eq!(shown(&foreign).await.0, 404, "another session's attempt");
}

#[tokio::test]
async fn a_person_who_allows_has_an_account_and_one_who_denies_has_none() {
    let simulator = start(config()).await;
    let made = session(&simulator, json!({})).await;
    let (status, location, denied) = decided(&simulator, token(&made), "deny").await;
    assert_eq!(status, 303);
    assert!(location.unwrap().ends_with("/embedded/accounts/callback"));
    assert_eq!(denied["error"]["code"], "access_denied");
    assert_eq!(simulator.linked_accounts(), []);

    let (_, location, allowed) = decided(&simulator, token(&made), "allow").await;
    assert_eq!(allowed["status"], "authenticated");
    let account = simulator.linked_accounts().remove(0);
    assert_eq!(allowed["account"]["id"], account.id.as_str());
    assert_eq!(shown(&location.unwrap()).await.0, 200);
    let shown = authenticated(&simulator, token(&made)).await;
    assert_eq!(
        shown["latest_connection_attempt"]["account_secure_id"],
        account.id.as_str()
    );
}

#[tokio::test]
async fn a_popup_leads_nowhere_while_a_switch_says_so() {
    let simulator = start(config()).await;
    let silent = Fault::OAuth {
        outcome: AttemptStatus::Pending,
        code: None,
        description: None,
    };
    simulator.faults().set(FaultRule::always(silent)).unwrap();
    let made = session(&simulator, json!({})).await;
    let (_, _, allowed) = decided(&simulator, token(&made), "allow").await;
    assert_eq!(
        allowed,
        json!({ "status": "pending", "account": null, "error": null })
    );
    assert_eq!(simulator.linked_accounts().len(), 1);
}

#[tokio::test]
async fn an_edit_by_the_providers_page_repairs_its_account_and_makes_no_second() {
    let simulator = start(config()).await;
    let new = NewAccount::new("workday", "tenant-1", "Another name");
    let id: AccountId = simulator.link(&new).unwrap();
    let broken = simulator.set_status(&id, AccountStatus::Expired, vec![], Notify::Silent);
    broken.unwrap();
    let made = session(&simulator, json!({ "account_id": id })).await;
    let (_, form) = shown(&link(&made)).await;
    assert!(
        form.contains("Connect Workday"),
        "only its own provider: {form}"
    );
    let (_, _, allowed) = decided(&simulator, token(&made), "allow").await;
    assert_eq!(allowed["account"]["id"], id.as_str());
    assert_eq!(
        simulator.account(&id).unwrap().status,
        AccountStatus::Active
    );
    assert_eq!(simulator.linked_accounts().len(), 1);
}

#[tokio::test]
async fn what_comes_from_outside_is_no_markup() {
    let simulator = start(config()).await;
    let made = session(
        &simulator,
        json!({ "origin_owner_name": "<script>x</script>" }),
    )
    .await;
    let (url, _) = popup(&simulator, token(&made)).await;
    let (_, page) = shown(&format!("{url}&redirect_uri=%22%3E%3Cscript%3E")).await;
    assert!(
        !page.contains("<script>x") && !page.contains("\"><script>"),
        "{page}"
    );
}
