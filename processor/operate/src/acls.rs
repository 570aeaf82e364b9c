//! What each service must be allowed on brokers with an authorizer. Pure.

use stackone_link_wire::Acl;
use stackone_processor::config::Settings;

/// The group that connect's readers name, unless its `kafka.group` is another.
const CONNECT_GROUP: &str = "stackone-connect";

/// Who the services are to the brokers.
#[derive(Debug, Clone, Copy)]
pub struct Principals<'a> {
    /// Who ingest is.
    pub ingest: &'a str,
    /// Who the processors are.
    pub processor: &'a str,
    /// Who connect is, where it runs.
    pub connect: Option<&'a str>,
}

/// Each principal, and what it must be allowed with the topics and the group of `settings`.
#[must_use]
pub fn acls<'a>(settings: &Settings, principals: Principals<'a>) -> Vec<(&'a str, Vec<Acl>)> {
    let topics = &settings.topics;
    let of_processor = Acl::of_processor(topics, &settings.group.id);
    let connect = principals.connect;
    let connect = connect.map(|connect| (connect, Acl::of_connect(topics, CONNECT_GROUP)));
    let ingest = (principals.ingest, Acl::of_ingest(topics));
    let mut all = vec![ingest, (principals.processor, of_processor)];
    all.extend(connect);
    all
}
