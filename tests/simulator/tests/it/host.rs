//! The host product: its page, and what its backend asks connect for.

use serde_json::{Value, json};
use stackone_simulator::{HostConfig, HostProduct};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::stage::client;

const TOKEN: &str = "a-service-token-of-the-tests-do-not-use";

fn start(connect_url: &str) -> HostProduct {
    HostProduct::start(HostConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        connect_url: connect_url.parse().unwrap(),
        service_token: TOKEN.into(),
    })
    .unwrap()
}

#[tokio::test]
async fn a_press_of_the_button_has_the_backend_make_a_session_of_its_own_customer() {
    let connect = MockServer::start().await;
    let made = json!({ "id": "s-1", "client_token": "t" });
    Mock::given(method("POST"))
        .and(path("/v1/link-sessions"))
        .and(header("authorization", format!("Bearer {TOKEN}")))
        .respond_with(ResponseTemplate::new(201).set_body_json(&made))
        .mount(&connect)
        .await;
    let host = start(&connect.uri());

    let page = client().get(host.url()).send().await.unwrap();
    let page = page.text().await.unwrap();
    let script = format!("{}/connect.js", connect.uri());
    assert!(page.contains(&script) && !page.contains(TOKEN), "{page}");

    let url = format!("{}/link-session", host.url());
    let asked = client().post(url).body(r#"{"tenant":{"id":"another"}}"#);
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 201);
    assert_eq!(answer.json::<Value>().await.unwrap(), made);
    let requests = connect.received_requests().await.unwrap();
    let body: Value = requests[0].body_json().unwrap();
    assert_eq!(body["tenant"]["id"], "customer-1");
    host.shutdown().await;
}

#[tokio::test]
async fn a_connect_that_is_down_is_said() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let host = start(&url);
    let asked = client().post(format!("{}/link-session", host.url()));
    assert_eq!(asked.send().await.unwrap().status().as_u16(), 502);
    host.shutdown().await;
}
