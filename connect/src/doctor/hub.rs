//! Checks that the Hub's script exists and has the hash of its manifest.

use super::finding::{Check, Finding};
use crate::config::HubSettings;
use crate::hub::Bundle;

pub(super) fn finding(settings: &HubSettings) -> Finding {
    match (&settings.folder, &settings.script_url) {
        (Some(folder), _) => match Bundle::read(folder) {
            Ok(bundle) => Finding::fine(
                Check::Hub,
                format!(
                    "version {}, {} bytes, {}",
                    bundle.manifest.version,
                    bundle.script.len(),
                    bundle.manifest.file
                ),
            ),
            Err(error) => Finding::wrong(
                Check::Hub,
                error.to_string(),
                "put what `just hub` makes there; connect does not start without it",
            ),
        },
        (None, Some(url)) => Finding::unknown(
            Check::Hub,
            format!("browsers load it from {url}, and hold it against hub.integrity"),
        ),
        (None, None) => Finding::fine(
            Check::Hub,
            "there is none: people sign in on StackOne's own page",
        ),
    }
}
