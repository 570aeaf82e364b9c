//! Asks each project's API for one account, which shows whether the key is accepted and what time
//! StackOne has.

use std::time::Duration;

use jiff::Timestamp;
use stackone_client::{ApiError, Client, ClientOptions};

use super::finding::{Check, Finding};
use super::judge::{self, Answered};
use stackone_processor::config::{Config, ProjectSettings};

/// Returns the findings about every project, in the order of the settings.
pub(super) async fn findings(config: &Config, within: Duration) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (project, key) in config.settings.projects.iter().zip(&config.api_keys) {
        let client = Client::new(ClientOptions {
            base_url: project.base_url.clone(),
            api_key: key.clone(),
            api_version: project.api_version,
            timeout: within,
            personal: stackone_client::PersonalFields {
                origin_username: false,
                setup_information: false,
            },
        });
        match client {
            Ok(client) => findings.extend(ask(project, &client).await),
            Err(error) => findings.push(Finding::wrong(
                Check::Api,
                format!("{}: {error}", judge::name_of(project)),
                "check [[projects]]",
            )),
        }
    }
    findings
}

async fn ask(project: &ProjectSettings, client: &Client) -> [Finding; 2] {
    let asked = Timestamp::now();
    let (date, answer): (_, Result<(), ApiError>) = client.probe_with_date().await;
    let answered = Answered {
        asked,
        date,
        received: Timestamp::now(),
    };
    [
        judge::api(project, &answer),
        judge::clock(project, &answered),
    ]
}
