//! What each service must be allowed: the list is enough, and no entry of it can be left out.

use harness::{Pipeline, ReadRecord, SECRET, ServiceProcess, Setup, WITHIN, eventually};
use stackone_link_schemas::ACCOUNT_LISTED_TYPE;
use stackone_link_transport::{Publisher, SaslMechanism, Security};
use stackone_link_wire::{Acl, AclOperation, AclResource, OutgoingRecord, Topic, Topics};
use stackone_simulator::{NewAccount, SignedBody, sign, webhook_client, webhook_request};
use tokio::task::{JoinSet, LocalSet};
use url::Url;

use super::{broker, password, protocol};
use crate::broker::headers;

const INGEST: &str = "ingest";
const PROCESSOR: &str = "processor";
/// Pipelines that run at once.
const AT_ONCE: usize = 5;
/// One that has all of the list but the entry of this number.
pub(super) fn without(service: &str, entry: usize) -> String {
    format!("{service}-without-{entry}")
}

/// Everybody who comes to the broker with a password.
pub(super) fn users() -> Vec<String> {
    let topics = Topics::default();
    let ingest = 0..Acl::of_ingest(&topics).len();
    let processor = 0..Acl::of_processor(&topics, "g").len();
    let both = [INGEST, PROCESSOR].map(str::to_owned).into_iter();
    both.chain(ingest.map(|entry| without(INGEST, entry)))
        .chain(processor.map(|entry| without(PROCESSOR, entry)))
        .collect()
}

pub(super) async fn security_of(user: &str) -> Security {
    let secured = broker().await;
    let password_file = secured.file(&format!("password-of-{user}"));
    std::fs::write(&password_file, password(user)).unwrap();
    Security::SaslTls {
        ca_file: Some(secured.file("ca")),
        mechanism: SaslMechanism::Plain,
        username: user.to_owned(),
        password_file,
    }
}

/// A pipeline whose services are these users, who may do nothing yet.
pub(super) async fn pipeline_of(test: &str, ingest: &str, processor: &str) -> Pipeline {
    let secured = broker().await;
    let (ingest, processor) = (security_of(ingest).await, security_of(processor).await);
    let broker = secured.for_services(secured.sasl(), ingest, processor);
    let mut pipeline = Pipeline::on(broker, test, Setup::partitions(1)).await;
    pipeline.settings.resync.interval = std::time::Duration::from_secs(1);
    pipeline
}

pub(super) async fn allow(user: &str, acls: &[Acl]) {
    let principal = format!("User:{user}");
    let acls: Vec<_> = acls
        .iter()
        .map(|acl| (principal.clone(), acl.clone()))
        .collect();
    let admin = broker().await.admin().bootstrap_servers;
    protocol::allow(&admin, &acls).await.unwrap();
}

/// Has the processor do everything that it ever does: an account is linked, a record is put aside,
/// accounts are listed.
async fn cause_everything(pipeline: &Pipeline) -> String {
    let new = NewAccount::new("hibob", "t", "Acme");
    let id = pipeline.simulator.link(&new).unwrap();
    let kafka = pipeline.broker.kafka_config();
    let publisher = Publisher::new(&kafka, "test", WITHIN).unwrap();
    let garbage = OutgoingRecord {
        topic: &pipeline.topics.account_events,
        key: Some("GnQoASvosYhE5wJcmmAQs"),
        value: b"no JSON",
        headers: headers(7),
    };
    publisher.publish(&garbage).await.unwrap();
    id.as_str().to_owned()
}

/// All of it has come to its topic.
async fn everything_happened(pipeline: &Pipeline, id: &str) {
    let is_linked = |record: &ReadRecord| record.key.as_deref() == Some(id);
    let is_listed = |record: &ReadRecord| record.headers.event.event_type == ACCOUNT_LISTED_TYPE;
    let mut linked = pipeline.reader(Topic::Linked);
    linked
        .read_until(WITHIN, |records| records.iter().any(is_linked))
        .await;
    let mut letters = pipeline.reader(Topic::DeadLetter);
    letters.at_least(1).await;
    let mut events = pipeline.reader(Topic::AccountEvents);
    events
        .read_until(WITHIN, |records| records.iter().any(is_listed))
        .await;
}

