//! What a host product's backend and its page ask of a running connect.

pub(crate) mod replica;
mod replicas;

use std::net::SocketAddr;

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

/// The service token of the host product's backend.
pub(crate) const SERVICE_TOKEN: &str = "a-service-token-of-the-tests-do-not-use";
/// The same for all replicas: each verifies what another one has issued.
pub(crate) const TOKEN_KEY: &str = "a-key-of-client-tokens-of-the-tests";

/// A replica, by where it listens for them.
pub(crate) struct Calls {
    client: Client,
    public: String,
}

/// A session as its page has it.
pub(crate) struct Page {
    id: String,
    client_token: String,
}

impl Calls {
    /// Of the replica that listens there.
    pub(crate) fn new(public: SocketAddr) -> Self {
        Self {
            client: Client::builder().no_proxy().build().unwrap(),
            public: format!("http://{public}"),
        }
    }

    fn ask(&self, method: Method, path: &str, bearer: &str) -> RequestBuilder {
        let url = format!("{}/v1/{path}", self.public);
        self.client.request(method, url).bearer_auth(bearer)
    }

    /// The backend asks for a session of a tenant; the status, and what is said.
    pub(crate) async fn asked_for(&self, tenant: &str, key: Option<&str>) -> (StatusCode, Value) {
        let new = json!({
            "tenant": { "id": tenant, "name": "Acme" }, "channel": "hub", "provider": "hibob",
        });
        let asked = self
            .ask(Method::POST, "link-sessions", SERVICE_TOKEN)
            .json(&new);
        let asked = match key {
            Some(key) => asked.header("idempotency-key", key),
            None => asked,
        };
        let answer = asked.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// A session for which StackOne was asked for a token.
    pub(crate) async fn page(&self, tenant: &str) -> Page {
        let (status, made) = self.asked_for(tenant, None).await;
        assert_eq!(status, 201, "{made}");
        let page = Page::of(&made);
        assert_eq!(self.call(&page, "token", &json!({})).await, 200);
        page
    }

    /// The page calls one of its session's routes.
    pub(crate) async fn call(&self, page: &Page, route: &str, body: &Value) -> StatusCode {
        let path = format!("link-sessions/{}/{route}", page.id);
        let asked = self.ask(Method::POST, &path, &page.client_token).json(body);
        asked.send().await.unwrap().status()
    }

    /// Where the session stands.
    pub(crate) async fn state(&self, page: &Page) -> String {
        let path = format!("link-sessions/{}", page.id);
        let answer = self
            .ask(Method::GET, &path, &page.client_token)
            .send()
            .await;
        let session: Value = answer
            .unwrap()
            .error_for_status()
            .unwrap()
            .json()
            .await
            .unwrap();
        session["state"].as_str().unwrap().to_owned()
    }

    /// How an account of a tenant is; nothing where it is none.
    pub(crate) async fn health(&self, tenant: &str, account: &str) -> Option<String> {
        let path = format!("accounts/{account}?tenant={tenant}");
        let answer = self
            .ask(Method::GET, &path, SERVICE_TOKEN)
            .send()
            .await
            .unwrap();
        let account: Value = answer.json().await.unwrap();
        account["health"].as_str().map(str::to_owned)
    }
}

impl Page {
    pub(crate) fn of(made: &Value) -> Self {
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        Self {
            id: text("id"),
            client_token: text("client_token"),
        }
    }
}
