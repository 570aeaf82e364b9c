//! The settings that a processor has by default.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use stackone_link_wire::Topics;
use stackone_processor_core::api_gate::Projects;
use stackone_processor_core::api_gate::batch::BatchSettings;
use stackone_processor_core::api_gate::projects::Project;
use stackone_processor_core::offsets::open_records::Open;
use stackone_processor_core::reconcile::GracePeriods;
use stackone_processor_core::settings::{DecisionSettings, Limits};
use stackone_processor_core::work::backoff::Backoff;

/// Most requests a minute of a project.
const REQUESTS: NonZeroU32 = NonZeroU32::new(900).unwrap();

/// As `processor/config.default.toml` has them.
#[must_use]
pub fn default() -> Arc<DecisionSettings> {
    let project = Project {
        id: None,
        requests_per_minute: REQUESTS,
    };
    Arc::new(DecisionSettings {
        projects: Arc::new(Projects::new(vec![project])),
        topics: Topics::default(),
        marker_interval: Duration::from_secs(1),
        merges_triggers: true,
        limits: Limits {
            lookups: 64,
            pending: 100_000,
            open: Open {
                records: 100_000,
                bytes: 67_108_864,
            },
        },
        batch: BatchSettings {
            threshold: 10,
            max_ids: 50,
        },
        resync_interval: Some(Duration::from_secs(60 * 60)),
        resync_requests_per_minute: 90,
        unreadable_time: Duration::from_secs(60),
        backoff: Backoff::default(),
        periods: GracePeriods::default(),
    })
}
