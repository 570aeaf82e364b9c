//! The host product's side of connect: its backend makes link sessions, and its page has the
//! session's own token.

use std::time::Duration;

use anyhow::Context as _;
use harness::eventually;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use stackone_simulator::{AccountId, webhook_client};

use crate::cast::Tenant;
use crate::settings::SERVICE_TOKEN;

/// How long connect may take for an answer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(20);

/// A backend that knows the service token.
#[derive(Debug, Clone)]
pub(crate) struct Product {
    client: Client,
    connect_url: String,
}

/// A link session, as its page has it.
#[derive(Debug, Clone)]
pub(crate) struct LinkSession {
    client: Client,
    url: String,
    /// What the page shows to connect: the session's token, or a mailed link's secret.
    token: String,
}

impl Product {
    /// # Errors
    ///
    /// Where there can be no HTTP client.
    pub(crate) fn new(connect_url: &str) -> anyhow::Result<Self> {
        Ok(Self {
            client: webhook_client(ANSWERED_WITHIN)?,
            connect_url: connect_url.to_owned(),
        })
    }

    /// A session for a tenant: of a new account, or of one that is linked again.
    ///
    /// # Errors
    ///
    /// Where connect makes none.
    pub(crate) async fn session(
        &self,
        tenant: &Tenant,
        account: Option<&AccountId>,
    ) -> anyhow::Result<LinkSession> {
        let mut body = json!({ "tenant": tenant, "channel": "hub" });
        if let Some(account) = account {
            body["account_id"] = account.to_string().into();
        }
        let made = self.make(&body).await?;
        self.having(&made, text(&made, "client_token")?)
    }

    /// The same, mailed: whoever opens the link has it.
    ///
    /// # Errors
    ///
    /// Where connect makes none.
    pub(crate) async fn mailed_link(&self, tenant: &Tenant) -> anyhow::Result<LinkSession> {
        let body = json!({ "tenant": tenant, "channel": "link" });
        let made = self.make(&body).await?;
        let link = text(&made, "link_url")?;
        let (_page, secret) = link.split_once('#').context("a link without a secret")?;
        self.having(&made, secret.to_owned())
    }

    async fn make(&self, body: &Value) -> anyhow::Result<Value> {
        let url = format!("{}/v1/link-sessions", self.connect_url);
        let request = self.client.post(url).bearer_auth(SERVICE_TOKEN).json(body);
        answer(request).await.context("no link session was made")
    }

    fn having(&self, made: &Value, token: String) -> anyhow::Result<LinkSession> {
        let id = text(made, "id")?;
        Ok(LinkSession {
            client: self.client.clone(),
            url: format!("{}/v1/link-sessions/{id}", self.connect_url),
            token,
        })
    }
}

impl LinkSession {
    /// Somebody has opened the mailed link and pressed *Continue*: their page has the session's own
    /// token.
    pub(crate) async fn opened(&self) -> anyhow::Result<Self> {
        let opened = answer(self.post("open")).await;
        let token = text(&opened.context("the link does not open")?, "client_token")?;
        Ok(Self {
            token,
            ..self.clone()
        })
    }

    /// The form is shown: StackOne makes a session of its own.
    pub(crate) async fn shows_the_form(&self) -> anyhow::Result<()> {
        let minted = answer(self.post("token")).await;
        minted.map(drop).context("no form is shown")
    }

    /// The form says that there is an account.
    pub(crate) async fn linked(&self, account: &AccountId) -> anyhow::Result<()> {
        let hint = json!({ "account_id": account.to_string() });
        let told = self.post("linked").json(&hint).send().await?;
        told.error_for_status()?;
        Ok(())
    }

    /// The page is told that the account works; gives the account.
    pub(crate) async fn is_verified(&self) -> anyhow::Result<String> {
        let seen = eventually("the link is verified", ANSWERED_WITHIN, async || {
            let request = self.client.get(&self.url).bearer_auth(&self.token);
            let seen = answer(request)
                .await
                .map_err(|error| format!("{error:#}"))?;
            match seen["state"].as_str() {
                Some("verified") => Ok(seen),
                state => Err(format!("its state is {state:?}")),
            }
        });
        text(&seen.await?, "account_id")
    }

    fn post(&self, what: &str) -> RequestBuilder {
        let url = format!("{}/{what}", self.url);
        self.client.post(url).bearer_auth(&self.token)
    }
}

async fn answer(request: RequestBuilder) -> anyhow::Result<Value> {
    let answer = request.send().await?.error_for_status()?;
    Ok(answer.json().await?)
}

fn text(answer: &Value, name: &str) -> anyhow::Result<String> {
    let text = answer[name].as_str().context("it is not in the answer")?;
    Ok(text.to_owned())
}
