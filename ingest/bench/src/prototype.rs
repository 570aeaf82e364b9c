//! What the service is held against: a plain prototype, as a good engineer writes it in an
//! afternoon. It checks the signature, publishes with linger 0, and answers after the
//! acknowledgement; it has no ids, limits or metrics, and headers only where they are asked for.

use std::borrow::Cow;
use std::io::{self, Write as _};

use actix_web::web::{Bytes, Data, post};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use anyhow::Context as _;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use clap::Args;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;
use stackone_link_wire::{Topic, Topics};

use crate::requests::SECRET;
use crate::variant::Records;

/// The headers of one of the service's records.
const HEADERS: [(&str, &str); 10] = [
    ("ce_specversion", "1.0"),
    ("ce_id", "deb87bb1-4ca2-512f-8d24-6fa9e2a99df5"),
    ("ce_type", "hris_employees.updated"),
    ("ce_source", "/stackone/acmeinc-27270"),
    ("ce_subject", "4d5Yq0wXGk2Qm3vLr8TzA"),
    ("ce_time", "2026-03-04T09:12:44.102Z"),
    ("content-type", "application/json"),
    (
        "traceparent",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
    ),
    ("stackone_source", "default"),
    ("stackone_received_at", "2026-03-04T09:12:44.418231Z"),
];

/// The prototype, until it is killed.
#[derive(Debug, Clone, Args)]
pub(crate) struct Prototype {
    /// Where to publish.
    #[arg(long)]
    bootstrap_servers: String,
    /// What to publish of a webhook beside its body.
    #[arg(long)]
    records: Records,
}

struct Shared {
    producer: FutureProducer,
    keyed: Hmac<Sha256>,
    topic: String,
    records: Records,
}

/// What is read of a body.
#[derive(Deserialize)]
struct Body<'b> {
    #[serde(borrow)]
    account_id: Cow<'b, str>,
}

impl Prototype {
    /// Tells its address as the service does, in a line on standard error.
    pub(crate) fn serve(&self) -> anyhow::Result<()> {
        let keyed = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes());
        let shared = Data::new(Shared {
            producer: ClientConfig::new()
                .set("bootstrap.servers", &self.bootstrap_servers)
                .set("acks", "all")
                .set("enable.idempotence", "true")
                .set("linger.ms", "0")
                .set("partitioner", "murmur2_random")
                .create()?,
            keyed: keyed.ok().context("a key of any length will do")?,
            topic: Topics::default().name(Topic::RecordEvents).to_owned(),
            records: self.records,
        });
        actix_web::rt::System::new().block_on(async {
            let app = move || {
                App::new()
                    .app_data(shared.clone())
                    .route("/webhooks/stackone/{source}", post().to(receive))
            };
            let server = HttpServer::new(app).bind(("127.0.0.1", 0))?;
            let address = server.addrs().first().copied().context("no address")?;
            writeln!(io::stderr(), "{}", json!({ "public": address }))?;
            Ok(server.run().await?)
        })
    }
}

async fn receive(request: HttpRequest, body: Bytes, shared: Data<Shared>) -> HttpResponse {
    if !is_signed(&request, &body, &shared) {
        return HttpResponse::Unauthorized().finish();
    }
    let Ok(Body { account_id }) = serde_json::from_slice(&body) else {
        return HttpResponse::BadRequest().finish();
    };
    let mut record = FutureRecord::<str, [u8]>::to(&shared.topic).payload(&body);
    if shared.records != Records::WithoutKeys {
        record = record.key(&account_id);
    }
    if shared.records == Records::WithHeaders {
        record = record.headers(headers());
    }
    let sent = match shared.producer.send_result(record) {
        Ok(delivery) => delivery.await,
        Err(_full) => return HttpResponse::ServiceUnavailable().finish(),
    };
    match sent {
        Ok(Ok(_stored)) => HttpResponse::Ok().body("{}"),
        Ok(Err(_)) | Err(_) => HttpResponse::ServiceUnavailable().finish(),
    }
}

fn headers() -> OwnedHeaders {
    let list = OwnedHeaders::new_with_capacity(HEADERS.len());
    HEADERS.into_iter().fold(list, |list, (key, text)| {
        let value = Some(text);
        list.insert(Header { key, value })
    })
}

fn is_signed(request: &HttpRequest, body: &[u8], shared: &Shared) -> bool {
    let header = request.headers().get("x-stackone-signature");
    let claimed = header.and_then(|header| BASE64_URL_SAFE_NO_PAD.decode(header).ok());
    let mut state = shared.keyed.clone();
    state.update(body);
    claimed.is_some_and(|claimed| state.verify_slice(&claimed).is_ok())
}
