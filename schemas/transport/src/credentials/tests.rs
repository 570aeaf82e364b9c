//! Tests of the credentials that clients get, and when. The brokers that check them are in
//! `tests/it/secured`.

use std::path::Path;
use std::thread::ThreadId;
use std::time::{Instant, SystemTime};

use secrecy::ExposeSecret as _;
use stackone_librdkafka::{NativeError, OauthToken};
use stackone_link_kafka_auth::{Extensions, Token, TokenSettings};
use tempfile::TempDir;

use super::*;
use crate::{KafkaConfig, SaslMechanism, credential_failures};

/// More time than reading a file again takes on a busy machine.
const WITHIN: Duration = Duration::from_secs(30);

/// A client that records the credentials it got, and the thread that dropped it.
#[derive(Clone, Default)]
struct Recorder {
    given: Arc<Mutex<Vec<String>>>,
    dropped_on: Option<Arc<Mutex<Option<ThreadId>>>>,
}

impl TakesCredentials for Recorder {
    fn take_token(&self, token: &OauthToken<'_>) -> Result<(), NativeError> {
        let extensions = token.extensions.iter();
        let extensions: String = extensions
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        self.given
            .lock()
            .unwrap()
            .push(format!("{}{extensions}", token.value));
        Ok(())
    }

    fn take_password(&self, username: &str, password: &str) -> Result<(), NativeError> {
        self.given
            .lock()
            .unwrap()
            .push(format!("{username}:{password}"));
        Ok(())
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if let Some(dropped_on) = &self.dropped_on {
            *dropped_on.lock().unwrap() = Some(thread::current().id());
        }
    }
}

impl Recorder {
    fn given(&self) -> Vec<String> {
        self.given.lock().unwrap().clone()
    }
}

fn live(security: &Security, client: &Recorder) -> Live<Recorder> {
    let credentials = of(security).unwrap();
    credentials.wait_for_first();
    supply(client.clone(), Some(&credentials))
}

fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + WITHIN;
    while !is_so() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Returns a JWT with this subject that expires in 2100.
fn jwt(subject: &str) -> String {
    // The first part is {"alg":"none"}; the second is {"sub":"a","exp":4102444800}, or the same
    // with b.
    let claims = match subject {
        "a" => "eyJzdWIiOiJhIiwiZXhwIjo0MTAyNDQ0ODAwfQ",
        _ => "eyJzdWIiOiJiIiwiZXhwIjo0MTAyNDQ0ODAwfQ",
    };
    format!("eyJhbGciOiJub25lIn0.{claims}.c2ln")
}

fn token_in(file: &Path) -> Security {
    Security::OauthTls {
        ca_file: None,
        token: TokenSettings::TokenFile {
            file: file.to_owned(),
            audience: None,
        },
        extensions: Extensions {
            logical_cluster: Some("lkc-1".to_owned()),
            identity_pool_id: None,
        },
    }
}

fn kafka(security: Security) -> KafkaConfig {
    KafkaConfig {
        security,
        ..KafkaConfig::plaintext("127.0.0.1:1")
    }
}

#[test]
fn a_client_has_its_token_before_anybody_uses_it_and_each_one_that_comes() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, jwt("a")).unwrap();
    let security = token_in(&file);
    let client = Recorder::default();
    let _live = live(&security, &client);
    let of = |subject| format!("{}logicalCluster=lkc-1", jwt(subject));
    assert_eq!(client.given(), [of("a")]);
    std::fs::write(&file, jwt("b")).unwrap();
    eventually("the client has the second", || {
        client.given() == [of("a"), of("b")]
    });
    let later = Recorder::default();
    let _live = live(&security, &later);
    assert_eq!(later.given(), [of("b")]);
}

#[test]
fn who_has_no_token_says_why_and_gets_it_as_soon_as_it_is_there() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("token");
    let security = token_in(&file);
    let client = Recorder::default();
    assert_eq!(
        kafka(security.clone()).credential_problem(),
        None,
        "nobody was made"
    );
    let _live = live(&security, &client);
    assert!(client.given().is_empty());
    let problem = kafka(security.clone()).credential_problem().unwrap();
    assert!(problem.starts_with("cannot read "), "{problem}");
    std::fs::write(&file, "opaque").unwrap();
    eventually("the problem is another", || {
        let problem = kafka(security.clone()).credential_problem();
        problem.is_some_and(|problem| problem.contains("no JWT"))
    });
    std::fs::write(&file, jwt("a")).unwrap();
    eventually("the client has it", || client.given().len() == 1);
    assert_eq!(kafka(security).credential_problem(), None);
}

#[test]
fn a_changed_password_comes_to_the_clients_that_live_and_an_unusable_one_does_not() {
    let folder = TempDir::new().unwrap();
    let password_file = folder.path().join("password");
    std::fs::write(&password_file, "old\n").unwrap();
    let security = Security::SaslTls {
        ca_file: None,
        mechanism: SaslMechanism::ScramSha512,
        username: "us".to_owned(),
        password_file: password_file.clone(),
    };
    let client = Recorder::default();
    let first = live(&security, &client);
    let failures = credential_failures();
    std::fs::write(&password_file, "\n").unwrap();
    eventually("it is counted", || credential_failures() > failures);
    assert_eq!(kafka(security.clone()).credential_problem(), None);
    let password = known(&security).unwrap().password().unwrap();
    assert_eq!(
        password.expose_secret(),
        "old",
        "what was last read stays in force"
    );
    std::fs::write(&password_file, "new\n").unwrap();
    eventually("the client has the new one", || {
        client.given() == ["us:old", "us:new"]
    });
    drop(first);
    let second = Recorder::default();
    let _live = live(&security, &second);
    std::fs::write(&password_file, "newest").unwrap();
    eventually("who lives has the newest", || {
        second.given() == ["us:new", "us:newest"]
    });
    assert_eq!(client.given().len(), 2, "who is gone is given nothing");
}

#[test]
fn a_client_is_dropped_by_its_owner_whatever_it_is_given_meanwhile() {
    let credentials = Credentials::new(&token_in(Path::new("/nowhere")));
    for _ in 0..200 {
        let dropped_on = Arc::new(Mutex::new(None));
        let client = Recorder {
            given: Arc::default(),
            dropped_on: Some(Arc::clone(&dropped_on)),
        };
        let live = supply(client, Some(&credentials));
        thread::scope(|scope| {
            scope.spawn(|| {
                for number in 0..20 {
                    let token = Token {
                        value: number.to_string().into(),
                        principal: "us".to_owned(),
                        expires_at: SystemTime::now(),
                    };
                    credentials.looked(Ok((Credential::Token(token), None)));
                }
            });
            drop(live);
        });
        assert_eq!(*dropped_on.lock().unwrap(), Some(thread::current().id()));
    }
}
