//! Tests with a provider that answers well, and one for each way in which it does not.

use serde_json::{Value, json};
use tempfile::TempDir;
use wiremock::matchers::{body_string, header, method};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::clock::since_1970;
use crate::jwt::tests::jwt;

/// Longer than an answer that comes takes on a busy machine.
const PATIENT: Duration = Duration::from_secs(60);
/// What is waited for an answer that does not come.
const IMPATIENT: Duration = Duration::from_millis(500);

/// Returns the time at which all tests take place.
fn now() -> SystemTime {
    since_1970(1_000.0).unwrap()
}

struct Place {
    server: MockServer,
    folder: TempDir,
}

impl Place {
    async fn answering(answer: ResponseTemplate) -> Self {
        let (server, folder) = (MockServer::start().await, tempfile::tempdir().unwrap());
        let mock = Mock::given(method("POST")).respond_with(answer);
        mock.mount(&server).await;
        std::fs::write(folder.path().join("secret"), "s/cret\n").unwrap();
        Self { server, folder }
    }

    fn settings(&self) -> OidcSettings {
        OidcSettings {
            token_url: self.server.uri().parse().unwrap(),
            client_id: "us".to_owned(),
            client_secret_file: self.folder.path().join("secret"),
            scope: Some("kafka write".to_owned()),
            audience: Some("kafka".to_owned()),
            ca_file: None,
        }
    }

    async fn fetch(&self) -> Result<Fetched, TokenProblem> {
        self.fetch_within(PATIENT).await
    }

    async fn fetch_within(&self, timeout: Duration) -> Result<Fetched, TokenProblem> {
        let provider = Provider::new(&self.settings(), timeout).unwrap();
        provider.fetch(now).await
    }
}

fn says(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

async fn problem(answer: ResponseTemplate) -> String {
    let place = Place::answering(answer).await;
    let problem = place.fetch().await.unwrap_err().to_string();
    assert!(!problem.contains("s/cret"), "no secret is told: {problem}");
    problem
}

#[tokio::test]
async fn a_provider_is_asked_by_client_credentials() {
    let place = Place::answering(ResponseTemplate::new(500)).await;
    let token = jwt(&json!({"sub": "principal", "aud": "kafka", "exp": 1_600}));
    let answer = says(&json!({"access_token": token, "expires_in": 600}));
    // The user name is "us", and the password "s%2Fcret".
    Mock::given(header("authorization", "Basic dXM6cyUyRmNyZXQ="))
        .and(body_string(
            "grant_type=client_credentials&scope=kafka+write&audience=kafka",
        ))
        .respond_with(answer)
        .with_priority(1)
        .mount(&place.server)
        .await;
    let Fetched {
        token: given,
        doubt,
    } = place.fetch().await.unwrap();
    assert_eq!(given.value.expose_secret(), token);
    assert_eq!(given.principal, "principal");
    assert_eq!(given.expires_at, since_1970(1_600.0).unwrap());
    assert_eq!(doubt, None);
}

#[tokio::test]
async fn a_token_that_is_no_jwt_is_taken_with_the_time_that_its_provider_says() {
    let place = Place::answering(says(&json!({"access_token": "opaque", "expires_in": 60}))).await;
    let token = place.fetch().await.unwrap().token;
    assert_eq!(token.principal, "us");
    assert_eq!(token.expires_at, since_1970(1_060.0).unwrap());
}

#[tokio::test]
async fn a_clock_that_is_off_is_said_and_the_token_lives_as_long_as_its_provider_says() {
    // The token's clock is five minutes behind ours, or five minutes ahead.
    for expires in [1_300, 1_900] {
        let token = jwt(&json!({"aud": "kafka", "exp": expires}));
        let answer = says(&json!({"access_token": token, "expires_in": 600}));
        let Fetched { token, doubt } = Place::answering(answer).await.fetch().await.unwrap();
        assert_eq!(token.expires_at, since_1970(1_600.0).unwrap());
        let doubt = doubt.unwrap().to_string();
        assert!(doubt.contains("clock differs by 300 s"), "{doubt}");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_token_is_named() {
    let html = ResponseTemplate::new(200).set_body_raw("<html>sign in</html>", "text/html; x=y");
    let refused = ResponseTemplate::new(401).set_body_json(json!({"error": "invalid_client"}));
    let odd = ResponseTemplate::new(400).set_body_json(json!({"error": "<b>s/cret</b>"}));
    let expired = jwt(&json!({"aud": "kafka", "exp": 900}));
    let other = jwt(&json!({"aud": "other", "exp": 1_600}));
    for (answer, said) in [
        (html, "answered with text/html instead of a token"),
        (refused, "refused with status 401 (invalid_client)"),
        (odd, "refused with status 400; check client_id"),
        (ResponseTemplate::new(503), "answered with status 503"),
        (ResponseTemplate::new(302), "answered with status 302"),
        (says(&json!({})), "JSON without access_token"),
        (
            says(&json!({"access_token": "opaque"})),
            "does not say when it expires",
        ),
        (says(&json!({"access_token": expired})), "expired 100 s ago"),
        (
            says(&json!({"access_token": other, "expires_in": 600})),
            "is for other, not for kafka",
        ),
        (
            ResponseTemplate::new(200).set_body_bytes(vec![b'x'; MOST_BYTES + 1]),
            "more than 262144 bytes",
        ),
    ] {
        let problem = problem(answer).await;
        assert!(problem.contains(said), "{problem}");
    }
    let slow = Place::answering(says(&json!({})).set_delay(PATIENT)).await;
    let problem = slow.fetch_within(IMPATIENT).await.unwrap_err().to_string();
    assert!(problem.contains("no answer within"), "{problem}");
}

#[tokio::test]
async fn nobody_at_the_address_and_a_secret_that_is_not_there_are_named() {
    let mut place = Place::answering(ResponseTemplate::new(500)).await;
    let mut settings = place.settings();
    settings.token_url = "http://127.0.0.1:1/token".parse().unwrap();
    let provider = Provider::new(&settings, PATIENT).unwrap();
    let problem = provider.fetch(now).await.unwrap_err().to_string();
    assert!(
        problem.contains("identity provider 127.0.0.1: connection failed"),
        "{problem}"
    );
    place.folder = tempfile::tempdir().unwrap();
    let problem = place.fetch().await.unwrap_err().to_string();
    assert!(problem.starts_with("cannot read "), "{problem}");
}
