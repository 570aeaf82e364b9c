//! Options of `serve` for what StackOne does not document, and for what goes wrong.

use std::num::NonZeroU32;
use std::time::Duration;

use clap::{Args, ValueEnum};
use stackone_simulator::{
    DeliverySettings, Disturbance, ListSettings, ListShape, OrganizationId, RetrySchedule,
};
use url::Url;

#[derive(Debug, Args)]
#[command(next_help_heading = "Lists, where StackOne's behaviour is not documented")]
pub(super) struct ListArgs {
    /// A list's answer: `[…]` or `{"data":[…]}`.
    #[arg(long, value_enum, default_value = "array")]
    list_shape: Shape,
    /// The number of the first page.
    #[arg(long, value_name = "N", default_value = "1")]
    first_page: u32,
    /// The greatest page size.
    #[arg(long, value_name = "N", default_value = "100")]
    max_page_size: NonZeroU32,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shape {
    Array,
    Data,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Connect sessions")]
pub(super) struct ConnectArgs {
    /// Where browsers reach the API and the pages, where that is not its address.
    #[arg(long, value_name = "URL")]
    public_url: Option<Url>,
    /// The id of an organization: a number, as SDKs of 2025 read it, or text, as the newest
    /// documents show it.
    #[arg(long, value_enum, default_value = "number")]
    organization_id: OrganizationShape,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OrganizationShape {
    Number,
    Text,
}

impl ConnectArgs {
    pub(super) fn public_url(&self) -> Option<String> {
        let url = self.public_url.as_ref()?;
        Some(url.as_str().trim_end_matches('/').to_owned())
    }

    pub(super) fn organization_id(&self) -> OrganizationId {
        match self.organization_id {
            OrganizationShape::Number => OrganizationId::Number,
            OrganizationShape::Text => OrganizationId::Text,
        }
    }
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Webhook delivery, where StackOne's behaviour is not documented")]
pub(super) struct DeliveryArgs {
    /// Attempts in all until a webhook is answered 200.
    #[arg(long, value_name = "N", default_value = "10")]
    retry_attempts: NonZeroU32,
    /// The wait before the second attempt; it doubles each time.
    #[arg(long, value_name = "MS", default_value = "200")]
    retry_first_ms: u64,
    /// The longest wait between attempts.
    #[arg(long, value_name = "MS", default_value = "5000")]
    retry_longest_ms: u64,
    /// A retry has a new `sent_at`, and so other bytes and another signature.
    #[arg(long)]
    refresh_sent_at: bool,
    /// How long an answer may take.
    #[arg(long, value_name = "MS", default_value = "10000")]
    webhook_timeout_ms: u64,
    /// How many webhooks are sent at a time; 1 keeps their order.
    #[arg(long, value_name = "N", default_value = "16")]
    concurrency: NonZeroU32,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "What goes wrong with webhooks on their way")]
pub(super) struct DisturbanceArgs {
    /// The probability, 0 to 1, that a webhook is lost.
    #[arg(long, value_name = "P", default_value = "0")]
    lose_probability: f64,
    /// How often each webhook is delivered.
    #[arg(long, value_name = "N", default_value = "1")]
    copies: NonZeroU32,
    /// Hold back so many webhooks and send them in another order.
    #[arg(long, value_name = "N", default_value = "0")]
    reorder_window: usize,
    /// Each delivery waits a random time, up to this.
    #[arg(long, value_name = "MS", default_value = "0")]
    extra_delay_ms: u64,
}

impl From<ListArgs> for ListSettings {
    fn from(args: ListArgs) -> Self {
        Self {
            shape: match args.list_shape {
                Shape::Array => ListShape::BareArray,
                Shape::Data => ListShape::DataWrapper,
            },
            first_page: args.first_page,
            max_page_size: args.max_page_size.get(),
        }
    }
}

impl From<DeliveryArgs> for DeliverySettings {
    fn from(args: DeliveryArgs) -> Self {
        Self {
            retry: RetrySchedule {
                first: Duration::from_millis(args.retry_first_ms),
                longest: Duration::from_millis(args.retry_longest_ms),
                attempts: args.retry_attempts,
            },
            refresh_sent_at: args.refresh_sent_at,
            timeout: Duration::from_millis(args.webhook_timeout_ms),
            concurrency: args.concurrency,
            ..Self::default()
        }
    }
}

impl From<DisturbanceArgs> for Disturbance {
    fn from(args: DisturbanceArgs) -> Self {
        Self {
            lose_probability: args.lose_probability,
            copies: args.copies,
            reorder_window: args.reorder_window,
            extra_delay: Duration::from_millis(args.extra_delay_ms),
            ..Self::default()
        }
    }
}
