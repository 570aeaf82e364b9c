//! Answers packed with gzip, which nobody asks for.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use stackone_client::{ApiError, Lookup};
use wiremock::ResponseTemplate;

use crate::{answer, error, fixture, found};

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn packed(encoding: &str, body: Vec<u8>) -> ResponseTemplate {
    ResponseTemplate::new(200)
        .insert_header("content-encoding", encoding)
        .set_body_raw(body, "application/json")
}

#[tokio::test]
async fn a_gzip_answer_that_nobody_asked_for_is_read() {
    let body = gzip(fixture("accounts.get.200.active.json").as_bytes());
    let account = found(answer(packed("gzip", body)).await.unwrap());
    assert_eq!(account.snapshot.provider, "bamboohr");
    let missing = gzip(fixture("accounts.get.404.json").as_bytes());
    let template = ResponseTemplate::new(404).insert_header("content-encoding", "gzip");
    let told = answer(template.set_body_raw(missing, "application/json")).await;
    assert_eq!(told.unwrap(), Lookup::NotFound);
}

#[tokio::test]
async fn a_gzip_answer_is_unpacked_up_to_the_limit_only_and_has_to_be_whole() {
    let bomb = gzip(&vec![b' '; 8 * 1024 * 1024]);
    assert!(bomb.len() < 1024 * 1024);
    let told = error(packed("gzip", bomb)).await;
    assert!(matches!(told, ApiError::Unreadable { reason } if reason == "answer over 4 MiB"));
    let whole = gzip(fixture("accounts.get.200.active.json").as_bytes());
    let short = whole[..whole.len() - 9].to_vec();
    for body in [short, b"{}".to_vec()] {
        assert!(matches!(
            error(packed("gzip", body)).await,
            ApiError::Unreadable { .. }
        ));
    }
}
