//! AWS's default chain as a process meets it: this program runs itself in an environment of each
//! case, since a test cannot change its own. What the chain would ask of a machine of AWS is
//! switched off.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, and unwrap says where"
)]
#![expect(
    clippy::print_stdout,
    reason = "what a case gave is told to who runs it"
)]

use std::process::Command;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::ExposeSecret as _;
use serde_json::json;
use stackone_link_kafka_auth::{TokenSettings, TokenSource};
use tempfile::TempDir;
use tokio::runtime::Builder;
use url::Url;
use wiremock::matchers::header;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// The first argument of a case; the second one is the region that is set, or nothing.
const CASE: &str = "case";
const KEYS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "AKID"),
    ("AWS_SECRET_ACCESS_KEY", "s/cret"),
];
const REGION: (&str, &str) = ("AWS_REGION", "eu-west-1");

fn main() {
    let mut arguments = std::env::args().skip(1);
    let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
    if arguments.next().as_deref() == Some(CASE) {
        runtime.block_on(case(arguments.next().filter(|region| !region.is_empty())));
    } else {
        keys_of_the_environment_sign_for_its_region_or_the_one_that_is_set();
        a_profile_gives_keys_and_region();
        a_missing_region_and_missing_credentials_are_named();
        runtime.block_on(a_container_is_given_credentials_by_its_host());
    }
}

/// Tells what the environment gives: a line of who signed and for which host, or the problem.
async fn case(region: Option<String>) {
    let settings = TokenSettings::AwsMskIam { region };
    match TokenSource::new(&settings).fetch().await {
        Ok(fetched) => {
            let token = fetched.token;
            let left = token.expires_at.duration_since(SystemTime::now()).unwrap();
            assert!((890..=900).contains(&left.as_secs()), "{left:?}");
            let url = URL_SAFE_NO_PAD.decode(token.value.expose_secret()).unwrap();
            let url: Url = std::str::from_utf8(&url).unwrap().parse().unwrap();
            let mut pairs = url.query_pairs();
            let by = pairs
                .find(|(name, _)| name == "X-Amz-Credential")
                .unwrap()
                .1;
            println!(
                "{} {}",
                by.split('/').next().unwrap(),
                url.host_str().unwrap()
            );
        }
        Err(problem) => println!("{problem}"),
    }
}

fn told(region: &str, environment: &[(&str, &str)]) -> String {
    let nobody = TempDir::new().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args([CASE, region])
        .env_clear()
        .env("HOME", nobody.path())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let says = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{environment:?}: {says}");
    String::from_utf8(output.stdout)
        .unwrap()
        .trim_end()
        .to_owned()
}

fn keys_of_the_environment_sign_for_its_region_or_the_one_that_is_set() {
    let environment = [KEYS[0], KEYS[1], REGION];
    assert_eq!(told("", &environment), "AKID kafka.eu-west-1.amazonaws.com");
    let other = told("eu-central-1", &environment);
    assert_eq!(other, "AKID kafka.eu-central-1.amazonaws.com");
}

fn a_profile_gives_keys_and_region() {
    let folder = TempDir::new().unwrap();
    let file = |name: &str, content: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let config = file("config", "[profile kafka]\nregion = us-east-2\n");
    let keys = "[kafka]\naws_access_key_id = PROFILE\naws_secret_access_key = s/cret\n";
    let keys = file("credentials", keys);
    let environment = [
        ("AWS_PROFILE", "kafka"),
        ("AWS_CONFIG_FILE", &*config),
        ("AWS_SHARED_CREDENTIALS_FILE", &*keys),
    ];
    assert_eq!(
        told("", &environment),
        "PROFILE kafka.us-east-2.amazonaws.com"
    );
}

fn a_missing_region_and_missing_credentials_are_named() {
    let no_region = told("", &KEYS);
    assert!(
        no_region.starts_with("aws_msk_iam: no region; set region, "),
        "{no_region}"
    );
    let no_keys = told("", &[REGION]);
    assert!(
        no_keys.starts_with("aws_msk_iam: no credentials: "),
        "{no_keys}"
    );
    assert!(
        no_keys.contains("Environment") && no_keys.contains("Profile"),
        "{no_keys}"
    );
    assert_eq!(no_keys.lines().count(), 1, "{no_keys}");
    let half = told("", &[KEYS[0], REGION]);
    assert!(half.contains("no credentials"), "{half}");
}

/// As EKS Pod Identity and ECS do it.
async fn a_container_is_given_credentials_by_its_host() {
    let host = MockServer::start().await;
    let credentials = json!({
        "AccessKeyId": "POD", "SecretAccessKey": "s/cret", "Token": "session",
        "Expiration": "2099-01-01T00:00:00Z",
    });
    Mock::given(header("authorization", "of-this-pod"))
        .respond_with(ResponseTemplate::new(200).set_body_json(credentials))
        .mount(&host)
        .await;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "of-this-pod").unwrap();
    let uri = format!("{}/v1/credentials", host.uri());
    let environment = [
        REGION,
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &*uri),
        (
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            file.to_str().unwrap(),
        ),
    ];
    assert_eq!(told("", &environment), "POD kafka.eu-west-1.amazonaws.com");
}
