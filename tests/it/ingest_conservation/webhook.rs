//! Webhooks that can be made again from their number, so that nobody has to keep their bytes.

use fastrand::Rng;
use harness::{PROJECT, SECRET};
use serde_json::json;
use stackone_link_wire::Topic;
use stackone_simulator::{SignedBody, sign};

const ACCOUNTS: usize = 300;
/// Bytes of the smallest body and of the largest.
const SIZES: std::ops::Range<f64> = 400.0..100_000.0;
const EVENTS: [(&str, Topic); 4] = [
    ("account.created", Topic::AccountEvents),
    ("account.updated", Topic::AccountEvents),
    ("hris_employees.updated", Topic::RecordEvents),
    ("ats_applications.created", Topic::RecordEvents),
];

/// A webhook, and where it has to end up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Webhook {
    pub(crate) body: Vec<u8>,
    pub(crate) topic: Topic,
    pub(crate) key: Option<String>,
    pub(crate) event: Option<&'static str>,
}

impl Webhook {
    /// Webhook `number` of a run. Mostly small, as StackOne's are; one in twenty is of no use to
    /// us.
    pub(crate) fn of(seed: u64, number: u64) -> Self {
        let mut random = Rng::with_seed(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let size = size(&mut random);
        let padding: String = std::iter::repeat_with(|| random.alphanumeric())
            .take(size.saturating_sub(360))
            .collect();
        if random.u8(..20) == 0 {
            return Self {
                body: format!("no JSON {seed:x} {number} {padding}").into_bytes(),
                topic: Topic::Unrecognized,
                key: None,
                event: None,
            };
        }
        let (event, topic) = EVENTS[random.usize(..EVENTS.len())];
        let account = format!("account-{:03}", random.usize(..ACCOUNTS));
        let body = json!({
            "project_id": PROJECT,
            "account_id": account,
            "event": event,
            "event_date": "2026-03-04T09:12:44.102Z",
            "record_type": event.split('.').next(),
            "record_id": format!("{seed:x}-{number}"),
            "sent_at": "2026-03-04T09:12:44.318Z",
            "provider": "bamboohr",
            "origin_owner_id": "tenant_8f41c2",
            "origin_owner_name": "Acme Manufacturing Ltd",
            "setup_information": { "padding": padding },
        });
        Self {
            body: body.to_string().into_bytes(),
            topic,
            key: Some(account),
            event: Some(event),
        }
    }

    /// As StackOne sends it, each time the same.
    pub(crate) fn signed(&self) -> SignedBody {
        SignedBody {
            body: self.body.clone(),
            signature: sign(SECRET.as_bytes(), &self.body),
        }
    }
}

/// Each size is as likely as its double, squared: most are below 2 KB, one in 40 above 50 KB.
fn size(random: &mut Rng) -> usize {
    let share = random.f64().powi(2);
    let size = SIZES.start * (SIZES.end / SIZES.start).powf(share);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 400 and 100,000"
    )]
    let whole = size as usize;
    whole
}
