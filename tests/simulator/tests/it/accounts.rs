//! The accounts API without faults.

use std::num::NonZeroU32;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use stackone_simulator::{
    AccountId, AccountStatus, ListSettings, ListShape, NewAccount, Notify, SimulatorConfig,
    StatusReason,
};

use crate::stage::{KEY, client, config, get, get_json, project, start, within_deadline};

fn account(id: &str) -> NewAccount {
    NewAccount {
        id: Some(id.into()),
        ..NewAccount::default()
    }
}

#[tokio::test]
async fn a_linked_account_is_shown_as_it_is_now() {
    let simulator = start(config()).await;
    let id = simulator
        .link(&NewAccount::new("hibob", "tenant-9", "Globex"))
        .unwrap();

    let shown = get_json(&simulator, &format!("/accounts/{id}")).await;
    assert_eq!(shown["id"], id.as_str());
    assert_eq!(shown["provider"], "hibob");
    assert_eq!(shown["status"], "active");
    assert_eq!(shown["origin_owner_id"], "tenant-9");
    assert_eq!(shown["created_at"], shown["updated_at"]);
    assert!(shown.get("credentials").is_none());

    let reasons = vec![StatusReason::new("401", "refused")];
    simulator
        .set_status(&id, AccountStatus::Error, reasons, Notify::Silent)
        .unwrap();
    let degraded = get_json(&simulator, &format!("/accounts/{id}")).await;
    assert_eq!(degraded["status"], "error");
    assert_eq!(degraded["status_reasons"][0]["code"], "401");
    assert!(degraded["updated_at"].as_str() > shown["updated_at"].as_str());

    let v2 = get_json(&simulator, &format!("/v2/accounts/{id}")).await;
    assert_eq!(
        (&v2["connector"], &v2["owner_id"]),
        (&"hibob".into(), &"tenant-9".into())
    );

    simulator.unlink(&id, Notify::Silent).unwrap();
    let gone = get(&simulator, &format!("/accounts/{id}")).await;
    assert_eq!(gone.status(), 404);
    let body: Value = gone.json().await.unwrap();
    assert_eq!(
        (&body["statusCode"], &body["message"]),
        (&404.into(), &"Not Found".into())
    );
    assert!(body["timestamp"].is_string());
}

#[tokio::test]
async fn only_the_key_with_its_colon_and_a_user_agent_is_let_in() {
    let simulator = start(config()).await;
    let url = format!("{}/accounts", simulator.api_url());
    let ask = |authorization: &str| {
        let request = client().get(&url).header("user-agent", "t");
        request.header("authorization", authorization).send()
    };
    // "v1.eu1.test-key" without and with its colon; made with `base64`, not with our code.
    let without_colon = ask("Basic djEuZXUxLnRlc3Qta2V5").await.unwrap();
    assert_eq!(without_colon.status(), 401);
    let body: Value = without_colon.json().await.unwrap();
    assert_eq!(
        (&body["statusCode"], &body["message"]),
        (&401.into(), &"Unauthorized".into())
    );
    assert_eq!(
        ask("Basic djEuZXUxLnRlc3Qta2V5Og==")
            .await
            .unwrap()
            .status(),
        200
    );
    assert_eq!(ask(&format!("Bearer {KEY}")).await.unwrap().status(), 401);

    let nameless = client().get(&url).basic_auth(KEY, Some(""));
    let refused = nameless.send().await.unwrap();
    assert_eq!(refused.status(), 403);
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["message"], "Forbidden resource");
}

