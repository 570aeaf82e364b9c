//! StackOne's Hub: the place of its script, and the `Content-Security-Policy` of our page.

use std::path::Path;

use actix_web::web::Bytes;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha384};
use url::Url;

use crate::config::{HubSettings, Settings};

/// The origin of the providers' logos.
const LOGOS: &str = "https://stackone-logos.com";

/// The Hub as it is configured.
#[derive(Debug, Clone)]
pub(crate) struct Hub {
    script: Option<Script>,
    /// The script that this service serves, with its file name.
    pub(crate) served: Option<(String, Bytes)>,
    /// The `Content-Security-Policy` of our own page.
    pub(crate) policy: String,
}

#[derive(Debug, Clone)]
struct Script {
    url: String,
    integrity: String,
}

/// What a page needs to load the Hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct HubDocument {
    /// The address of the script.
    pub(crate) script_url: String,
    /// The script's subresource integrity.
    pub(crate) integrity: String,
    /// The address of StackOne's API, for the Hub's `base-url`.
    pub(crate) base_url: String,
}

/// The file `hub.json` beside the script, as `just hub` writes it.
#[derive(Debug, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) file: String,
    pub(crate) version: String,
    integrity: String,
    style_hashes: Vec<String>,
}

/// A script with the hash that its manifest says.
#[derive(Debug)]
pub(crate) struct Bundle {
    pub(crate) manifest: Manifest,
    pub(crate) script: Bytes,
}

/// Why the Hub cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// A file cannot be read.
    #[error("hub.folder: cannot read {file}: {source}")]
    Unreadable {
        /// The name of the file.
        file: String,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// `hub.json` lacks a member, or is no JSON.
    #[error("hub.folder: hub.json: {0}")]
    Manifest(#[from] serde_json::Error),
    /// The script has another hash than its manifest says, so browsers would refuse it.
    #[error("hub.folder: {file} is not what the integrity in hub.json says")]
    Altered {
        /// The file of the script.
        file: String,
    },
}

impl Hub {
    /// Reads the Hub, where the settings name a folder.
    pub(crate) fn new<'p>(
        settings: &Settings,
        base_urls: impl Iterator<Item = &'p Url>,
    ) -> Result<Self, HubError> {
        let (script, served, hashes) = match &settings.hub {
            HubSettings {
                folder: Some(folder),
                ..
            } => read(folder, &settings.server.public_url)?,
            HubSettings {
                script_url: Some(url),
                integrity: Some(integrity),
                ..
            } => {
                let script = Script {
                    url: url.to_string(),
                    integrity: integrity.clone(),
                };
                (Some(script), None, Vec::new())
            }
            HubSettings { folder: None, .. } => (None, None, Vec::new()),
        };
        let elsewhere = settings
            .hub
            .script_url
            .as_ref()
            .map(|url| url.origin().ascii_serialization());
        Ok(Self {
            policy: policy(
                base_urls,
                elsewhere.as_deref(),
                &hashes,
                &settings.pages.frame_ancestors,
            ),
            script,
            served,
        })
    }

    /// Returns what a page of a project needs to load the Hub; `None` where it uses StackOne's own
    /// page instead.
    pub(crate) fn document(&self, base_url: String) -> Option<HubDocument> {
        let script = self.script.as_ref()?;
        Some(HubDocument {
            script_url: script.url.clone(),
            integrity: script.integrity.clone(),
            base_url,
        })
    }
}

type Read = (Option<Script>, Option<(String, Bytes)>, Vec<String>);

fn read(folder: &Path, public_url: &str) -> Result<Read, HubError> {
    let Bundle { manifest, script } = Bundle::read(folder)?;
    let url = format!("{public_url}/hub/{}", manifest.file);
    let integrity = manifest.integrity;
    Ok((
        Some(Script { url, integrity }),
        Some((manifest.file, script)),
        manifest.style_hashes,
    ))
}

impl Bundle {
    /// Reads a folder, and checks the script against the integrity in its manifest.
    pub(crate) fn read(folder: &Path) -> Result<Self, HubError> {
        let file = |name: &str| {
            let path = folder.join(name);
            std::fs::read(&path).map_err(|source| HubError::Unreadable {
                file: path.display().to_string(),
                source,
            })
        };
        let manifest: Manifest = serde_json::from_slice(&file("hub.json")?)?;
        let script = Bytes::from(file(&manifest.file)?);
        let hash = BASE64_STANDARD.encode(Sha384::digest(&script));
        if manifest.integrity != format!("sha384-{hash}") {
            let file = manifest.file;
            return Err(HubError::Altered { file });
        }
        Ok(Self { manifest, script })
    }
}

fn policy<'p>(
    base_urls: impl Iterator<Item = &'p Url>,
    elsewhere: Option<&str>,
    style_hashes: &[String],
    frame_ancestors: &[String],
) -> String {
    let mut apis: Vec<_> = base_urls
        .map(|url| url.origin().ascii_serialization())
        .collect();
    apis.sort();
    apis.dedup();
    let ancestors = match frame_ancestors {
        [] => "'none'".to_owned(),
        origins => origins.join(" "),
    };
    let styles = style_hashes.iter().map(|hash| format!(" '{hash}'"));
    [
        "default-src 'none'".to_owned(),
        format!(
            "script-src 'self'{}",
            elsewhere
                .map(|origin| format!(" {origin}"))
                .unwrap_or_default()
        ),
        format!("connect-src 'self' {}", apis.join(" ")),
        format!("img-src 'self' data: {LOGOS}"),
        "font-src data:".to_owned(),
        format!("style-src 'self'{}", styles.collect::<String>()),
        format!("frame-ancestors {ancestors}"),
        "base-uri 'none'".to_owned(),
        "form-action 'none'".to_owned(),
        "object-src 'none'".to_owned(),
    ]
    .join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_loads_from_us_and_from_what_is_configured() {
        let api: Url = "https://api.stackone.com".parse().unwrap();
        let hashes = ["sha256-a=".to_owned()];
        let policy = policy(
            [&api, &api].into_iter(),
            Some("https://cdn.example.com"),
            &hashes,
            &[],
        );
        assert_eq!(
            policy,
            "default-src 'none'; script-src 'self' https://cdn.example.com; connect-src 'self' \
             https://api.stackone.com; img-src 'self' data: https://stackone-logos.com; font-src data:; \
             style-src 'self' 'sha256-a='; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; \
             object-src 'none'"
        );
    }
}