/// The list, as `stackone-processor acls` prints it.
async fn script(pipeline: &Pipeline) -> String {
    let users = ["--ingest", "User:ingest", "--processor", "User:processor"];
    pipeline.told(&[&["acls"], &users[..]].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn with_exactly_these_acls_a_webhook_goes_all_the_way_to_account_linked() {
    let pipeline = pipeline_of("acls", INGEST, PROCESSOR).await;
    let added = broker().await.run(&script(&pipeline).await).await.unwrap();
    assert!(added.contains("Adding ACLs"), "{added}");
    let processor = pipeline.processor_process("a").await;
    for event in ["account.updated", "hris_jobs.created", ""] {
        answers(&pipeline.webhook_url, event, 200).await;
    }
    let ingest = pipeline.ingest_process().await;
    ingest.says("every topic takes the largest webhook").await;
    let id = cause_everything(&pipeline).await;
    everything_happened(&pipeline, &id).await;
    let mut denials = troubles(&processor);
    denials.retain(|line| is_denial(line));
    assert!(denials.is_empty(), "{denials:#?}");
    ingest.kill().await;
    processor.stop_with(pipeline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_one_of_its_acls_the_processor_says_what_it_may_not_do() {
    let count = Acl::of_processor(&Topics::default(), "g").len();
    // Of this thread, since waiting for conditions is not for sending to another.
    let running = async {
        let mut running = JoinSet::new();
        for entry in 0..count {
            if running.len() == AT_ONCE {
                running.join_next().await.unwrap().unwrap();
            }
            running.spawn_local(processor_without(entry));
        }
        while let Some(done) = running.join_next().await {
            done.unwrap();
        }
    };
    LocalSet::new().run_until(running).await;
}

async fn processor_without(entry: usize) {
    let user = without(PROCESSOR, entry);
    let pipeline = pipeline_of(&user, harness::SecuredBroker::anyone(), &user).await;
    let mut acls = Acl::of_processor(&pipeline.topics, pipeline.group());
    let missing = acls.remove(entry);
    allow(&user, &acls).await;
    let processor = pipeline.processor_process("a").await;
    cause_everything(&pipeline).await;
    says_that_it_may_not(&processor, &missing).await;
    processor.kill().await;
    pipeline.stop().await.unwrap();
}

/// A warning or an error of the processor that names what it may not use, or the kind of thing.
async fn says_that_it_may_not(processor: &ServiceProcess, missing: &Acl) {
    let words = match (missing.resource, missing.operation) {
        (AclResource::Group, _) => "GroupAuthorizationFailed",
        (AclResource::TransactionalIdPrefix, _) => "Transactional Id authorization failed",
        (AclResource::Topic, AclOperation::Read) => "TopicAuthorizationFailed",
        (AclResource::Topic, AclOperation::DescribeConfigs) => "allow DescribeConfigs",
        (AclResource::Topic, AclOperation::Write) if missing.because.contains("resync") => {
            "a trigger could not be stored"
        }
        (AclResource::Topic, AclOperation::Write) => missing.name.as_str(),
    };
    let awaited = format!("the processor misses {missing:?}");
    // Of a resync the log names only what follows.
    let is_consequence = missing.because.contains("resync");
    let is_told = |line: &String| line.contains(words) && (is_denial(line) || is_consequence);
    let told = eventually(&awaited, WITHIN, async || {
        let is_told = troubles(processor).iter().any(is_told);
        is_told
            .then_some(())
            .ok_or_else(|| processor.logged("").join("\n"))
    });
    told.await.unwrap();
}

/// It says that something may not be done; a busy broker, which hangs up or takes too long, causes
/// other troubles.
fn is_denial(line: &str) -> bool {
    let denials = [
        "AuthorizationFailed",
        "authorization failed",
        "cannot be seen",
        "allow DescribeConfigs",
    ];
    denials.iter().any(|words| line.contains(words))
}

/// What it has warned of.
fn troubles(processor: &ServiceProcess) -> Vec<String> {
    let mut troubles = processor.logged("\"ERROR\"");
    troubles.extend(processor.logged("\"WARN\""));
    troubles
}

/// The status of a webhook of this event and account, or of one that is no JSON where it has no
/// name.
pub(super) async fn post(url: &Url, event: &str, account: &str) -> u16 {
    let body = match event {
        "" => "no JSON".to_owned(),
        event => serde_json::json!({
            "event": event, "account_id": account, "project_id": harness::PROJECT,
        })
        .to_string(),
    };
    let signature = sign(SECRET.as_bytes(), body.as_bytes());
    let body = body.into_bytes();
    let client = webhook_client(WITHIN).unwrap();
    let signed = SignedBody { body, signature };
    let answer = webhook_request(&client, url, signed).send().await;
    answer.unwrap().status().as_u16()
}

/// It does by and by: what may be done is told to clients with the topics, of which they ask again
/// now and then.
async fn answers(url: &Url, event: &str, expected: u16) {
    let answered = eventually("ingest answers", WITHIN, async || {
        let status = post(url, event, "acc-1").await;
        (status == expected).then_some(()).ok_or(status.to_string())
    });
    answered.await.unwrap();
}

/// Events whose webhooks come to these topics.
const EVENTS: [(Topic, &str); 3] = [
    (Topic::AccountEvents, "account.updated"),
    (Topic::RecordEvents, "hris_jobs.created"),
    (Topic::Unrecognized, ""),
];

#[tokio::test(flavor = "multi_thread")]
async fn without_any_one_of_its_acls_ingest_answers_503_to_what_it_may_not_keep() {
    let all = Acl::of_ingest(&Topics::default());
    for (entry, _) in all.iter().enumerate().filter(|(_, acl)| is_write(acl)) {
        let (pipeline, missing) = ingest_without(entry).await;
        for (topic, event) in EVENTS {
            let is_forbidden = missing.name == pipeline.topics.name(topic);
            let expected = if is_forbidden { 503 } else { 200 };
            answers(&pipeline.webhook_url, event, expected).await;
        }
        pipeline.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_may_not_see_what_a_topic_takes_ingest_says_so_and_stores_everything() {
    let all = Acl::of_ingest(&Topics::default());
    for (entry, _) in all.iter().enumerate().filter(|(_, acl)| !is_write(acl)) {
        let (pipeline, missing) = ingest_without(entry).await;
        let ingest = pipeline.ingest_process().await;
        for (_, event) in EVENTS {
            answers(&ingest.webhook_url(), event, 200).await;
        }
        let words = format!("not checked: allow DescribeConfigs on {}\"", missing.name);
        let told = ingest.says(&words).await;
        assert!(told.len() == 1 && told[0].contains("\"WARN\""), "{told:?}");
        ingest.kill().await;
        pipeline.stop().await.unwrap();
    }
}

fn is_write(acl: &Acl) -> bool {
    acl.operation == AclOperation::Write
}

/// A pipeline whose ingest has all of its list but the entry of this number, and that entry.
async fn ingest_without(entry: usize) -> (Pipeline, Acl) {
    let user = without(INGEST, entry);
    let pipeline = pipeline_of(&user, &user, harness::SecuredBroker::anyone()).await;
    let mut acls = Acl::of_ingest(&pipeline.topics);
    let missing = acls.remove(entry);
    allow(&user, &acls).await;
    (pipeline, missing)
}
