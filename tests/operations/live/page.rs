//! What a host product and its page ask connect for.

use reqwest::{Client, Error, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use stackone_simulator::{AccountId, NewAccount};

use super::settings::SERVICE_TOKEN;
use super::stage::Stage;

/// A link session that a page has.
pub(super) struct Page {
    client: Client,
    session: String,
    client_token: String,
}

impl Stage {
    /// The backend makes a session for a customer.
    pub(super) async fn page_of(&self, tenant: &str) -> Result<Page, Error> {
        let client = Client::new();
        let url = format!("{}/v1/link-sessions", self.connect_url());
        let body = json!({ "tenant": { "id": tenant, "name": "Acme" }, "channel": "hub" });
        let asked = client.post(url).bearer_auth(SERVICE_TOKEN).json(&body);
        let made: Value = asked.send().await?.error_for_status()?.json().await?;
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        Ok(Page {
            session: format!("{}/v1/link-sessions/{}", self.connect_url(), text("id")),
            client_token: text("client_token"),
            client,
        })
    }

    /// A customer links an account, and the page says so.
    pub(super) async fn link_in_a_page(&self, tenant: &str) -> Result<AccountId, Error> {
        let page = self.page_of(tenant).await?;
        page.token().await?.error_for_status()?;
        let account = NewAccount::new("hibob", tenant, "Acme");
        let account = self.simulator.link(&account).unwrap();
        let hint = json!({ "account_id": account.to_string(), "provider": "hibob" });
        let told = page.post("linked").json(&hint).send().await?;
        told.error_for_status()?;
        Ok(account)
    }

    /// Somebody put the backend's token into a page.
    pub(super) async fn show_the_token_to_browsers(&self) -> StatusCode {
        let url = format!("{}/v1/link-sessions", self.connect_url());
        let asked = Client::new().get(url).bearer_auth(SERVICE_TOKEN);
        let asked = asked.header("origin", "https://app.example.com");
        asked.send().await.unwrap().status()
    }

    fn connect_url(&self) -> String {
        format!("http://{}", self.connect.public.unwrap())
    }
}

impl Page {
    fn post(&self, what: &str) -> RequestBuilder {
        let url = format!("{}/{what}", self.session);
        self.client.post(url).bearer_auth(&self.client_token)
    }

    /// Asks for a token, as before the Hub is shown.
    pub(super) async fn token(&self) -> Result<reqwest::Response, Error> {
        self.post("token").send().await
    }
}
