//! Linking through connect, as people in the pages of the host product do.

use stackone_simulator::{AccountId, AccountStatus, Notify};

use super::Performance;
use crate::cast::Customer;
use crate::product::LinkSession;
use crate::screen::{Line, Tone, Who};

impl Performance {
    /// The customer presses *Connect*, signs in, and the page is told when the account works.
    pub(super) async fn link_in_page(&mut self, customer: Customer) -> anyhow::Result<()> {
        let session = self.product.session(&customer.tenant(), None).await?;
        self.fill_the_form(customer, &session).await
    }

    /// The link is sent by mail. A scanner opens it, then the person: it is as good as before.
    pub(super) async fn link_by_mail(&mut self, customer: Customer) -> anyhow::Result<()> {
        let link = self.product.mailed_link(&customer.tenant()).await?;
        link.opened().await?;
        self.says("opens the mailed link, and so did a scanner before", "");
        let session = link.opened().await?;
        self.fill_the_form(customer, &session).await
    }

    /// The customer signs in again to the account that does not work any more.
    pub(super) async fn repair_in_page(&mut self, customer: Customer) -> anyhow::Result<()> {
        let account = self.account(customer)?.clone();
        let tenant = customer.tenant();
        let session = self.product.session(&tenant, Some(&account)).await?;
        session.shows_the_form().await?;
        self.simulator
            .set_status(&account, AccountStatus::Active, Vec::new(), Notify::Send)?;
        self.verify(&session, &account).await
    }

    async fn fill_the_form(
        &mut self,
        customer: Customer,
        session: &LinkSession,
    ) -> anyhow::Result<()> {
        session.shows_the_form().await?;
        let account = self.simulator.link(&customer.account())?;
        self.cast.enters(customer, account.clone());
        self.verify(session, &account).await
    }

    /// The page says what the form says, and waits for what is true.
    async fn verify(&mut self, session: &LinkSession, account: &AccountId) -> anyhow::Result<()> {
        session.linked(account).await?;
        let verified = session.is_verified().await?;
        anyhow::ensure!(
            verified == account.as_str(),
            "{verified} is verified, and not {account}"
        );
        self.says("Connected and verified.", account.as_str());
        self.links += 1;
        Ok(())
    }

    fn says(&self, what: &str, account: &str) {
        self.screen.line(Line {
            who: Who::Page,
            what: what.to_owned(),
            account: account.to_owned(),
            verdict: String::new(),
            tone: Tone::Good,
        });
    }
}