#[tokio::test]
async fn another_projects_accounts_do_not_exist() {
    let mut two = config();
    two.projects.push(project("other", "other-key"));
    let simulator = start(two).await;
    let id = simulator
        .link(&NewAccount {
            project_id: Some("other".to_owned()),
            ..NewAccount::default()
        })
        .unwrap();
    let path = format!("/accounts/{id}");
    assert_eq!(get(&simulator, &path).await.status(), 404);
    assert_eq!(
        get_json(&simulator, "/accounts").await,
        Value::Array(vec![])
    );
    let theirs = client()
        .get(format!("{}{path}", simulator.api_url()))
        .header("user-agent", "t")
        .basic_auth("other-key", Some(""));
    assert_eq!(theirs.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_id_with_odd_characters_is_found_by_its_percent_encoding() {
    let simulator = start(config()).await;
    for (id, encoded) in [
        ("a/b", "a%2Fb"),
        ("a b?c#d", "a%20b%3Fc%23d"),
        ("100%25", "100%2525"),
        ("ü+&=", "%C3%BC+%26%3D"),
        ("..%2F..", "..%252F.."),
    ] {
        simulator.link(&account(id)).unwrap();
        let shown = get_json(&simulator, &format!("/accounts/{encoded}")).await;
        assert_eq!(shown["id"], id);
    }
}

#[tokio::test]
async fn a_list_has_pages_filters_and_one_of_two_shapes() {
    let lists = ListSettings {
        shape: ListShape::DataWrapper,
        first_page: 0,
        ..ListSettings::default()
    };
    let simulator = start(SimulatorConfig { lists, ..config() }).await;
    for number in 0..30 {
        simulator.link(&account(&format!("a{number}"))).unwrap();
    }
    let id: AccountId = "a7".into();
    simulator
        .set_status(&id, AccountStatus::Expired, vec![], Notify::Silent)
        .unwrap();

    let first = get_json(&simulator, "/accounts").await;
    assert_eq!(first["data"].as_array().unwrap().len(), 25);
    let last = get_json(&simulator, "/accounts?page=1").await;
    assert_eq!(last["data"].as_array().unwrap().len(), 5);
    let expired = get_json(&simulator, "/accounts?status=expired&status=error").await;
    assert_eq!(expired["data"][0]["id"], "a7");
    let two = get_json(
        &simulator,
        "/accounts?account_ids=a29&account_ids=a3&page_size=2",
    )
    .await;
    assert_eq!(
        (&two["data"][0]["id"], &two["data"][1]["id"]),
        (&"a3".into(), &"a29".into())
    );

    let refused = get(&simulator, "/accounts?updated_since=now").await;
    assert_eq!(refused.status(), 400);
    let body: Value = refused.json().await.unwrap();
    assert!(body["message"].as_str().unwrap().contains("updated_since"));
}

#[tokio::test]
async fn requests_over_the_limit_of_their_key_are_answered_429() {
    let mut limited = config();
    limited.rate_limit = NonZeroU32::new(3).unwrap();
    limited.projects.push(project("other", "other-key"));
    let simulator = start(limited).await;
    for _ in 0..3 {
        assert_eq!(get(&simulator, "/accounts").await.status(), 200);
    }
    let refused = get(&simulator, "/accounts").await;
    assert_eq!(refused.status(), 429);
    let seconds: u64 = refused.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=60).contains(&seconds));
    let other = client()
        .get(format!("{}/accounts", simulator.api_url()))
        .header("user-agent", "t")
        .basic_auth("other-key", Some(""));
    assert_eq!(other.send().await.unwrap().status(), 200);
    let counts = simulator.api_requests();
    let statuses: Vec<_> = counts
        .iter()
        .map(|count| (count.status, count.count))
        .collect();
    assert_eq!(statuses, [(200, 3), (429, 1), (200, 1)]);
}

#[tokio::test]
async fn an_account_may_become_active_only_after_a_while() {
    let simulator = start(config()).await;
    let id = simulator
        .link(&NewAccount {
            activates_after: Some(Duration::from_secs(3)),
            ..NewAccount::default()
        })
        .unwrap();
    // Not by the API: its answer may take longer than the while.
    let first = simulator.account(&id).unwrap();
    assert_eq!(first.status.as_str(), "inactive");
    let path = format!("/accounts/{id}");
    within_deadline(async {
        while get_json(&simulator, &path).await["status"] != "active" {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let later = get_json(&simulator, &path).await;
    let later: Timestamp = later["updated_at"].as_str().unwrap().parse().unwrap();
    assert!(later > first.updated_at);
}

#[tokio::test]
async fn after_a_shutdown_its_addresses_are_free_and_nobody_hangs() {
    let simulator = start(config()).await;
    let address = simulator.api_url().replace("http://", "");
    within_deadline(simulator.shutdown()).await;
    within_deadline(simulator.stopped()).await;
    std::net::TcpListener::bind(address).unwrap();
}
